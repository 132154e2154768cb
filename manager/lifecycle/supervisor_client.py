"""Talk to supervisord: start it as a daemon, ask it over its Unix socket, shut it down."""

import http.client
import shutil
import socket
import subprocess
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.errors import ExpectedError
from include.foreign_errors import explained
from include.language import CHOSEN
from manager.layout import Layout

CONFIGURATION = "manager/lifecycle/supervisord.conf"
LOG = "supervisord.log"  # beside the components' logs
SCHEDULER = "airflow:scheduler"
SUPERVISOR_TIMEOUT = 5.0

# Set for the service's processes alone, so that `stop` knows them, whoever their parent is now.
# SCHEDULER_VAR would not do: a user's own shell may have it.
MARKER = "SCHEDULER_SERVICE"


class SupervisorGoneError(ExpectedError):
    """Nothing answers on supervisord's socket."""


@dataclass(frozen=True)
class Component:
    """One supervised process: its state in supervisord's words; moments in epoch seconds."""

    name: str
    state: str
    pid: int
    started: int
    now: int
    error: str
    log: str
    stopped: int = 0

    @property
    def up(self) -> bool:
        """Whether its process exists."""
        return self.state in ("STARTING", "RUNNING")


def start(layout: Layout, environment: dict[str, str]) -> None:
    """Start supervisord, detached from this terminal; raises ExpectedError with what it said."""
    folder = layout.socket.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    # In the system's temp folder anybody may have been first, also with a link to a folder of ours.
    if folder.is_symlink() or folder.stat().st_uid != layout.run.stat().st_uid:
        raise ExpectedError(
            "folder {folder} is another user's: remove it, then start again", folder=folder
        )
    folder.chmod(0o700)
    # `--lang` is of this command; the service speaks what config/language.yaml says.
    kept = {key: value for key, value in environment.items() if key != CHOSEN}
    environment = kept | {
        MARKER: str(layout.var),
        "SCHEDULER_SOCKET": str(layout.socket),
        "SCHEDULER_PYTHON": str(layout.python),
    }
    done = subprocess.run(
        [
            layout.python,
            "-m",
            "manager.lifecycle.supervisord_preload",
            "-c",
            layout.root / CONFIGURATION,
        ],
        cwd=layout.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        raise ExpectedError(
            "supervisord did not start: {output}", output=done.stdout.decode(errors="replace")
        )


def components(layout: Layout) -> list[Component]:
    """Return what supervisord knows of each component; raises SupervisorGoneError."""
    return [
        Component(
            name=info["name"],
            state=info["statename"],
            pid=info["pid"],
            started=info["start"],
            now=info["now"],
            error=info["spawnerr"] or info["description"],
            log=info["stdout_logfile"],
            stopped=info["stop"],
        )
        for info in _call(layout, "supervisor.getAllProcessInfo")
    ]


def shutdown(layout: Layout) -> int:
    """Ask supervisord to end its components and itself; raises SupervisorGoneError.

    Returns:
        its process id; while it ends, it answers no other question.
    """
    pid = int(_call(layout, "supervisor.getPID"))
    _call(layout, "supervisor.shutdown")
    return pid


def start_component(layout: Layout, full_name: str) -> None:
    """Start what has ended; raises SupervisorGoneError when it runs or supervisord stops."""
    _call(layout, "supervisor.startProcess", full_name, False)  # noqa: FBT003 -- "do not wait"


def stop_component(layout: Layout, full_name: str) -> None:
    """Stop a component for good, without waiting for its end; raises SupervisorGoneError."""
    _call(layout, "supervisor.stopProcess", full_name, False)  # noqa: FBT003 -- "do not wait"


def left_traces(layout: Layout) -> bool:
    """Return whether a supervisord began that has not ended by itself."""
    return (layout.run / "supervisord.pid").exists()


def remove_traces(layout: Layout) -> None:
    """Remove the pid file and the socket that a killed supervisord leaves."""
    if layout.socket.parent != layout.run:
        shutil.rmtree(layout.socket.parent, ignore_errors=True)
    if layout.run.exists():
        for path in layout.run.iterdir():
            path.unlink()


def _call(layout: Layout, method: str, *arguments: Any) -> Any:
    with xmlrpc.client.ServerProxy("http://supervisor", _Transport(layout.socket)) as proxy:
        try:
            return getattr(proxy, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise SupervisorGoneError(
                "supervisord does not answer on {socket}: {error}",
                socket=layout.socket,
                error=explained(error),
            ) from error


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket, with a deadline."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SUPERVISOR_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002 -- given by xmlrpc
        return _Connection(self._path)
