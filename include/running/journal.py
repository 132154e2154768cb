"""The journal: one line per event of every run, in `var/logs/scheduler.log`.

Many runners write at once: each event is one write to the end of the file, under a lock on it. A
file of 10 MB is set aside as `scheduler.log.1` and so on; set-aside files are removed when there
are too many or when they are older than 30 days.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_BYTES = 10_000_000
FILES_KEPT = 20
SECONDS_KEPT = 30 * 24 * 3600
INDENT = "    "


class Journal:
    """One log file, shared with other processes.

    Args:
        path: the file; its folder is made when missing.
        zone: whose clock the lines show.
        max_bytes: the size at which the file is set aside.
        files_kept: how many set-aside files there are at most.
    """

    def __init__(
        self, path: Path, zone: tzinfo, max_bytes: int = MAX_BYTES, files_kept: int = FILES_KEPT
    ) -> None:
        self.path = path
        self.zone = zone
        self.max_bytes = max_bytes
        self.files_kept = files_kept

    @classmethod
    def of(cls, var: Path, zone: tzinfo) -> Journal:
        """Return the one journal of a service, whose directory is `var`."""
        return cls(var / "logs" / "scheduler.log", zone)

    def write(self, subject: str, event: str, details: Sequence[str] = ()) -> None:
        """Write down what happened to a job and its period, and indented lines; free of secrets.

        Raises:
            OSError: the file cannot be written.
        """
        now = datetime.now(self.zone).isoformat(" ", "seconds")
        lines = [f"{now} {subject} {' '.join(event.split())}", *(INDENT + line for line in details)]
        entry = ("\n".join(lines) + "\n").encode(errors="backslashreplace")
        with self._locked() as fd:
            size = os.fstat(fd).st_size
            if size == 0 or size + len(entry) <= self.max_bytes:
                os.write(fd, entry)
                return
            self._set_aside()
        self.write(subject, event, details)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the file and lock it; the newest one, even if it was set aside in between."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                if is_at(self.path, fd):
                    yield fd
                    return
            finally:
                os.close(fd)

    def _set_aside(self) -> None:
        for number in range(self.files_kept, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1) if number > 1 else self.path
            if newer.exists():
                newer.replace(older)
        too_old = time.time() - SECONDS_KEPT
        for number in range(1, self.files_kept + 1):
            file = self._numbered(number)
            if file.exists() and file.stat().st_mtime < too_old:
                file.unlink()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def is_at(path: Path, fd: int) -> bool:
    """Return whether an open file is the one at a path; it may have been removed or renamed."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
