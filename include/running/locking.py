"""One lock per job and period, so that a retry never overlaps what is left of the run before it.

The lock is a `flock` on a file: it belongs to the open file, which the runner and its keeper share,
and is free when both are gone, whichever way they went. It holds on one machine only.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from include.errors import ConfigurationError, ExpectedError, TemporaryError, reason_of
from include.language import N_, Message, _
from include.running.journal import is_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Self

SECONDS_BETWEEN_TRIES = 0.1


class LockHeldError(ExpectedError):
    """Another run of the same job and period is under way: temporary, exit code 75."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as written in its file."""

    pid: int
    run_id: str
    since: str
    host: str = field(default_factory=socket.gethostname)

    def __str__(self) -> Message:
        """Name the holder as messages do."""
        who = {"pid": self.pid, "run": self.run_id, "since": self.since}
        if self.host != socket.gethostname():  # another container, with pids of its own
            return _("pid {pid} on {host}, run {run}, since {since}", host=self.host, **who)
        if _is_alive(self.pid):
            return _("pid {pid}, run {run}, since {since}", **who)
        gone = N_("pid {pid} (gone; what it left behind is being ended), run {run}, since {since}")
        return _(gone, **who)


class UnitLock:
    """The lock of one job and period: a file in a folder, which is made when missing."""

    def __init__(self, folder: Path, job_id: str, period_key: str) -> None:
        self.name = f"{job_id} {period_key}"
        self.path = folder / f"{job_id}__{quote(period_key, safe='')}.lock"
        self.fd = -1

    def acquire(
        self, holder: Holder, wait_seconds: float, given_up: Callable[[], bool] = lambda: False
    ) -> None:
        """Take the lock, and write the holder into the file for others to read.

        `given_up` is asked while waiting; true ends the wait early.

        Raises:
            LockHeldError: someone else held it all the time; names the holder.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        while not self._try():
            waited = time.monotonic() - start
            if waited >= wait_seconds or given_up():
                raise LockHeldError(
                    _(
                        "{name} is already running ({holder}); waited {waited:.0f} s: try "
                        "again when it has ended",
                        name=self.name,
                        holder=self._holder() or _("just started"),
                        waited=waited,
                    )
                )
            time.sleep(SECONDS_BETWEEN_TRIES)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps(asdict(holder)).encode(), 0)

    def __enter__(self) -> Self:
        """Keep the lock, which is held, until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file and give the lock up."""
        remove_lock_file(self.path, self.fd)
        os.close(self.fd)
        self.fd = -1

    def _try(self) -> bool:
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        # Its last holder may have removed the file between our open and our lock: then the lock is
        # on a file that nobody else can find.
        if not is_at(self.path, fd):
            os.close(fd)
            return self._try()
        self.fd = fd
        return True

    def _holder(self) -> Holder | None:
        try:
            return Holder(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None  # released, or taken and not yet written


def remove_lock_file(path: Path, fd: int) -> None:
    """Remove the file of a lock that is held through a descriptor; nobody else's."""
    if is_at(path, fd):
        path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # another user's
    return True


def check_writable(var: Path) -> None:
    """Make the service's directory if it is missing.

    Raises:
        ConfigurationError: nothing can be written there, as in a team's own Airflow that mounts the
            project; says where it can be instead.
    """
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        denied = not os.access(var, os.W_OK | os.X_OK)
        problem: str | None = _("Permission denied") if denied else None
    except OSError as error:
        problem = reason_of(error)
    if problem:
        raise ConfigurationError(
            "folder {var} of locks and journal cannot be written ({problem}): set the "
            "variable SCHEDULER_VAR to a folder that can be, for all components of "
            "Airflow",
            var=var,
            problem=problem,
        )


def place_of(var: Path) -> str:
    """Return the name of a folder of locks: runs that see the same one exclude each other by them.

    It is in the file `place` of the service's directory, on a disk of this machine or shared by
    several, and is made up when there is none yet. The file is written whole or not at all; of
    several who do so at once one wins.

    Raises:
        TemporaryError: it cannot be written, as on a full disk.
    """
    path = var / "place"
    if not path.exists():
        draft = path.with_name(f"place.{uuid.uuid4().hex}")
        try:
            var.mkdir(parents=True, exist_ok=True)
            draft.write_text(f"{uuid.uuid4().hex}\n", "utf-8")
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        except OSError as error:
            raise TemporaryError(
                "{file} cannot be written: {reason}", file=path, reason=reason_of(error)
            ) from error
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text("utf-8").strip()
