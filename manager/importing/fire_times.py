"""When a job fired in the old scheduler and when it fires here; the old side by documented rules.

Prefect and Airflow read a cron as croniter does, on the clock of its time zone, which is UTC unless
one is named. A crontab follows Debian's cron, in the machine's zone unless it names
one. `old_library` asks Prefect itself, where there is a Python that has it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from croniter import croniter
from cronsim import CronSim, CronSimError
from dateutil.rrule import rrule, rruleset, rrulestr

from include import cron as crons
from include.errors import ConfigurationError, ExpectedError
from include.foreign_errors import explained
from include.periods import Schedule
from manager.importing.old_jobs import OldSchedule, Scheduler
from manager.importing.translating import MACROS

UTC = timezone.utc
DAY = timedelta(days=1)
HOUR = 1
FIELDS, WITH_SECONDS = 5, 6
RULES_BEGIN = datetime(2020, 1, 1)  # noqa: DTZ001 -- where Prefect begins a rule that does not say it
TOO_FINE = re.compile(r"FREQ\s*=\s*(SECONDLY|MINUTELY)", re.IGNORECASE)
MOST_FIRES = 100_000


class UnknownFiresError(ExpectedError):
    """When a schedule fires cannot be told; says why, and what would tell it."""


@lru_cache(maxsize=4096)
def new_fires(schedule: Schedule, first: datetime, last: datetime) -> tuple[datetime, ...]:
    """Return when a job fires here, from one moment up to before another, in UTC."""
    found = []
    fire = schedule.next_fire(first - timedelta(seconds=1))
    while (moment := fire.astimezone(UTC)) < last:
        found.append(moment)
        fire = schedule.next_fire(fire)
    return tuple(found)


def old_fires(
    schedule: OldSchedule, scheduler: Scheduler, first: datetime, last: datetime
) -> tuple[datetime, ...]:
    """Return when a schedule fired there, from one moment up to before another, in UTC.

    Raises:
        UnknownFiresError: the documented rules do not tell it.
    """
    plain = replace(schedule, id=None, is_active=True)  # of thousands of jobs many fire together
    return _old_fires(plain, scheduler, zone_of(schedule, scheduler), first, last)


@lru_cache(maxsize=4096)
def _old_fires(
    schedule: OldSchedule, scheduler: Scheduler, zone: ZoneInfo, first: datetime, last: datetime
) -> tuple[datetime, ...]:
    try:
        if schedule.cron is not None:
            moments = _fires_of_cron(schedule, scheduler, zone, (first, last))
        elif schedule.interval is not None:
            moments = _fires_of_interval(schedule, zone, first)
        else:
            moments = _fires_of_rule(schedule.rrule or "", zone, first)
        found = set()
        for number, moment in enumerate(moments):
            if moment >= last + DAY:  # clock changes may put two of them in another order
                break
            if number == MOST_FIRES:
                raise UnknownFiresError("it fires more than {count:,} times", count=MOST_FIRES)
            found.add(moment)
    except (CronSimError, ValueError, OverflowError, TypeError, ArithmeticError) as error:
        raise UnknownFiresError(
            "the documented rules do not tell it ({error})", error=explained(error)
        ) from error
    return tuple(sorted(moment for moment in found if first <= moment < last))


def zone_of(schedule: OldSchedule, scheduler: Scheduler) -> ZoneInfo:
    """Return the zone whose clock a schedule follows.

    Raises:
        UnknownFiresError: there is none of its name.
    """
    name = schedule.timezone or (machine_zone() if scheduler == "cron" else "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownFiresError("there is no time zone {name!r}", name=name) from None


def machine_zone() -> str:
    """Return the name of this machine's time zone; UTC where it has none."""
    linked = os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2]
    try:
        written = Path("/etc/timezone").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        written = ""
    named = (os.environ.get("TZ", "").lstrip(":"), linked, written)
    known = _zones()
    return next((name for name in named if name in known), "UTC")


@lru_cache(maxsize=1)
def _zones() -> set[str]:
    return available_timezones()


