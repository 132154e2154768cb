"""Gaps put together: what is missing of one job for one reason, over periods in a row."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.language import Message
from include.units.exit_codes import how_ended
from include.units.unit import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.coverage.coverage import Coverage
    from include.coverage.judged_unit import JudgedUnit
    from include.coverage.runs import UnderWay

# What older runners have written of a script that did not land, its own last lines below.
ENDED = re.compile(r"(?:(?P<how>.+); )?exit code -?\d+(?: \([^)]*\))?")


@dataclass
class Span:
    """The same shops with the same trouble, in one period or in several in a row."""

    job_id: str
    state: State  # failed, missed or lost
    exit_code: int | None  # of the last attempt, where it failed
    error: str  # what it said, in a line; nothing where it said no more than its exit code
    under_way: bool  # whether a queued or running run covers them
    shops: tuple[str, ...]  # those with the trouble
    units: list[JudgedUnit] = field(default_factory=list)  # all of them, by period and shop

    @property
    def first(self) -> str:
        """The key of its first period."""
        return self.units[0].period.key

    @property
    def last(self) -> str:
        """The key of its last period."""
        return self.units[-1].period.key


def spans_of(coverage: Coverage, gaps: Iterable[JudgedUnit], under_way: UnderWay) -> list[Span]:
    """Put gaps together, by job and first period.

    Args:
        coverage: says which periods come after each other.
        gaps: of it.
        under_way: the runs that wait or work.
    """
    by_cell: dict[tuple[str, str], list[JudgedUnit]] = defaultdict(list)
    for unit in gaps:
        by_cell[unit.job_id, unit.period.key].append(unit)
    found: list[Span] = []
    going_on: list[Span] = []
    job_id = ""
    for cell in coverage.cells:
        before = going_on if cell.job.id == job_id else []
        job_id = cell.job.id
        going_on = []
        for span in _of_one_cell(by_cell.get((job_id, cell.period.key), []), under_way):
            same = next((one for one in before if _trouble(one) == _trouble(span)), None)
            if same is None:
                found.append(span)
            else:
                same.units += span.units
            going_on.append(same or span)
    return found


def _of_one_cell(gaps: list[JudgedUnit], under_way: UnderWay) -> list[Span]:
    groups: dict[tuple[tuple[State, int | None, str, bool], bool], list[JudgedUnit]] = defaultdict(
        list
    )
    for unit in gaps:
        seen_to = under_way.sees_to(unit)
        reason = (unit.state, unit.exit_code, in_brief(unit.shown_error), seen_to)
        groups[reason, _is_early(unit)].append(unit)
    return [
        Span(units[0].job_id, *reason, tuple(unit.shop_id for unit in units), units)
        for (reason, _), units in groups.items()
    ]


def _trouble(span: Span) -> tuple[object, ...]:
    early = _is_early(span.units[0])
    return span.state, span.exit_code, span.error, span.under_way, span.shops, early


def _is_early(unit: JudgedUnit) -> bool:
    """Return whether a unit has been pulled before it was due, and not again since."""
    return unit.row is not None and unit.row.state == State.PROVISIONAL


def in_brief(error: str | None) -> str:
    """Return what an error says in a line: the first one.

    Where that tells how a script ended, with its last lines behind, it is the last of these.
    """
    lines = [line.strip() for line in (error or "").splitlines() if line.strip()]
    if isinstance(error, Message):
        how = how_ended(error)
    else:
        found = ENDED.fullmatch(lines[0]) if lines else None
        how = (found["how"] or "") if found else None
    if how is None:
        return lines[0] if lines else ""
    return ": ".join(filter(None, (how, *lines[1:][-1:])))
