"""Tables of what may be wrong with an entry, and of what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping


class Case(NamedTuple):
    """One block of a table: the lines that change a right entry, and the problems that follow."""

    changes: list[str]
    told: list[str]


def cases_of(file: str) -> list[object]:
    """Return the cases of a table in this folder; its first block explains it."""
    text = (Path(__file__).parent / file).read_text("utf-8").rstrip("\n")
    found = []
    for block in text.split("\n\n")[1:]:
        lines = block.splitlines()
        changes = [line for line in lines if not line.startswith("-> ")]
        told = [line.removeprefix("-> ") for line in lines if line.startswith("-> ")]
        assert told, block
        found.append(pytest.param(Case(changes, told), id=lines[0][:40]))
    return found


def changed(base: Mapping[str, str], changes: list[str], last: str = "") -> str:
    """Return an entry's lines, as an item of a list: some of a right one's replaced or left out.

    Args:
        base: the right entry's lines by key.
        changes: lines in their place or below them; `without KEY` leaves one out.
        last: the key that stays below all others.
    """
    lines, more = dict(base), []
    for change in changes:
        key = change.removeprefix("without ").split(":")[0]
        if change.startswith("without "):
            del lines[key]
        elif lines.get(key, change) != change:
            lines[key] = change
        else:
            more.append(change)
    end = [lines.pop(last)] if last in lines else []
    return "  - " + "\n    ".join([*lines.values(), *more, *end]) + "\n"
