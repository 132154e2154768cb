"""Files that look as if they held entries, and that nobody reads."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from include.registry.problems import Problem
from include.registry.user_files import UnreadableError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# What editors leave beside a file while it is open, and hide.
LEFTOVER = re.compile(r"\..*|.*~|#.*#|.*\.sw[a-z]|.*\.tmp", re.IGNORECASE)
# What somebody put aside on purpose: worth a note.
ASIDE = re.compile(r".*[.](bak|backup|old|orig|rej|save|off|disabled)(\d*|\.txt)", re.IGNORECASE)
NAMED_LIKE_YAML = re.compile(r".*[.．。]ya?ml\b.*", re.IGNORECASE)
PROSE = (".md", ".rst")
LISTS = re.compile(rb"^(?:\xef\xbb\xbf)?(tasks|shops|feeds) *:", re.MULTILINE)
DEEPEST = 3  # folders


def unread_tasks(root: Path, folder: str, names: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each file of the folder of tasks that is not read.

    Args:
        root: the project root.
        folder: the folder of tasks, relative to it.
        names: what is in it beside the files that are read.
    """
    for name in names:
        if LEFTOVER.fullmatch(name) or ASIDE.fullmatch(name):
            continue
        file = f"{folder}/{name}"
        if (root / file).is_dir():
            yield from _in_folder(root, file, folder)
        elif NAMED_LIKE_YAML.fullmatch(name) or list_in(root, file):
            yield _problem(file, "rename it, so that it ends in .yaml")


def put_aside(root: Path, folder: str) -> list[str]:
    """Return the files of a folder, relative to the project root, that were put aside there."""
    path = root / folder
    names = sorted(os.listdir(path)) if path.is_dir() else []  # noqa: PTH208 - names are enough
    return [f"{folder}/{name}" for name in names if ASIDE.fullmatch(name)]


def list_in(root: Path, file: str) -> str:
    """Return which of the lists of config/ a file has: tasks, shops or feeds; empty for none."""
    if file.endswith(PROSE):
        return ""
    try:
        found = LISTS.search(read_bytes(root, file))
    except UnreadableError:
        return ""
    return found[1].decode() if found else ""


def _in_folder(root: Path, folder: str, home: str) -> Iterator[Problem]:
    for path, folders, names in os.walk(root / folder):
        below = os.path.relpath(path, root).replace(os.sep, "/")
        folders[:] = [name for name in sorted(folders) if not LEFTOVER.fullmatch(name)]
        if below.count("/") - home.count("/") >= DEEPEST:
            folders.clear()
        for name in sorted(names):
            if NAMED_LIKE_YAML.fullmatch(name) and not (
                LEFTOVER.fullmatch(name) or ASIDE.fullmatch(name)
            ):
                yield _problem(f"{below}/{name}", f"move it to {home}, under a name of its own")


def _problem(file: str, repair: str) -> Problem:
    return Problem(file, 1, 1, None, f"is not read: {repair}")
