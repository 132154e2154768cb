"""Removing old log files."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KILO = 1024


@dataclass
class Removed:
    """What was removed, and what could not be."""

    files: int = 0
    bytes: int = 0
    left: str = ""  # the first that could not be removed, and why

    def __str__(self) -> str:
        """Return it as the task's log writes it: `12 files, 3.4 MB`."""
        kept = f"; {self.left}" if self.left else ""
        return f"{self.files:,} files, {size(self.bytes)}{kept}"


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
        removed.left = removed.left or f"{path} stays: {error.strerror}"
        return
    removed.files += 1
    removed.bytes += found.st_size
