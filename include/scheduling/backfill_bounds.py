"""What the bounds of a backfill or of a filter mean: days where they are days, else moments.

A bound that was written without a zone (`--from-date 2025-10-01` on the command line) arrives
in the named zone of `default_timezone`: its wall clock is read on the job's own clock. The web UI
sends the moment of midnight in the zone that it shows, in UTC.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include import cron as crons
from include.logical_dates import TEAM_ZONE, day_meant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo

    from include.periods import Schedule

UTC_NAMES = ("UTC", "ETC/UTC")
LAST_MINUTE = time(23, 59)
QUARTER_SECONDS = 15 * 60  # no zone of today is apart from UTC by less
# Midnight at 11:00 UTC is that of New Zealand rather than of Samoa, at 10:00 UTC that of Hawaii.
EASTERN_FROM = timedelta(hours=11)
DAY = timedelta(days=1)
# No job has periods outside of these.
FIRST_YEAR, LAST_YEAR = 2000, 2100


def window_of(
    schedule: Schedule, earliest: datetime, latest: datetime
) -> tuple[datetime, datetime]:
    """Return what two (aware) bounds of a backfill mean: when periods start, ends inclusive.

    Days, weeks and months are asked for by days: where the first bound is midnight on some clock
    and the last one midnight or the last minute there, those dates, whatever the job's zone. Ticks
    are asked for by moments; midnight to midnight on the job's clock are whole days there, too.
    """
    first, last = on_clock_of(schedule, earliest), on_clock_of(schedule, latest)
    if schedule.period != "tick":
        days = _days_on_some_clock(schedule, first, last) or (
            first.astimezone(schedule.zone).date(),
            last.astimezone(schedule.zone).date(),
        )
        return schedule.first_instant(days[0]), _end_of(schedule, days[1])
    from_day = first.astimezone(schedule.zone).time() == time.min or _is_unzoned(latest)
    if from_day and last.astimezone(schedule.zone).time() == time.min:
        return first, _end_of(schedule, last.astimezone(schedule.zone).date())
    return first, last


def moment_of(schedule: Schedule, bound: datetime) -> datetime:
    """Return the moment that one bound of a filter means: for days, weeks and months a midnight."""
    moment = on_clock_of(schedule, bound)
    if schedule.period == "tick":
        return moment
    return schedule.first_instant(day_meant(moment, schedule.zone))


def on_clock_of(schedule: Schedule, bound: datetime) -> datetime:
    """Return a bound as an aware moment: without a zone of its own it is on the job's clock.

    One at an end of the calendar, which has no neighbours to reckon with, becomes a nearer one.
    """
    moment = crons.plain(bound)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        nearest = FIRST_YEAR if moment.year < FIRST_YEAR else LAST_YEAR
        moment = moment.replace(year=nearest, month=1, day=1)
    if _is_unzoned(bound):
        return crons.instant(moment.replace(tzinfo=None, fold=0), schedule.zone)
    return moment


def _is_unzoned(bound: datetime) -> bool:
    """Return whether Airflow has added the zone: what a person or a browser adds is an offset."""
    zone = bound.tzinfo
    return zone is None or (isinstance(zone, ZoneInfo) and zone.key.upper() not in UTC_NAMES)


def _days_on_some_clock(
    schedule: Schedule, first: datetime, last: datetime
) -> tuple[date, date] | None:
    for clock in _clocks(schedule, first):
        start, end = first.astimezone(clock), last.astimezone(clock)
        if start.time() == time.min and (end.time() == time.min or end.time() >= LAST_MINUTE):
            return start.date(), end.date()
    return None


def _clocks(schedule: Schedule, first: datetime) -> Iterator[tzinfo]:
    """Yield the clocks that a bound may be midnight on, the likeliest first."""
    yield schedule.zone
    yield TEAM_ZONE
    yield timezone.utc
    utc = first.astimezone(timezone.utc)
    since_midnight = timedelta(hours=utc.hour, minutes=utc.minute, seconds=utc.second)
    if not utc.microsecond and since_midnight.seconds % QUARTER_SECONDS == 0:
        is_east = since_midnight >= EASTERN_FROM
        yield timezone(DAY - since_midnight if is_east else -since_midnight)


def _end_of(schedule: Schedule, day: date) -> datetime:
    following = schedule.first_instant(day + DAY).astimezone(timezone.utc)
    return following - timedelta(microseconds=1)
