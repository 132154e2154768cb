"""Removing old log files, and giving the free pages of a SQLite file back to the disk."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import reason_of
from include.foreign_errors import explained
from include.language import _, clauses

if TYPE_CHECKING:
    from collections.abc import Callable

KILO = 1024
# How long to wait for a writer, and how long others may be kept from writing; they wait 30 s.
WAIT_SECONDS = 5.0
LONGEST_SECONDS = 10.0
STEPS_BETWEEN_LOOKS = 10_000
# Less than this is used again by itself soon.
WORTH_SHARE, WORTH_BYTES = 0.1, 1_000_000


@dataclass
class Removed:
    """What was removed, and what could not be."""

    files: int = 0
    bytes: int = 0
    left: str = ""  # the first that could not be removed, and why

    def __str__(self) -> str:
        """Return it as the task's log writes it: `12 files, 3.4 MB`."""
        gone = _("{count:,} files, {size}", count=self.files, size=size(self.bytes))
        return clauses(gone, self.left)


def prune(
    folder: Path, older_than: float, may_go: Callable[[Path], bool] = lambda _path: True
) -> Removed:
    """Remove the files that were last written before a moment, and the folders that leaves empty.

    Args:
        folder: what lies below it, at any depth; links are not followed, and not removed.
        older_than: epoch seconds.
        may_go: says of a file whether it may be removed at all.
    """
    removed = Removed()
    for name, _folders, files in os.walk(folder, topdown=False):
        here = Path(name)
        try:
            # A folder in which something was made just now is about to be written to.
            old = here.stat().st_mtime < older_than
        except FileNotFoundError:  # somebody else is at it, too
            continue
        for file in files:
            path = here / file
            if may_go(path):
                _remove(path, older_than, removed)
        if old and here != folder:
            with suppress(OSError):  # it is not empty
                here.rmdir()
    return removed


def size(count: float) -> str:
    """Return a number of bytes as people write it."""
    unit = "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if count < KILO:
            break
        count, unit = count / KILO, larger
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def _remove(path: Path, older_than: float, removed: Removed) -> None:
    try:
        found = path.lstat()
        if path.is_symlink() or found.st_mtime >= older_than:
            return
        path.unlink()
    except FileNotFoundError:  # somebody else did it
        return
    except OSError as error:
        stays = _("{path} stays: {reason}", path=str(path), reason=reason_of(error))
        removed.left = removed.left or stays
        return
    removed.files += 1
    removed.bytes += found.st_size


def vacuum(path: Path, longest: float = LONGEST_SECONDS, wait: float = WAIT_SECONDS) -> str:
    """Vacuum a SQLite file; returns a sentence that says what came of it.

    Readers go on. Writers wait; when that would take longer than `longest` seconds, or a writer
    does not end within `wait` seconds, everything stays as it is.
    """
    if not path.exists():
        return _("{file}: is not there", file=path.name)
    with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as database:
        try:
            before, free = _sizes(database)
            if free < max(WORTH_BYTES, before * WORTH_SHARE):
                return _(
                    "{file}: {size}, {free} of it free: nothing to gain",
                    file=path.name, size=size(before), free=size(free),
                )  # fmt: skip
            deadline = time.monotonic() + wait + longest
            database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
            database.execute("VACUUM")
            database.set_progress_handler(None, 0)
            # Without this the file on the disk shrinks only when the last of its users has left.
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
            after, _free = _sizes(database)
        except sqlite3.OperationalError as error:
            return _not_now(path, error, longest)
    return _(
        "{file}: {before} became {after}", file=path.name, before=size(before), after=size(after)
    )


def _sizes(database: sqlite3.Connection) -> tuple[int, int]:
    """Return the bytes of all pages, and of the free ones."""
    page, pages, free = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page * pages, page * free


def _not_now(path: Path, error: sqlite3.OperationalError, longest: float) -> str:
    if "interrupted" in str(error):
        return _(
            "{file}: left as it is: it would keep others from writing for more than "
            "{seconds:.0f} s; to do it, stop the service and run `sqlite3 {path} VACUUM`",
            file=path.name, seconds=longest, path=str(path),
        )  # fmt: skip
    return _(
        "{file}: left as it is, since it is in use ({error}); the next night tries again",
        file=path.name, error=explained(error),
    )  # fmt: skip
