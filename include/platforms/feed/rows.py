"""Rows of a feed's answer as rows of its table: each value is what the column takes, or null.

What a value may be is said by the column's type alone. Nothing is rounded but a measure's decimals
after the sixth. A row cannot do without its key and its time. Any other field that is missing or
odd is null, and is counted, so that one odd row does not cost all others; where no row has it, the
entry is wrong, or the feed has changed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from include.gateways.errors import Malformed
from include.gateways.fields import wall_clock
from include.language import N_, _
from include.platforms.feed.conversion import converter_of
from include.platforms.feed.dialect import malformed
from include.registry.feeds import UnfitError
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from include.gateways.dialect import Call
    from include.periods import Period
    from include.registry.feeds import Expression, Feed


class RowReader:
    """Reads the rows of one feed."""

    def __init__(self, feed: Feed) -> None:
        """Prepare what each column takes."""
        self._feed = feed
        self._odd: dict[tuple[Any, ...], tuple[Call, dict[str, str]]] = {}
        columns = feed.landing.columns
        self._columns = [
            (columns[name], path, converter_of(columns[name], feed))
            for name, path in feed.fields.items()
        ]
        self._needed = frozenset(feed.landing.needed)

    def missing_in(self, rows: Sequence[dict[str, Any]]) -> str:
        """Return how many of the rows lack which column: `3 rows without score`; empty: none.

        Raises:
            Malformed: not one of several rows has it.
        """
        odd = [self._odd[self.key(row)] for row in rows if self.key(row) in self._odd]
        counts = Counter(name for _call, problems in odd for name in problems)
        for name, count in counts.items():
            if count == len(rows) > 1:
                call, problems = odd[0]
                problem = _(
                    "{problem}; so it is in all {count} rows", problem=problems[name], count=count
                )
                raise malformed(self._feed, call, problem)
        one, more = N_("{count} row without {name}"), N_("{count} rows without {name}")
        told = [
            _(more if count > 1 else one, count=count, name=name) for name, count in counts.items()
        ]
        return _("{found}", found=told) if told else ""

    def key(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """Return what tells a row from all others of its period."""
        return tuple(row[name] for name in self._feed.key)

    def read(self, call: Call, envelope: Any, period: Period) -> list[dict[str, Any]]:
        """Return the rows of an answer, column to value, in its order.

        Raises:
            Malformed: names the row (from 1) and the field that is missing or invalid, or says that
                its time lies outside the period.
        """
        feed = self._feed
        try:
            found = feed.rows.find(envelope)
        except UnfitError as error:
            raise malformed(
                feed, call, _("rows ({path}) {error}", path=feed.rows, error=error)
            ) from None
        if not isinstance(found, list):
            problem = _(
                "rows ({path}) holds {found}: expected a list", path=feed.rows, found=quoted(found)
            )
            raise malformed(feed, call, problem)
        rows = [self._row(call, number, one) for number, one in enumerate(found, start=1)]
        if feed.within is not None:
            for number, row in enumerate(rows, start=1):
                self._check_time(call, number, row[feed.within], period)
        return rows

    def _row(self, call: Call, number: int, found: Any) -> dict[str, Any]:
        row: dict[str, Any] = {}
        odd: dict[str, str] = {}
        for column, path, convert in self._columns:
            row[column.name], problem = _value(found, path, convert)
            if row[column.name] is None and not problem and column.name in self._needed:
                problem = _("is null")
            if problem:
                problem = _(
                    "row {number}, field {path} (column {column}) {problem}",
                    number=number,
                    path=path,
                    column=column.name,
                    problem=problem,
                )
                if not column.nullable:
                    raise malformed(self._feed, call, problem)
                odd[column.name] = problem
        if odd:
            self._odd[self.key(row)] = call, odd
        else:
            self._odd.pop(self.key(row), None)
        return row

    def _check_time(self, call: Call, number: int, time: datetime | None, period: Period) -> None:
        """Refuse a row of another period; one at the very end of this one is left out later."""
        first, end = wall_clock(period.start), wall_clock(period.end)
        if time is None or not first <= time <= end:
            name, said = self._feed.within, "null" if time is None else time
            raise Malformed(
                call,
                _(
                    "row {number} has {column} {said}, outside the period from {first} to {end}",
                    number=number,
                    column=name,
                    said=str(said),
                    first=str(first),
                    end=str(end),
                ),
                repair=_(
                    "check what feed {feed} is asked for, and timezone, in {place}",
                    feed=self._feed.id,
                    place=self._feed.place,
                ),
            )


def _value(found: Any, path: Expression, convert: Callable[[Any], Any]) -> tuple[Any, str]:
    """Return what a row holds at a path, as its column takes it, and what is wrong with it."""
    try:
        value = path.find(found)
    except UnfitError as error:
        return None, str(error)
    try:
        return (None if value is None else convert(value)), ""
    except ValueError as error:
        return None, _("holds {value}: {error}", value=quoted(value), error=error)
