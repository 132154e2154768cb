"""Dates and times as a feed writes them."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

from include.gateways.fields import wall_clock
from include.registry.feeds.placeholders import MILLISECONDS, SECONDS
from include.registry.feeds.values import ISO

if TYPE_CHECKING:
    from include.registry.feeds import Feed

TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6})\d*)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A moment in milliseconds that is read as seconds lies far after, one the other way far before.
PLAUSIBLE = range(2000, 2100)


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
