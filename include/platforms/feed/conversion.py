"""What a value of a feed becomes, as the type of its column takes it."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Date, DateTime, Integer, String

from include.gateways.fields import wall_clock
from include.language import N_, _
from include.registry.feeds.placeholders import MILLISECONDS, SECONDS
from include.registry.feeds.values import ISO
from include.warehouse.types import DIGITS, Measure, Money

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Column

    from include.registry.feeds import Feed

WHOLE = re.compile(r"-?\d+", re.ASCII)
DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6})\d*)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A moment in milliseconds that is read as seconds lies far after, one the other way far before.
PLAUSIBLE = range(2000, 2100)
EPOCH_SECONDS = N_("expected a moment in epoch seconds")
EPOCH_MILLISECONDS = N_("expected a moment in epoch milliseconds")
IDS = ("_id", "_sn")  # columns that end so hold names of things: 12 and "12" are the same one


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
        raise ValueError(_("expected a number such as 12.30"))  # noqa: TRY004 - one class for all
    try:
        number = Decimal(value).scaleb(shift)
        rounded = number.quantize(Decimal(1).scaleb(-kind.decimals))
    except InvalidOperation:
        raise ValueError(_("expected a number of a size that can be kept")) from None
    if abs(rounded) >= Decimal(10) ** (DIGITS - kind.decimals):
        raise ValueError(_("expected a number of a size that can be kept"))
    if isinstance(kind, Money) and rounded != number:
        raise ValueError(_("expected an amount with at most two decimals"))
    return rounded


def _whole(value: Any, bits: int, *, from_text: bool) -> int:
    if from_text and isinstance(value, str) and WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(_("expected a whole number"))  # noqa: TRY004 - one class for all
    if not -(1 << bits) <= value < 1 << bits:
        raise ValueError(_("expected a number of a size that can be kept"))
    return value


def _text(value: Any, longest: int | None, *, from_number: bool, filled: bool) -> str:
    if from_number and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(_("expected a text"))  # noqa: TRY004 - one class for all
    if longest is not None and len(value) > longest:
        raise ValueError(_("expected a text of at most {longest} characters", longest=longest))
    if filled and not value.strip():
        raise ValueError(_("expected a text that is not empty"))
    if "\0" in value or (
        not value.isprintable() and any("\ud800" <= one <= "\udfff" for one in value)
    ):
        raise ValueError(_("expected a text without NUL and halves of characters"))
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
    expected = _(EPOCH_MILLISECONDS if unit > 1 else EPOCH_SECONDS)
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
        raise ValueError(_("expected a time such as 2025-10-02T08:30:00+08:00")) from None


def _formatted(value: Any, form: str) -> datetime:
    if not isinstance(value, str):
        raise ValueError(_("expected a time written {form}", form=form))  # noqa: TRY004 - one class for all
    try:
        return datetime.strptime(value, form)  # noqa: DTZ007 - the caller adds the zone
    except ValueError:
        raise ValueError(_("expected a time written {form}", form=form)) from None


def _plausible(moment: datetime) -> datetime:
    if moment.year not in PLAUSIBLE:
        raise ValueError(
            _(
                "expected a time from {first} to {last}",
                first=PLAUSIBLE.start,
                last=PLAUSIBLE.stop - 1,
            )
        )
    return moment
