"""docker-compose.yaml as processes of this machine: every service, started in its order."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from manager.layout import Layout
from manager.lifecycle.processes import end_leftovers
from manager.lifecycle.supervisor_client import MARKER
from tests.compose_file import Compose
from tests.database_servers import HOST, PostgreSQL
from tests.integration.installation import PATIENCE, copy_project, system_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATABASES = "deploy/postgres/databases.sql"
PROGRAMS = ("redis-server", "redis-cli", "psql", "pg_isready")


class Stack:
    """The services of a project's docker-compose.yaml, running.

    Args:
        folder: where the project is copied to, and all that its services write.
        prepare: changes that copy before anything starts.
    """

    def __init__(self, folder: Path, prepare: Callable[[Path], None]) -> None:
        self.root = folder / "project"
        self.logs = folder / "logs"
        self.logs.mkdir()
        copy_project(self.root)
        prepare(self.root)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        ports = {name: _free_port() for name in ("SCHEDULER_PORT", "SCHEDULER_SANDBOX_PORT")}
        self._redis_port = _free_port()
        self._write_dot_env(ports)
        self.secrets = _secrets(self.root / ".env")
        self._postgres = _Postgres(self.secrets["POSTGRES_PASSWORD"])
        self.compose = Compose(self.root, self._hosts(folder))

    def _write_dot_env(self, ports: dict[str, int]) -> None:
        """Make the project's own command write `.env`, and move ports and folders to the test's."""
        command = [system_python(), self.root / "scheduler_manager.py", "docker-env"]
        subprocess.run(command, cwd=self.root, check=True, capture_output=True)
        here = {"SCHEDULER_ROOT": self.root, "SCHEDULER_VAR": self.layout.var, **ports}
        path = self.root / ".env"
        lines = [
            f"{name}={here.get(name, value)}" if equals else line
            for line in path.read_text("utf-8").splitlines()
            for name, equals, value in [line.partition("=")]
        ]
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def _hosts(self, folder: Path) -> dict[str, str]:
        data = folder / "redis"
        data.mkdir()
        return {
            "@postgres:5432": f"@{HOST}:{self._postgres.port}",
            "@redis:6379": f"@{HOST}:{self._redis_port}",
            "//api-server:": f"//{HOST}:",
            "//sandbox:": f"//{HOST}:",
            "0.0.0.0": HOST,  # noqa: S104 - it is replaced
            # What else differs: where Redis keeps its file, and the port it is asked on.
            "dir /data": f"dir {data}\nport {self._redis_port}\nbind {HOST}",
            "redis-cli ping": f"redis-cli -p {self._redis_port} ping",
        }

    @property
    def layout(self) -> Layout:
        """Where its files are."""
        return Layout(root=self.root, var=self.root / "var")

    @cached_property
    def api(self) -> httpx.Client:
        """Its REST API, logged in as the web user that `init` has made."""
        url = f"http://{HOST}:{self.compose.dot_env['SCHEDULER_PORT']}"
        login = {"username": "admin", "password": self.secrets["ADMIN_PASSWORD"]}
        client = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    @property
    def warehouse(self) -> str:
        """The SQLAlchemy URL of its warehouse."""
        given = self.compose.service("init").environment["SCHEDULER_WAREHOUSE_URL"]
        return given.replace("postgresql:", "postgresql+psycopg:", 1)

    def start(self) -> None:
        """Start every service as `depends_on` says, two workers among them."""
        self._postgres.start()
        self._run_databases_file()
        self.spawn("redis")
        self.wait_until_healthy("redis")
        self.spawn("sandbox")
        init = self.spawn("init")
        assert init.wait(PATIENCE) == 0, self.log("init")
        for name in ("api-server", "dag-processor", "triggerer"):
            self.spawn(name)
        for name in ("config-watcher", "contract-events", "watchdog"):
            self.spawn(name)
        self.wait_until_healthy("api-server")
        self.spawn("scheduler")
        for number in (1, 2):
            self.start_worker(number)

    def start_worker(self, number: int) -> None:
        """Start one of `--scale worker=2`; its name is what its container's host name would be."""
        self.spawn("worker", f"worker-{number}", "--celery-hostname", f"worker-{number}")

    def spawn(self, name: str, title: str = "", *more: str) -> subprocess.Popen[bytes]:
        """Start a service's own command in its own environment."""
        service = self.compose.service(name)
        title = title or name
        with (self.logs / title).open("ab") as log:
            self._processes[title] = subprocess.Popen(
                [*service.command, *more],
                cwd=self.root,
                # By this mark every process of the services is found again.
                env=service.environment | {MARKER: str(self.layout.var)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._processes[title]

    def health(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a service's own health check once, in an environment with more variables."""
        service = self.compose.service(name)
        of_server = {"PGPORT": str(self._postgres.port)} if name == "postgres" else {}
        return subprocess.run(
            service.health,
            cwd=self.root,
            env=service.environment | of_server | variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def wait_until_healthy(self, name: str) -> None:
        """Wait until a service's own health check is content with it."""
        until = time.monotonic() + PATIENCE
        while (done := self.health(name)).returncode:
            said = f"{done.stdout}{done.stderr}\n{self.log(name)}"
            assert name not in self._processes or self._processes[name].poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(2)

    def a_worker(self) -> str:
        """Return the title of a worker that runs."""
        return next(title for title in self._processes if title.startswith("worker"))

    def workers_at(self, job_id: str) -> list[str]:
        """Return the titles of the workers that run a job's script now."""
        titles = [title for title in self._processes if title.startswith("worker")]
        return [title for title in titles if _runs(self._processes[title].pid, job_id)]

    def kill(self, title: str) -> None:
        """End a service with -9, all its processes at once, as the end of its container does."""
        started = self._processes.pop(title)
        with suppress(psutil.NoSuchProcess):  # it has ended by itself
            process = psutil.Process(started.pid)
            family = [process, *process.children(recursive=True)]
            for each in family:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(family, timeout=PATIENCE)
        started.wait()

    def log(self, title: str) -> str:
        """Return what a service has said last."""
        path = self.logs / title
        return path.read_text("utf-8", "replace")[-6000:] if path.exists() else ""

    def stop(self) -> None:
        """End every process, and leave nothing."""
        for title in [*self._processes]:
            self.kill(title)
        end_leftovers(self.layout)
        self._postgres.__exit__()

    def _run_databases_file(self) -> None:
        """Do what the image of PostgreSQL does when its volume is made."""
        environment = self.compose.service("postgres").environment
        server = {
            "PGHOST": HOST,
            "PGPORT": str(self._postgres.port),
            "PGUSER": environment["POSTGRES_USER"],
            "PGPASSWORD": environment["POSTGRES_PASSWORD"],
        }
        name = environment["POSTGRES_DB"]
        self._postgres.execute(f"CREATE DATABASE {name}")
        subprocess.run(
            [shutil.which("psql") or "", "-X", "--dbname", name, "--file", DATABASES],
            cwd=self.root,
            env=environment | server,
            capture_output=True,
            check=True,
        )


class _Postgres(PostgreSQL):
    """PostgreSQL with the administrator that docker-compose.yaml names."""

    user = "airflow"

    def __init__(self, password: str) -> None:
        self.password = password
        super().__init__()


@contextmanager
def stack(folder: Path, prepare: Callable[[Path], None] = lambda _: None) -> Iterator[Stack]:
    """Run all services, for as long as the caller needs them; arguments as those of `Stack`."""
    require_servers()
    made = Stack(folder, prepare)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def require_servers() -> None:
    """Skip the test when a server is not installed; on the project's own machine that fails."""
    if all(PostgreSQL.programs()) and all(map(shutil.which, PROGRAMS)):
        return
    reason = "PostgreSQL or Redis is not installed: apt-get install postgresql redis-server"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _secrets(path: Path) -> dict[str, str]:
    """Return the lines of `.env` that the command has made up."""
    lines = (line.partition("=") for line in path.read_text("utf-8").splitlines())
    ends = ("_PASSWORD", "_KEY", "_SECRET")
    return {name: value for name, equals, value in lines if equals and name.endswith(ends)}


def _runs(pid: int, job_id: str) -> bool:
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            if child.cmdline()[-2:] == ["include.running", job_id]:
                return True
    return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])
