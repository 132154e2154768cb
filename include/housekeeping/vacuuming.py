"""Giving the free pages of a SQLite file back to the disk, while others use it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from include.housekeeping.files import size

if TYPE_CHECKING:
    from pathlib import Path

# How long to wait for a writer, and how long others may be kept from writing; they wait 30 s.
WAIT_SECONDS = 5.0
LONGEST_SECONDS = 10.0
STEPS_BETWEEN_LOOKS = 10_000
# Less than this is used again by itself soon.
WORTH_SHARE, WORTH_BYTES = 0.1, 1_000_000


def vacuum(path: Path, longest: float = LONGEST_SECONDS, wait: float = WAIT_SECONDS) -> str:
    """Vacuum a SQLite file; returns a sentence that says what came of it.

    Readers go on. Writers wait; when that would take longer than `longest` seconds, or a writer
    does not end within `wait` seconds, everything stays as it is.
    """
    if not path.exists():
        return f"{path.name}: is not there"
    with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as database:
        try:
            before, free = _sizes(database)
            if free < max(WORTH_BYTES, before * WORTH_SHARE):
                return f"{path.name}: {size(before)}, {size(free)} of it free: nothing to gain"
            deadline = time.monotonic() + wait + longest
            database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
            database.execute("VACUUM")
            database.set_progress_handler(None, 0)
            # Without this the file on the disk shrinks only when the last of its users has left.
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
            after, _ = _sizes(database)
        except sqlite3.OperationalError as error:
            return _not_now(path, error, longest)
    return f"{path.name}: {size(before)} became {size(after)}"


def _sizes(database: sqlite3.Connection) -> tuple[int, int]:
    """Return the bytes of all pages, and of the free ones."""
    page, pages, free = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page * pages, page * free


def _not_now(path: Path, error: sqlite3.OperationalError, longest: float) -> str:
    if "interrupted" in str(error):
        return (
            f"{path.name}: left as it is: it would keep others from writing for more than "
            f"{longest:.0f} s; to do it, stop the service and run `sqlite3 {path} VACUUM`"
        )
    return f"{path.name}: left as it is, since it is in use ({error}); the next night tries again"
