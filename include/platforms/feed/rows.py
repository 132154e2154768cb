"""Rows of a feed's answer as rows of its table: each value is what the column takes, or null.

What a value may be is said by the column's type alone. Nothing is rounded but a measure's decimals
after the sixth. A row cannot do without its key and its time. Any other field that is missing or
odd is null, and is counted, so that one odd row does not cost all others; where no row has it, the
entry is wrong, or the feed has changed.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Date, DateTime, Integer, String

from include.gateways.errors import Malformed
from include.gateways.fields import wall_clock
from include.platforms.feed.dialect import malformed
from include.platforms.feed.times import day_of, moment_of
from include.registry.feeds import UnfitError
from include.text import quoted
from include.warehouse.types import DIGITS, Measure, Money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Column

    from include.gateways.dialect import Call
    from include.periods import Period
    from include.registry.feeds import Expression, Feed

WHOLE = re.compile(r"-?\d+", re.ASCII)
DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
IDS = ("_id", "_sn")  # columns that end so hold names of things: 12 and "12" are the same one


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
        counts = Counter(name for _, problems in odd for name in problems)
        for name, count in counts.items():
            if count == len(rows) > 1:
                call, problems = odd[0]
                problem = f"{problems[name]}; so it is in all {count} rows"
                raise malformed(self._feed, call, problem)
        parts = (f"{count} row{'s' * (count > 1)} without {name}" for name, count in counts.items())
        return ", ".join(parts)

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
            raise malformed(feed, call, f"rows ({feed.rows}) {error}") from None
        if not isinstance(found, list):
            problem = f"rows ({feed.rows}) holds {quoted(found)}: expected a list"
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
                problem = "is null"
            if problem:
                problem = f"row {number}, field {path} (column {column.name}) {problem}"
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
                f"row {number} has {name} {said}, outside the period from {first} to {end}",
                repair=f"check what feed {self._feed.id} is asked for, and timezone, in "
                f"{self._feed.place}",
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
        return None, f"holds {quoted(value)}: {error}"


def whole_total(feed: Feed, call: Call, envelope: Any) -> int | None:
    """Return the number of rows that an answer says there are in all; None where none is asked for.

    Raises:
        Malformed: it is not there, or no whole number.
    """
    path = feed.paging.total
    if path is None:
        return None
    total = found_in(path, "total", feed, call, envelope)
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        problem = f"total ({path}) holds {quoted(total)}: expected a whole number"
        raise malformed(feed, call, problem)
    return total


def found_in(path: Expression, name: str, feed: Feed, call: Call, envelope: Any) -> Any:
    """Return what one of a feed's paths finds in an answer.

    Raises:
        Malformed: there is no such field.
    """
    try:
        return path.find(envelope)
    except UnfitError as error:
        raise malformed(feed, call, f"{name} ({path}) {error}") from None


def converter_of(column: Column[Any], feed: Feed) -> Callable[[Any], Any]:
    """Return what makes a value for a column; it raises ValueError saying what it expected."""
    kind, is_id = column.type, column.name.endswith(IDS)
    if isinstance(kind, (Money, Measure)):
        shift = -2 if column.name in feed.hundredths else 0
        return partial(_exact, shift=shift, kind=kind)
    if isinstance(kind, Integer):
        bits = 63 if isinstance(kind, BigInteger) else 31
        return partial(_whole, bits=bits, from_text=is_id)
    if isinstance(kind, DateTime):
        return partial(moment_of, feed=feed)
    if isinstance(kind, Date):
        return partial(day_of, feed=feed)
    if isinstance(kind, String):
        filled = bool(column.primary_key)
        return partial(_text, longest=kind.length, from_number=is_id, filled=filled)
    raise TypeError(f"no feed can fill a column of type {kind}")


def _exact(value: Any, shift: int, kind: Money | Measure) -> Decimal:
    """Return a number as it is written; an amount is never rounded."""
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("expected a number such as 12.30")  # noqa: TRY004 - one class for all
    try:
        number = Decimal(value).scaleb(shift)
        rounded = number.quantize(Decimal(1).scaleb(-kind.decimals))
    except InvalidOperation:
        raise ValueError("expected a number of a size that can be kept") from None
    if abs(rounded) >= Decimal(10) ** (DIGITS - kind.decimals):
        raise ValueError("expected a number of a size that can be kept")
    if isinstance(kind, Money) and rounded != number:
        raise ValueError("expected an amount with at most two decimals")
    return rounded


def _whole(value: Any, bits: int, *, from_text: bool) -> int:
    if from_text and isinstance(value, str) and WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected a whole number")  # noqa: TRY004 - one class for all
    if not -(1 << bits) <= value < 1 << bits:
        raise ValueError("expected a number of a size that can be kept")
    return value


def _text(value: Any, longest: int | None, *, from_number: bool, filled: bool) -> str:
    if from_number and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004 - one class for all
    if longest is not None and len(value) > longest:
        raise ValueError(f"expected a text of at most {longest} characters")
    if filled and not value.strip():
        raise ValueError("expected a text that is not empty")
    if "\0" in value or (
        not value.isprintable() and any("\ud800" <= one <= "\udfff" for one in value)
    ):
        raise ValueError("expected a text without NUL and halves of characters")
    return value
