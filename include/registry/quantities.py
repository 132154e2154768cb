"""What a number, a duration, a date or a share of an entry must be; as in `constraints`."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from include.language import _
from include.registry.paths import FEED_SCRIPTS
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_RETRIES = 100
EARLIEST = date(2000, 1, 1)
# The calendar ends in 9999, and what comes after a period must have a place in it.
LATEST_START = date(2100, 1, 1)
LONGEST_DURATION = timedelta(days=3660)
# How long after its end a period can be pulled again.
YOUNGEST, OLDEST = timedelta(days=1), timedelta(days=92)
DAY = r"\d{4}-\d\d-\d\d"
TIME_OF_DAY = r"([01]\d|2[0-3]):[0-5]\d"
PERCENT = r"(100|[1-9]\d?)%"
DURATION = r"(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?"
SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def count(value: Any) -> int:
    """Take a whole number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        told = _("{value} is not a whole number: write one like 2, unquoted", value=quoted(value))
        raise ValueError(told)
    return value


def retries(value: Any) -> int:
    """Take a number of retries."""
    if count(value) > MOST_RETRIES:
        told = _("{value} is too many: write at most {most}", value=value, most=MOST_RETRIES)
        raise ValueError(told)
    return int(value)


def number(value: Any) -> float:
    """Take a number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        told = _("{value} is not a number: write one like 0 or 9.5, unquoted", value=quoted(value))
        raise ValueError(told)  # noqa: TRY004 - see above
    return value


def duration(value: Any) -> timedelta:
    """Take days, hours, minutes and seconds, in this order, each with its unit; 0s is one."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = re.fullmatch(DURATION, written, re.ASCII) if isinstance(written, str) else None
    if match is None:
        if isinstance(written, str) and written.isdecimal():
            told = _(
                "{written!r} has no unit: write {written}s, {written}m, {written}h or {written}d",
                written=written,
            )
            raise ValueError(told)
        told = _(
            "{value} is not a duration: write it like 90s, 5m, 1h30m or 7d", value=quoted(written)
        )
        raise ValueError(told)
    parts = zip(match.groups(), SECONDS.values(), strict=True)
    span = timedelta(seconds=sum(int(part[:-1]) * size for part, size in parts if part))
    if span > LONGEST_DURATION:
        told = _(
            "{value} is longer than ten years: write it like 90s, 5m or 7d", value=quoted(written)
        )
        raise ValueError(told)
    return span


def write_duration(span: timedelta) -> str:
    """Write a duration of whole seconds the way `duration` reads it."""
    seconds = span.days * 86400 + span.seconds
    parts = []
    for unit, size in SECONDS.items():
        number, seconds = divmod(seconds, size)
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts) or "0s"


def positive_duration(value: Any) -> timedelta:
    """Take a duration in which something can happen."""
    span = duration(value)
    if not span:
        told = _("{value} is no time at all: write it like 90s, 5m or 1h30m", value=quoted(value))
        raise ValueError(told)
    return span


def repull_age(value: Any) -> timedelta:
    """Take how long ago a period ended when it is pulled again."""
    found = duration(value)
    if not YOUNGEST <= found <= OLDEST:
        told = _(
            "{value} is not between 1d and {most}d: write how long after its end a period is "
            "pulled again, as in 3d",
            value=quoted(value), most=OLDEST.days,
        )  # fmt: skip
        raise ValueError(told)
    return found


def check_repull(ages: Sequence[timedelta], script: str) -> None:
    """Check at which ages the periods of an entry with a script are pulled again.

    Only what a feed brings is replaced whole, so that a figure that the source corrects later, or
    takes back, takes the place of the one that landed. Orders and refunds are asked for by when
    they changed, and bring such corrections themselves.

    Raises:
        ValueError: the script reads no feed, or the ages do not rise.
    """
    if ages and script not in FEED_SCRIPTS:
        told = _(
            "is for jobs that read a feed ({scripts}), and script {script} is none: what it pulls "
            "is not replaced whole; remove it",
            scripts=FEED_SCRIPTS, script=quoted(script),
        )  # fmt: skip
        raise ValueError(told)
    if any(one >= other for one, other in pairwise(ages)):
        told = _("does not rise: write each age once, the shortest first, as in [1d, 3d, 7d]")
        raise ValueError(told)


def day(value: Any) -> date:
    """Take a date."""
    written = value if isinstance(value, str) else quoted(value)
    if not re.fullmatch(DAY, written, re.ASCII):
        told = _("{value} is not a date: write it like 2025-01-01", value=quoted(written))
        raise ValueError(told)
    try:
        found = date.fromisoformat(written)
    except ValueError as error:
        told = _(
            "{written!r} is not in the calendar ({error}): write it like 2025-01-01",
            written=written, error=_(str(error)),
        )  # fmt: skip
        raise ValueError(told) from error
    if found < EARLIEST:
        told = _("{written!r} is before {day}: write a later one", written=written, day=EARLIEST)
        raise ValueError(told)
    return found


def start_day(value: Any) -> date:
    """Take a date on which something is to start: what follows it is reckoned with."""
    found = day(value)
    if found > LATEST_START:
        told = _(
            "'{day}' is after {latest}: write an earlier one, or 'enabled: false' for a job that "
            "is not to run",
            day=found, latest=LATEST_START,
        )  # fmt: skip
        raise ValueError(told)
    return found


def time_of_day(value: Any) -> time:
    """Take a time of the day, in hours and minutes."""
    written = value if isinstance(value, str) else quoted(value)
    if not re.fullmatch(TIME_OF_DAY, written, re.ASCII):
        told = _('{value} is not a time of day: write it like "09:30"', value=quoted(written))
        raise ValueError(told)
    return time.fromisoformat(written)


def percent(value: Any) -> float:
    """Take a share in percent, as a fraction."""
    if not isinstance(value, str) or not re.fullmatch(PERCENT, value, re.ASCII):
        told = _("{value} is not a share: write it like 60%, from 1% to 100%", value=quoted(value))
        raise ValueError(told)
    return int(value[:-1]) / 100


def tolerance(value: Any) -> float:
    """Take 0, or a share in percent, as a fraction."""
    if value == 0 and not isinstance(value, bool):
        return 0
    try:
        return percent(value)
    except ValueError:
        told = _(
            "{value} is no tolerance: write 0, or a share like 1%, from 1% to 100%",
            value=quoted(value),
        )
        raise ValueError(told) from None
