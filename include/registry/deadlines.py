"""By when a period must have landed: at the time its entry says, or two hours after its run."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from include import cron as crons

if TYPE_CHECKING:
    from include.periods import Period, Schedule

USUAL = timedelta(hours=2)
LAST_OF_A_DAY = time(23, 59)


def check_deadline(
    cron: str, period: str, deadline: time, start_of: str = "when the cron starts the job"
) -> None:
    """Refuse a time of day that a (valid) job has not started by.

    Args:
        cron: when it starts.
        period: what a run covers.
        deadline: the time of day.
        start_of: what the cron stands for, in words.

    Raises:
        ValueError: the rest of a sentence that begins with the key.
    """
    if period == "tick":
        raise ValueError(
            "is one time of a day, and the job runs at several: remove it, and each tick is late "
            "two hours after it was to start"
        )
    minutes, hours, *_ = crons.expanded(cron)
    start = time(hours[0], minutes[0])
    if deadline > start:
        return
    repair = f'write a later one, as in "{_later(start):%H:%M}"'
    if start == LAST_OF_A_DAY:
        repair = "remove it"
    raise ValueError(
        f"'{deadline:%H:%M}' is not after {start:%H:%M}, {start_of}: {repair} "
        "(without one it is two hours after the start, on the next day if need be)"
    )


def deadline_of(schedule: Schedule, deadline: time | None, period: Period) -> datetime:
    """Return by when a period must have landed, in the job's time zone.

    Args:
        schedule: the job's.
        deadline: the time that its entry says, of the day on which the period's run starts.
        period: which.
    """
    fire = schedule.fire_for(period)
    if deadline is None:
        return (fire.astimezone(timezone.utc) + USUAL).astimezone(schedule.zone)
    return crons.instant(datetime.combine(fire.date(), deadline), schedule.zone)


def _later(start: time) -> time:
    hour = start.hour + USUAL // timedelta(hours=1)
    return start.replace(hour=hour) if hour <= LAST_OF_A_DAY.hour else LAST_OF_A_DAY
