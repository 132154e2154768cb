"""Rows of a feed's answer as rows of its table: each value is what the column takes, or null.

What a value may be is said by the column's type alone. Nothing is rounded but a measure's decimals
after the sixth. A row cannot do without its key and its time. Any other field that is missing or
odd is null, and is counted, so that one odd row does not cost all others; where no row has it, the
entry is wrong, or the feed has changed.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Date, DateTime, Integer, String

from include.gateways.errors import Malformed
from include.gateways.fields import wall_clock
from include.platforms.feed.dialect import malformed
from include.registry.feeds import UnfitError
from include.registry.feeds.placeholders import MILLISECONDS, SECONDS
from include.registry.feeds.values import ISO
from include.text import quoted
from include.warehouse.types import DIGITS, Measure, Money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Column

    from include.gateways.dialect import Call
    from include.periods import Period
    from include.registry.feeds import Expression, Feed

WHOLE = re.compile(r"-?\d+", re.ASCII)
DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6})\d*)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A moment in milliseconds that is read as seconds lies far after, one the other way far before.
PLAUSIBLE = range(2000, 2100)
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


def moment_of(value: Any, feed: Feed) -> datetime:
    """Read a moment; return the wall clock of Asia/Shanghai, naive, as the warehouse keeps it.

    Raises:
        ValueError: it is not written as the feed's `dates` says.
    """
    if feed.dates in (SECONDS, MILLISECONDS):
        return wall_clock(_epoch(value, 1000 if feed.dates == MILLISECONDS else 1))
    found = _iso(value) if feed.dates == ISO else _formatted(value, feed.dates)
    return wall_clock(_plausible(found if found.tzinfo else found.replace(tzinfo=feed.zone)))


def day_of(value: Any, feed: Feed) -> date:
    """Read a date; of a moment, the day on the clock of Asia/Shanghai.

    Raises:
        ValueError: it is not written as the feed's `dates` says.
    """
    if feed.dates == ISO and isinstance(value, str) and DAY.fullmatch(value):
        return date.fromisoformat(value)
    if feed.dates not in (ISO, SECONDS, MILLISECONDS) and not re.search(r"%[HIcXsz]", feed.dates):
        return _formatted(value, feed.dates).date()
    return moment_of(value, feed).date()


def _epoch(value: Any, unit: int) -> datetime:
    expected = f"expected a moment in epoch {'milli' if unit > 1 else ''}seconds"
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(expected)  # noqa: TRY004 - one class for all that is invalid
    seconds, rest = divmod(value, unit)
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
        return _plausible(moment.replace(microsecond=rest * (1_000_000 // unit)))
    except (ValueError, OverflowError, OSError):
        raise ValueError(expected) from None


def _iso(value: Any) -> datetime:
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 - told below, like a month 13
        day, minutes, seconds, fraction, offset = found.groups()
        offset = "+00:00" if offset == "Z" else offset or ""
        if offset and ":" not in offset:
            offset = f"{offset[:3]}:{offset[3:]}"
        # Not every Python that this runs on reads all that ISO 8601 allows.
        second = f"{seconds or ':00'}.{(fraction or '').ljust(6, '0')}"
        return datetime.fromisoformat(f"{day}T{minutes}{second}{offset}")
    except ValueError:
        raise ValueError("expected a time such as 2025-10-02T08:30:00+08:00") from None


def _formatted(value: Any, form: str) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"expected a time written {form}")  # noqa: TRY004 - one class for all
    try:
        return datetime.strptime(value, form)  # noqa: DTZ007 - the caller adds the zone
    except ValueError:
        raise ValueError(f"expected a time written {form}") from None


def _plausible(moment: datetime) -> datetime:
    if moment.year not in PLAUSIBLE:
        raise ValueError(f"expected a time from {PLAUSIBLE.start} to {PLAUSIBLE.stop - 1}")
    return moment
