"""Which day or period a person means who gives a moment in place of a period's key."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include import cron as crons

if TYPE_CHECKING:
    from datetime import date

    from include.periods import Period, Schedule

# On whose clock a date without a zone reaches Airflow: `default_timezone` in config/airflow.env.
TEAM_ZONE = ZoneInfo("Asia/Shanghai")
# What makes a run gives it the time of day as its logical date, and some seconds later a start.
JUST_NOW = timedelta(minutes=2)


def day_meant(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day that an aware moment stands for, as a form or a REST client sends it.

    Midnight on the job's clock, on the team's (of a date that was written without a zone) or in UTC
    stands for that date; any other moment for the day it lies in on the job's clock.

    Args:
        moment: aware.
        zone: the job's.
    """
    for clock in (zone, TEAM_ZONE, timezone.utc):
        local = moment.astimezone(clock)
        if local.time() == time.min:
            return local.date()
    return moment.astimezone(zone).date()


def period_meant(moment: datetime, schedule: Schedule) -> Period:
    """Return the period that an aware moment stands for: that of its day; a tick it lies in."""
    plain = crons.plain(moment)
    if schedule.period == "tick":
        return schedule.containing(plain)
    return schedule.containing(schedule.first_instant(day_meant(plain, schedule.zone)))


def period_asked_for(
    logical_date: datetime | None, run_after: datetime, schedule: Schedule
) -> Period | None:
    """Return the period that a run's logical date asks for.

    Args:
        logical_date: the run's (aware); most have none.
        run_after: the moment from which the run may start (aware).
        schedule: the job's.

    Returns:
        None where it asks for none: the moment at which a run was made, which `airflow dags test`
        and REST clients give it, is nobody's wish.
    """
    if logical_date is None or abs(run_after - logical_date) <= JUST_NOW:
        return None
    return period_meant(logical_date, schedule)
