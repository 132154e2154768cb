"""Lines up words in columns, also Chinese ones, which are two cells wide each."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
LEFT_OUT = "..."


def lined_up(rows: Sequence[Sequence[str]], indent: str = GAP) -> list[str]:
    """Return a line for each row, every column as wide as its widest word; the last one is free."""
    if not rows:
        return []
    widths = [max(width_of(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    return [
        indent
        + "".join(
            word + " " * (width - width_of(word)) + GAP
            for word, width in zip(row, widths, strict=False)
        )
        + row[-1]
        for row in rows
    ]


def width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many cells, with ... in the middle when it was longer.

    A message begins with what is wrong and ends with what repairs it: the middle is missed least.
    """
    if width_of(text) <= width:
        return text
    tail = _beginning(text[::-1], (width - len(LEFT_OUT)) // 2)[::-1]
    head = _beginning(text, width - len(LEFT_OUT) - width_of(tail))
    return f"{head}{LEFT_OUT}{tail}"


def _beginning(text: str, width: int) -> str:
    """Return as many of a text's first characters as fit into so many cells."""
    kept = ""
    for sign in text:
        if width_of(kept + sign) > width:
            break
        kept += sign
    return kept
