"""What commands print: words in columns, also Chinese ones, which are two cells wide each; JSON."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len, chop_cells, set_cell_size

from include.language import N_, _
from include.text import printable

LEFT_OUT = "..."
WORD, BETWEEN = re.compile(r"[^ ，]+[ ，]*"), " ,，"
# The states of a unit and the kinds of periods, which `_` translates where a person reads them.
STATES = (
    N_("not_due"),
    N_("pending"),
    N_("running"),
    N_("ok"),
    N_("empty"),
    N_("failed"),
    N_("miscounted"),
    N_("missed"),
    N_("lost"),
    N_("disabled"),
    N_("provisional"),
    N_("unrepairable"),
    N_("waived"),
)
PERIODS = (N_("day"), N_("week"), N_("month"), N_("tick"))
FREE_WIDTH = 1000  # of what is written into a file: columns as wide as their words


def lined_up(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Return a line for each row, every column as wide as its widest word; the last one is free."""
    rows = [[printable(word) for word in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)][:-1]
    return [indent + "  ".join([*map(set_cell_size, row, widths), row[-1]]) for row in rows]


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many cells, with ... in the middle when it was longer.

    A message begins with what is wrong and ends with what repairs it: the middle is missed least.
    """
    if cell_len(text) <= width:
        return text
    tail = chop_cells(text[::-1], (width - len(LEFT_OUT)) // 2)[0][::-1]
    head = chop_cells(text, width - len(LEFT_OUT) - cell_len(tail))[0]
    return f"{head}{LEFT_OUT}{tail}"


def begun(text: str, width: int) -> str:
    """Return as many words of a text as fit into so many cells, with ... where some do not."""
    if cell_len(text) <= width:
        return text
    said = ""
    for word in WORD.findall(text):
        if cell_len(said + word.rstrip(BETWEEN) + LEFT_OUT) > width:
            break
        said += word
    return said.rstrip(BETWEEN) + LEFT_OUT


def print_json(told: dict[str, Any]) -> None:
    """Print what a program is told."""
    print(json.dumps(told, indent=2, ensure_ascii=False))


def print_units(runs: Iterable[tuple[str, str, Sequence[Any]]]) -> None:
    """Print a table of job, period and the rows of its shops."""
    from rich.console import Console  # noqa: PLC0415 -- takes its time, rarely needed
    from rich.table import Table  # noqa: PLC0415 -- the same

    table = Table(_("job"), _("period"), _("shop"))
    table.add_column(_("rows"), justify="right")
    table.add_column(_("state"))
    table.add_column(_("seconds"), justify="right")
    for job_id, key, rows in runs:
        titles = [(job_id, key), *[("", "")] * len(rows)]
        for title, row in zip(titles, rows, strict=False):
            number = "" if row.rows is None else f"{row.rows:,}"
            seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
            table.add_row(*title, row.shop_id, number, _(row.state), seconds)
        table.add_section()
    Console(width=None if sys.stdout.isatty() else FREE_WIDTH).print(table)
