"""An installation of the project for tests: its own `var/`, its own ports, gone afterwards."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from include import PROJECT_ROOT
from manager.airflow.rest import Api
from manager.layout import Layout
from manager.lifecycle import virtualenv
from manager.lifecycle.ports import Ports
from manager.lifecycle.processes import end_leftovers
from manager.lifecycle.supervisor_client import remove_traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What is compiled comes along, but for what is being written at the moment.
NOT_COPIED = (".git", ".venv", ".env", "var", "*.pyc.*", ".*_cache", ".hypothesis")
# How long what is waited for may take: how busy a machine is, is no failure.
PATIENCE = 900.0
VIEWER = "viewer"
MANY_SHOPS, FEW = "pdd", 2


@dataclass(frozen=True)
class Service:
    """One installation of the project, with a `var/` and ports of its own."""

    root: Path
    var: Path
    ports: Ports

    @property
    def layout(self) -> Layout:
        """Where its files are."""
        return Layout(root=self.root, var=self.var)

    @property
    def api(self) -> Api:
        """Its REST API, asked as admin."""
        return Api(self.layout, self.ports, PATIENCE)

    def client(self, user: str = "") -> httpx.Client:
        """Ask its web server as somebody who has logged in; without a name, as anybody."""
        client = httpx.Client(base_url=self.ports.url, timeout=180, trust_env=False)
        if user:
            password = json.loads(self.layout.passwords.read_text("utf-8"))[user]
            login = {"username": user, "password": password}
            answer = httpx.post(f"{self.ports.url}/auth/token", json=login, timeout=180)
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    def manager(
        self, *arguments: str, timeout: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run `scheduler_manager.py` with the system's Python, as a user would."""
        return subprocess.run(
            [system_python(), self.root / "scheduler_manager.py", *arguments],
            cwd=self.root,
            env={**os.environ, "SCHEDULER_VAR": str(self.var)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command of the manager without waiting for its end."""
        return subprocess.Popen(
            [system_python(), self.root / "scheduler_manager.py", *arguments],
            cwd=self.root,
            env={**os.environ, "SCHEDULER_VAR": str(self.var)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Start it on its own ports; fails with what the manager said."""
        done = self.manager("start", "--port", str(self.ports.base))
        assert done.returncode == 0, done.stdout + done.stderr


def copy_project(root: Path) -> None:
    """Copy the project to the new folder `root`, with the packages of the tests' own Python."""
    shutil.copytree(PROJECT_ROOT, root, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (root / ".venv").mkdir()
    for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg"):
        (root / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    for name in (virtualenv.REQUIREMENTS, virtualenv.CLUSTER, virtualenv.DEVELOPMENT):
        virtualenv.stamp(Layout(root=root), root / name).touch()


def keep_few_shops(root: Path) -> None:
    """Disable shops of a platform that has more than show that there are several."""
    file = root / "config/shops.yaml"
    content = yaml.safe_load(file.read_text("utf-8"))
    for shop in [shop for shop in content["shops"] if shop["platform"] == MANY_SHOPS][FEW:]:
        shop["enabled"] = False
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def change_entries(file: Path, **said: Any) -> None:
    """Write fields into every entry of a file of jobs."""
    content = yaml.safe_load(file.read_text("utf-8"))
    for entry in content["tasks"]:
        entry.update(said)
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def replace(file: Path, old: str, new: str) -> None:
    """Replace what stands once in a file."""
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{file}: {old}"
    file.write_text(text.replace(old, new), "utf-8")


@contextmanager
def installed(project: Path, folder: Path, ports: Ports | None = None) -> Iterator[Service]:
    """Return an installation that is not started yet; whatever happens, nothing of it is left."""
    service = Service(project, folder / "var", ports or free_ports())
    try:
        yield service
    finally:
        service.manager("stop", "--now")
        end_leftovers(service.layout)
        remove_traces(service.layout)


def until(what: Callable[[], Any]) -> Any:
    """Return what was waited for, or fail."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


def system_python() -> Path:
    """Return the Python that `.venv` was made with."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"
    return base if base.exists() else Path(sys.executable)


def free_ports() -> Ports:
    """Return four ports in a row that nobody listens on."""
    while True:
        ports = Ports(random.randrange(20_000, 32_000, 10))
        if all(_is_free(ports.base + offset) for offset in range(4)):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