def _fires_of_cron(
    schedule: OldSchedule, scheduler: Scheduler, zone: ZoneInfo, window: tuple[datetime, datetime]
) -> Iterator[datetime]:
    cron = (schedule.cron or "").strip()
    cron = MACROS.get(cron.lower(), cron)
    first, _last = window
    if _is_ours(cron, scheduler):
        return iter(new_fires(Schedule(cron, "tick", zone.key), *window))
    if scheduler == "cron":
        walk = CronSim(cron, (first - DAY).astimezone(zone))
        return (moment.astimezone(UTC) for moment in walk)
    start = (first - DAY).astimezone(zone).replace(tzinfo=None)
    second = scheduler == "airflow"  # of a time that comes twice it takes the second
    walk = _as_croniter(cron, start, day_or=schedule.day_or)
    return (_shown_at(wall_clock, zone, second=second) for wall_clock in walk)


def _is_ours(cron: str, scheduler: Scheduler) -> bool:
    """Return whether a cron fires there as it does here, also where clocks change.

    So it is with Debian's, and with Airflow's that fires in every hour.
    """
    try:
        crons.check_cron(cron)
    except ConfigurationError:
        return False
    every_hour = crons.expanded(cron)[HOUR] == ["*"]
    return scheduler == "cron" or (scheduler == "airflow" and every_hour)


def _shown_at(wall_clock: datetime, zone: ZoneInfo, *, second: bool = False) -> datetime:
    """Return when a clock shows a time; one that it skips is as much later as it skips."""
    moment = wall_clock.replace(tzinfo=zone, fold=0)
    return moment.replace(fold=int(second and crons.exists(moment))).astimezone(UTC)


def _as_croniter(cron: str, start: datetime, *, day_or: bool) -> Iterator[datetime]:
    """Return the times of a clock that croniter, with which Prefect and Airflow do it, reads."""
    count = len(cron.split())
    if count not in (FIELDS, WITH_SECONDS):
        raise UnknownFiresError("cron {cron!r} has {count} fields, not 5", cron=cron, count=count)
    walk: Iterator[datetime] = croniter(cron, start, datetime, day_or=day_or).all_next()
    return walk


def _fires_of_interval(
    schedule: OldSchedule, zone: ZoneInfo, first: datetime
) -> Iterator[datetime]:
    """Return an anchor plus multiples of an interval: days by the clock, others as time passes."""
    anchor, interval = schedule.anchor, schedule.interval
    assert interval is not None  # noqa: S101 -- for the type checker; the caller has looked
    if anchor is None:
        raise UnknownFiresError(
            "an interval without anchor_date counts from the moment it was deployed: name "
            "Prefect's database or its API as well"
        )
    whole_days = not interval % DAY
    if interval > DAY and not whole_days and _changes_its_clock(zone, first):
        raise UnknownFiresError(
            "an interval of days and hours in a zone that changes its clock is not followed"
        )
    start = anchor.astimezone(zone).replace(tzinfo=None) if whole_days else anchor.astimezone(UTC)
    edge = first.astimezone(zone).replace(tzinfo=None) if whole_days else first
    number = (edge - start) // interval - 1
    while True:
        moment = start + number * interval
        yield _shown_at(moment, zone) if whole_days else moment
        number += 1


def _changes_its_clock(zone: ZoneInfo, about: datetime) -> bool:
    offsets = {(about + month * 30 * DAY).astimezone(zone).utcoffset() for month in range(-12, 13)}
    return len(offsets) > 1


def _fires_of_rule(text: str, zone: ZoneInfo, first: datetime) -> Iterator[datetime]:
    """Return the occurrences of a rule of RFC 5545, each read on the zone's clock."""
    if TOO_FINE.search(text):
        raise UnknownFiresError("a rule for minutes or seconds takes too long to be followed")
    rule = rrulestr(text, dtstart=RULES_BEGIN)
    if isinstance(rule, rrule):
        known: Any = rule
        begin, until = known._dtstart, known._until  # noqa: SLF001 -- as Prefect itself does
        rule = rule.replace(
            dtstart=begin.replace(tzinfo=None), until=until and until.replace(tzinfo=None)
        )
    assert isinstance(rule, (rrule, rruleset))  # noqa: S101 -- for the type checker
    start = (first - DAY).astimezone(zone).replace(tzinfo=None)
    for moment in rule.xafter(start, inc=True):
        # dateutil takes a time that the clock skips for as much earlier as it skips.
        later = moment.replace(tzinfo=zone, fold=1)
        skipped = later.utcoffset() != later.replace(fold=0).utcoffset() and not crons.exists(later)
        yield later.astimezone(UTC) if skipped else _shown_at(moment, zone)
