"""What a value of an entry must be: one small check per kind of value.

Each takes what was written and gives what it means, or raises ValueError with the rest of a
sentence that begins with the key: `'5' has no unit: write 5s, 5m, 5h or 5d`. It is ValueError for
wrong types too, the one that pydantic collects.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from include.errors import ConfigurationError
from include.periods import PERIODS, WEEKDAYS, check_cron
from include.text import MISTYPED, nearest, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

ALERT_CHOICES = ("route", "none")
LONGEST_ID = 64  # characters; it is part of file names (Airflow itself takes 250)
LONGEST_LINE = 200
LONGEST_TAG = 100  # Airflow refuses a whole DAG for a longer one
MOST_RETRIES = 100
EARLIEST = date(2000, 1, 1)
# The calendar ends in 9999, and what comes after a period must have a place in it.
LATEST_START = date(2100, 1, 1)
LONGEST_DURATION = timedelta(days=3660)
ID = r"[a-z][a-z0-9_]*"
SHOP_ID = r"[a-z0-9][a-z0-9_-]*"
CONNECTION_ID = r"[A-Za-z][A-Za-z0-9_.-]*"
DAY = r"\d{4}-\d\d-\d\d"
TIME_OF_DAY = r"([01]\d|2[0-3]):[0-5]\d"
PERCENT = r"(100|[1-9]\d?)%"
DURATION = r"(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?"
SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
OFFSET = re.compile(r"[+-] *\d")
# Names of the zone database that are no zone, or whichever one the machine is in.
NO_PLACES = {"Factory", "localtime", "posixrules"}
# Names that people give China's time, none of which is IANA's.
CHINESE_ZONE = re.compile(
    r"(.*/)?(beijing|peking|china|shenzhen|guangzhou|hangzhou)([ _].*)?"
    r"|cst([ +-]?8)?|(utc|gmt)? *[+＋]? *0?8([:：]?00)?|.*(中国|北京|上海|东八区).*",
    re.IGNORECASE,
)


def text(value: Any) -> str:
    """Take text of any length, in any language."""
    if isinstance(value, str):
        if value.isprintable() or all(c.isprintable() or c in "\n\t" for c in value):
            return value
        raise ValueError(f"{quoted(value)} holds control characters: remove them")
    if value is None:
        raise ValueError("has no value: write one, or remove the key")
    if isinstance(value, (list, dict)):
        raise ValueError(f"{quoted(value)} is not text: write one value")  # noqa: TRY004 - see above
    raise ValueError(f"{quoted(value)} is not text: put it in quotes, as in '{quoted(value)}'")


def line(value: Any, *, longest: int = LONGEST_LINE) -> str:
    """Take text that fits where there is one line, and is not empty."""
    written = text(value).strip()
    if not written:
        raise ValueError("is empty: write something, or remove the key")
    if "\n" in written or "\t" in written:
        raise ValueError(f"{quoted(written)} has several lines: write one")
    return _at_most(written, longest)


def _at_most(written: str, longest: int) -> str:
    if len(written) > longest:
        raise ValueError(f"{quoted(written)} is longer than {longest} characters: shorten it")
    return written


def tag(value: Any) -> str:
    """Take a tag."""
    return line(value, longest=LONGEST_TAG)


def interpreter(value: Any) -> str:
    """Take the path of a Python: absolute, or below the project."""
    written = line(value)
    parts = written.removeprefix("/").split("/")
    if "/" not in written:
        wrong = "is no path"
    elif ".." in parts or written.startswith("~"):
        wrong = "leads out of the project"
    elif "" in parts or "." in parts or "\\" in written:
        wrong = "is not a plain path"
    else:
        return written
    advice = "write an absolute path, or one below the project, as in venvs/report/bin/python"
    raise ValueError(f"{quoted(written)} {wrong}: {advice}")


def identifier(form: str, advice: str) -> Callable[[Any], str]:
    """Make the check for one kind of id.

    Args:
        form: regular expression that the whole id matches.
        advice: what it is made of, and an example.
    """
    compiled = re.compile(form, re.ASCII)

    def check(value: Any) -> str:
        written = text(value)
        if not compiled.fullmatch(written):
            raise ValueError(f"{quoted(written)} is not an id: {advice}")
        return _at_most(written, LONGEST_ID)

    return check


_plain_advice = "begin with a-z and go on with a-z, 0-9 and _"
job_id = identifier(ID, f"{_plain_advice}, as in pdd_quality")
platform = identifier(ID, f"{_plain_advice}, as in pdd")
shop_id = identifier(SHOP_ID, "write a-z, 0-9, _ and -, as in pdd-1")
connection_id = identifier(
    CONNECTION_ID, "begin with a letter and go on with letters, 0-9, _ and -"
)


def platform_number(value: Any) -> str:
    """Take the number, or name, that a platform gave a shop."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else line(value)


