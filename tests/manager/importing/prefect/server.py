"""A real Prefect in an environment of its own, with its server on loopback."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
import venv
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.integration.installation import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "3.9.1"
HERE = Path(__file__).parent
OLD_SYSTEM = HERE.parent / "old_system"
TABLES = ("flow", "deployment", "deployment_schedule", "flow_run")
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}
# Runs are made soon after a deployment is.
SCHEDULES_AT_ONCE = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"}
STARTS_WITHIN = 180  # seconds


@dataclass(frozen=True)
class Prefect:
    """A Prefect whose server runs.

    Attributes:
        python: the Python that has it.
        home: its folder, in which its database is.
        api: the address of its API.
    """

    python: Path
    home: Path
    api: str

    @property
    def database(self) -> Path:
        """Its database."""
        return self.home / "prefect.db"

    def run(self, command: str, folder: Path) -> str:
        """Return what a shell's line prints, in a folder; its programs come first."""
        path = f"{self.python.parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={**self.environment, "PATH": path, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deploy(self, folder: Path) -> None:
        """Deploy a copy of the old system, as its own program does."""
        shutil.copytree(OLD_SYSTEM, folder)
        shutil.copy(HERE / "prefect.yaml", folder)
        self.run(f"python {HERE / 'deploy_old_system.py'}", folder)
        self.run("prefect work-pool create local --type process", folder)
        self.run("prefect --no-prompt deploy --all", folder)

    @property
    def environment(self) -> dict[str, str]:
        """What its programs see."""
        return {**_clean(), **QUIET, "PREFECT_HOME": str(self.home), "PREFECT_API_URL": self.api}


def install(folder: Path) -> Path:
    """Make an environment with Prefect; return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    command = [str(python), "-m", "pip", "install", "--quiet", f"prefect=={VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return python


@contextmanager
def serve(python: Path, home: Path) -> Iterator[Prefect]:
    """Run a server on a free port of loopback."""
    port = free_ports().base
    prefect = Prefect(python, home, f"http://127.0.0.1:{port}/api")
    environment = {**_clean(), **QUIET, **SCHEDULES_AT_ONCE, "PREFECT_HOME": str(home)}
    command = [str(python.with_name("prefect")), "server", "start"]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(prefect.api, process)
            yield prefect
        finally:
            process.terminate()
            process.wait()


def _wait_for(api: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{api}/health", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"Prefect's server does not answer (exit code {process.poll()})")


def as_sql(database: Path) -> str:
    """Return the tables of a database that an import reads, as SQL."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        begins = tuple(
            f"{words} {name}"
            for words in ("CREATE TABLE", "INSERT INTO")
            for table in TABLES
            for name in (f'"{table}"', f"{table} (")
        )
        lines = [line for line in connection.iterdump() if line.startswith(begins)]
    return "\n".join(lines) + "\n"


def _clean() -> dict[str, str]:
    """Return this process's environment without what is of Airflow, Python or Prefect."""
    ours = ("AIRFLOW", "PYTHON", "PREFECT")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
