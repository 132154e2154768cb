"""The journal: one line per event of every run, in `var/logs/scheduler.log`.

Many runners write at once: each event is one write to the end of the file, under a lock on it. A
file of 10 MB is set aside as `scheduler.log.1` and so on; set-aside files are removed when there
are too many or when they are older than 30 days.

The lines are in the language of who writes. `scheduler.i18n.jsonl` beside it, written under the
same lock and set aside with it, has each line again with its template and values, so that another
reader can be shown it in another language (`lines_in_other_words`).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING

from include.language import Message, restored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MAX_BYTES = 10_000_000
FILES_KEPT = 20
SECONDS_KEPT = 30 * 24 * 3600
# Of the lines: that of the event, and those that say more.
EVENT, DETAIL = "{now} {subject} {event}", "    {line}"


@dataclass
class Journal:
    """One log file, shared with other processes."""

    path: Path  # its folder is made when missing
    zone: tzinfo  # whose clock the lines show
    max_bytes: int = MAX_BYTES  # the size at which the file is set aside
    files_kept: int = FILES_KEPT  # how many set-aside files there are at most

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
        told = [Message(EVENT, now=now, subject=subject, event=event)]
        told += [Message(DETAIL, line=line) for line in details]
        entry = _encoded(map(_in_a_line, told))
        with self._locked() as fd:
            size = os.fstat(fd).st_size
            if size == 0 or size + len(entry) <= self.max_bytes:
                _append(translations_of(self.path), _encoded(_translatable(told)))
                os.write(fd, entry)
                return
            for path in (self.path, translations_of(self.path)):
                self._set_aside(path)
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

    def _set_aside(self, path: Path) -> None:
        files = [path, *(path.with_name(f"{path.name}.{n + 1}") for n in range(self.files_kept))]
        for newer, older in reversed([*pairwise(files)]):
            if newer.exists():
                newer.replace(older)
        too_old = time.time() - SECONDS_KEPT
        for file in files[1:]:
            if file.exists() and file.stat().st_mtime < too_old:
                file.unlink()


def translations_of(path: Path) -> Path:
    """Return the file that has a journal's lines with their templates and values."""
    return path.with_name(f"{path.stem}.i18n.jsonl")


def lines_in_other_words(translations: Iterable[str]) -> dict[str, str]:
    """Return lines as the journal has them, each as it is in the language of the moment.

    Args:
        translations: lines of the file beside the journal; what cannot be read is left out.
    """
    found = {}
    for text in translations:
        try:
            line, stored = json.loads(text)
        except ValueError:  # its writer was killed, or the disk is full
            continue
        found[line] = _in_a_line(restored(stored, line))
    return found


def _in_a_line(told: str) -> str:
    """Return a line of the journal; details are indented, and keep their own blanks."""
    if isinstance(told, Message) and told.template == EVENT:
        return " ".join(told.split())
    return told.replace("\n", " ")


def _translatable(told: Iterable[Message]) -> Iterator[str]:
    """Yield what the file beside the journal has of lines, of those that are messages."""
    for line in told:
        if any(isinstance(value, Message) for value in line.values.values()):
            yield json.dumps([_in_a_line(line), line.stored()], ensure_ascii=False)


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def _append(path: Path, data: bytes) -> None:
    if not data:
        return
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def is_at(path: Path, fd: int) -> bool:
    """Return whether an open file is the one at a path; it may have been removed or renamed."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