def one_of(words: Collection[str]) -> Callable[[Any], str]:
    """Make the check for a key that takes one of a few words."""

    def check(value: Any) -> str:
        if value not in words if isinstance(value, str) else True:
            raise ValueError(f"{quoted(value)} is not known: {suggestion(str(value), words)}")
        return str(value)

    return check


period = one_of(PERIODS)
weekday = one_of(WEEKDAYS)
alert_choice = one_of(ALERT_CHOICES)


def cron(value: Any) -> str:
    """Take a cron expression; spaces are made single."""
    written = " ".join(text(value).split())
    try:
        check_cron(written)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error
    return written


@lru_cache
def _zone_problem(name: str) -> str | None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        zones = ["UTC", *sorted(available_timezones() - NO_PLACES)]
        # For hours from UTC, the names of the same hours count them the other way round.
        near = None if OFFSET.search(name) else nearest(name, zones, MISTYPED)
        hint = f"did you mean {near!r}?" if near else "write one like Asia/Shanghai"
        if CHINESE_ZONE.fullmatch(name.strip()):
            hint = "write Asia/Shanghai, the time of all of China"
        return f"{quoted(name)} is not an IANA time zone: {hint}"
    return None


def timezone(value: Any) -> str:
    """Take the IANA name of a time zone."""
    name = text(value)
    if problem := _zone_problem(name):
        raise ValueError(problem)
    return name


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{quoted(value)} is not true or false: write one of the two, unquoted")  # noqa: TRY004 - see above
    return value


def count(value: Any) -> int:
    """Take a whole number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{quoted(value)} is not a whole number: write one like 2, unquoted")
    return value


def retries(value: Any) -> int:
    """Take a number of retries."""
    if count(value) > MOST_RETRIES:
        raise ValueError(f"{value} is too many: write at most {MOST_RETRIES}")
    return int(value)


def number(value: Any) -> float:
    """Take a number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{quoted(value)} is not a number: write one like 0 or 9.5, unquoted")  # noqa: TRY004 - see above
    return value


def duration(value: Any) -> timedelta:
    """Take days, hours, minutes and seconds, in this order, each with its unit; 0s is one."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = re.fullmatch(DURATION, written, re.ASCII) if isinstance(written, str) else None
    if match is None:
        if isinstance(written, str) and written.isdecimal():
            units = ", ".join(f"{written}{unit}" for unit in "smh")
            raise ValueError(f"{written!r} has no unit: write {units} or {written}d")
        raise ValueError(f"{quoted(written)} is not a duration: write it like 90s, 5m, 1h30m or 7d")
    parts = zip(match.groups(), SECONDS.values(), strict=True)
    span = timedelta(seconds=sum(int(part[:-1]) * size for part, size in parts if part))
    if span > LONGEST_DURATION:
        raise ValueError(f"{quoted(written)} is longer than ten years: write it like 90s, 5m or 7d")
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
        raise ValueError(f"{quoted(value)} is no time at all: write it like 90s, 5m or 1h30m")
    return span


def day(value: Any) -> date:
    """Take a date."""
    written = value if isinstance(value, str) else quoted(value)
    if not re.fullmatch(DAY, written, re.ASCII):
        raise ValueError(f"{quoted(written)} is not a date: write it like 2025-01-01")
    try:
        found = date.fromisoformat(written)
    except ValueError as error:
        message = f"{written!r} is not in the calendar ({error}): write it like 2025-01-01"
        raise ValueError(message) from error
    if found < EARLIEST:
        raise ValueError(f"{written!r} is before {EARLIEST}: write a later one")
    return found


def start_day(value: Any) -> date:
    """Take a date on which something is to start: what follows it is reckoned with."""
    found = day(value)
    if found > LATEST_START:
        raise ValueError(
            f"'{found}' is after {LATEST_START}: write an earlier one, or 'enabled: false' for a "
            "job that is not to run"
        )
    return found


def time_of_day(value: Any) -> time:
    """Take a time of the day, in hours and minutes."""
    written = value if isinstance(value, str) else quoted(value)
    if not re.fullmatch(TIME_OF_DAY, written, re.ASCII):
        raise ValueError(f'{quoted(written)} is not a time of day: write it like "09:30"')
    return time.fromisoformat(written)


def percent(value: Any) -> float:
    """Take a share in percent, as a fraction."""
    if not isinstance(value, str) or not re.fullmatch(PERCENT, value, re.ASCII):
        raise ValueError(f"{quoted(value)} is not a share: write it like 60%, from 1% to 100%")
    return int(value[:-1]) / 100


def tolerance(value: Any) -> float:
    """Take 0, or a share in percent, as a fraction."""
    if value == 0 and not isinstance(value, bool):
        return 0
    try:
        return percent(value)
    except ValueError:
        raise ValueError(
            f"{quoted(value)} is no tolerance: write 0, or a share like 1%, from 1% to 100%"
        ) from None
