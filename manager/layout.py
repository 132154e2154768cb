"""Where everything lies: the project's folder, and `var/`, the one folder the service writes to.

Standard library only, and so is what locks an installation or becomes another program of it.
"""

import fcntl
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from include import PROJECT_ROOT, VAR, var_folder
from include.errors import ConfigurationError
from include.language import _

# A Unix socket's path may be 104 bytes on macOS and 108 on Linux, and supervisord first binds
# `<path>.<its process id>`.
SOCKET_PATH_BYTES = 92
PRIVATE = 0o700
LOG_LINES = 15  # of a log that an error ends


@dataclass(frozen=True)
class Layout:
    """The paths of one installation; `root` is the checkout, `var` what it writes."""

    root: Path = PROJECT_ROOT
    var: Path = PROJECT_ROOT / "var"

    @property
    def venv(self) -> Path:
        """The virtual environment; may be a symbolic link."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter that has the packages."""
        return self.venv / "bin" / "python"

    @property
    def airflow_home(self) -> Path:
        """`AIRFLOW_HOME`: Airflow's metadata database and what it generates."""
        return self.var / "airflow"

    @property
    def logs(self) -> Path:
        """`components/` has a log each, `airflow/` the tasks'; `scheduler.log` is the journal."""
        return self.var / "logs"

    @property
    def secrets(self) -> Path:
        """The generated keys, as lines of `KEY=value`; mode 0600."""
        return self.var / "secrets.env"

    @property
    def passwords(self) -> Path:
        """The web users' passwords, as JSON; mode 0600."""
        return self.var / "passwords.json"

    @property
    def state(self) -> Path:
        """What the last `start` chose: the base port."""
        return self.var / "service.json"

    @property
    def run(self) -> Path:
        """What exists only while the service runs: supervisord's pid file and socket."""
        return self.var / "run"

    @property
    def watcher_heartbeat(self) -> Path:
        """A file of no content; when it was written, config-watcher has looked last."""
        return self.run / "config-watcher"

    @property
    def contracts_heartbeat(self) -> Path:
        """The same of contract-events."""
        return self.run / "contract-events"

    @property
    def watchdog_heartbeat(self) -> Path:
        """The watchdog's: written when it has made a round; it holds what is open, as JSON."""
        return self.run / "watchdog"

    @property
    def warehouse(self) -> Path:
        """The warehouse as delivered, a SQLite file."""
        return self.var / "warehouse.db"

    @property
    def socket(self) -> Path:
        """Supervisord's control socket; under the system's temp folder when `var` lies too deep."""
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return path
        digest = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        # The system's folder, not $TMPDIR: the next terminal may have another one.
        temp = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 -- the folder inside it is ours alone, mode 0700
        return temp / f"scheduler-{os.getuid()}-{digest}" / "supervisor.sock"

    def make_var(self) -> None:
        """Make `var/` and its folders; only their owner may look inside.

        Raises:
            ConfigurationError: `var/` is a folder that others use, too.
        """
        self.var.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if stat.S_IMODE(self.var.stat().st_mode) != PRIVATE:
            self._close()
        components = self.logs / "components"
        for folder in (self.airflow_home, self.logs, components, self.run, self.var / "locks"):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)

    def _close(self) -> None:
        """Close `var/` to others, unless it was moved into a folder that holds more than ours."""
        moved = self.var != self.root / "var"
        if moved and any(self.var.iterdir()) and not self.secrets.exists():
            raise ConfigurationError(
                "folder {var} (SCHEDULER_VAR) holds what the service did not write, and "
                "others may look inside: give the service a folder of its own",
                var=self.shown(self.var),
            )
        self.var.chmod(PRIVATE)

    def shown(self, path: Path) -> str:
        """Return `path` the way a person in the project's folder would type it."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def lock(self) -> AbstractContextManager[None]:
        """Lock the installation while the service is started, stopped or restored."""
        return exclusive(self.var / "locks/service.lock", _("starting or stopping the service"))

    def become(
        self, command: Sequence[str], environment: Mapping[str, str] = os.environ
    ) -> NoReturn:
        """Run another Python in place of this process, in the project's folder.

        Args:
            command: its arguments.
            environment: of the new process.
        """
        os.chdir(self.root)
        os.execve(self.python, [str(self.python), *command], environment)  # noqa: S606 -- no shell is the point


def current_layout() -> Layout:
    """Return the layout of this checkout; the environment's `SCHEDULER_VAR` moves `var/`."""
    var = var_folder(os.environ)
    return Layout() if var == Layout.var else Layout(var=var.resolve())


def refuse_another_users(layout: Layout) -> None:
    """Refuse to go on beside a `var/` that only another user can write.

    Without this `status` would look elsewhere and find nothing running, and `start` would begin a
    second service.

    Raises:
        ConfigurationError: names the user.
    """
    own = layout.root / "var"
    if layout.var == own or os.environ.get(VAR) or not own.exists():
        return
    owner: str | int = own.stat().st_uid
    with suppress(KeyError):
        owner = own.owner()
    raise ConfigurationError(
        "{var} is what the service of user {owner} writes, and you cannot: run the same "
        "command as that user (`sudo -u {owner} …`)",
        var=own,
        owner=owner,
    )


@contextmanager
def exclusive(path: Path, activity: str) -> Iterator[None]:
    """Lock the file `path`, waiting while another process holds it; freed with the process.

    Args:
        path: the lock file; made when missing, never removed (removing one is a race).
        activity: what the other holder does, as in "installing packages"; shown while waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Python opens files non-inheritable: no child can keep the lock after this process is gone.
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                _("another process is {activity}; waiting for it", activity=activity),
                file=sys.stderr,
                flush=True,
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def log_end(log: Path | str) -> str:
    """Return the last lines of a log, a file or its text, as an error shows them above itself."""
    text = log if isinstance(log, str) else log.read_text("utf-8", errors="replace")
    return "".join(f"  {line}\n" for line in text.splitlines()[-LOG_LINES:])
