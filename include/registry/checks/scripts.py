"""Scripts that no job needs, and those that still are to be brought from an old scheduler."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

from include.language import _
from include.registry.dated_scripts import tree_of
from include.registry.paths import SCRIPTS, Folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from include.registry import Job

# The first line of what stands in the place of a script that was missing when it was imported.
PLACEHOLDER = "# placeholder-of-an-imported-script"
SHOWN = 5  # placeholders that the note names


def notes_on_scripts(root: Path, jobs: Iterable[Job]) -> Iterator[str]:
    """Return which scripts do nothing: no job needs them, or they only stand for another file."""
    named = {job.script: root / SCRIPTS / job.script for job in jobs}
    unnamed = [script for script in Folders(root).scripts() if script not in named]
    imported = imported_by(root / SCRIPTS, named.values()) if unnamed else set()
    for script in unnamed:
        if root / SCRIPTS / script not in imported:
            yield _(
                "{script}: no job runs this script: add an entry to config/tasks, or remove it",
                script=f"{SCRIPTS}/{script}",
            )
    awaited = sorted(script for script, path in named.items() if is_placeholder(path))
    files = [f"{SCRIPTS}/{script}" for script in awaited[:SHOWN]]
    if (more := len(awaited) - SHOWN) > 0:
        yield _(
            "scripts that are still to be put in place of their placeholders: {files}, and "
            "{more:,} more",
            files=files, more=more,
        )  # fmt: skip
    elif files:
        yield _(
            "scripts that are still to be put in place of their placeholders: {files}", files=files
        )


def is_placeholder(path: Path) -> bool:
    """Return whether a file stands in the place of a script that was missing."""
    try:
        if not path.is_file():  # to open a pipe would wait for ever
            return False
        with path.open("rb") as file:
            return file.read(len(PLACEHOLDER)) == PLACEHOLDER.encode()
    except (OSError, ValueError):
        return False


def imported_by(folder: Path, scripts: Iterable[Path]) -> set[Path]:
    """Return the files that scripts import, and those that these import.

    They are looked for beside the script and the importing file, and in the folders above.

    Args:
        folder: include/scripts; no file outside of it is returned.
        scripts: the files that jobs run.
    """
    found: set[Path] = set()
    for script in scripts:
        pending, seen = [script], {script}
        while pending:
            importing = pending.pop()
            folders = [*_upwards(importing.parent, folder), *_upwards(script.parent, folder)]
            names = _imported_names(importing)
            files = {file for name in names for base in folders for file in _files_of(base, name)}
            pending += files - seen
            seen |= files
        found |= seen - {script}
    return found


def _upwards(start: Path, top: Path) -> list[Path]:
    return [one for one in (start, *start.parents) if one.is_relative_to(top)]


def _files_of(base: Path, name: str) -> Iterator[Path]:
    """Yield the files that `import name` runs, or that `name` is in, where it is found below."""
    for part in name.split("."):
        base = base / part
        for file in (base.with_name(f"{part}.py"), base / "__init__.py"):
            if os.path.isfile(file):  # noqa: PTH113 -- that of Path raises for too long a name
                yield file
        if not os.path.isdir(base):  # noqa: PTH112 -- the same
            return


def _imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted names that a Python file imports, relative ones from its own folder on."""
    if path.suffix != ".py":
        return
    try:
        # Also of GBK, which Python itself would refuse.
        tree = tree_of(path.read_bytes().decode("utf-8-sig", "replace"))
    except OSError:
        return
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}".lstrip(".") for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("include.scripts.") for name in names)
