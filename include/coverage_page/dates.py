"""How far back the page looks, and which column of it a period belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.language import _
from include.periods import FORMS, PeriodError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.periods import Period
    from include.registry import Job

DAYS, WEEKS, MONTHS = 30, 12, 12
DAY = timedelta(days=1)
LONGEST_MONTH = 31
NOON = 12


class Window(NamedTuple):
    """What one column of a job covers; periods that end after its start, up to its end."""

    start: datetime
    end: datetime


def since(now: datetime, span: int) -> Mapping[str, datetime]:
    """Return, for each kind of period, the moment after which those end that are shown.

    Args:
        now: aware.
        span: how many times the usual reach: 30 days, 12 weeks, 12 months.
    """
    days = now - span * DAYS * DAY
    return {
        "tick": days,
        "day": days,
        "week": now - span * WEEKS * 7 * DAY,
        "month": now - span * MONTHS * LONGEST_MONTH * DAY,
    }


def column_of(job: Job, period: Period) -> str:
    """Return the column of a period: its key; ticks, which are many, share that of their day."""
    return period.first_day.isoformat() if job.period == "tick" else period.key


def row_group(job: Job) -> str:
    """Name the jobs that share a time axis: the same kind of period, and week."""
    if job.period == "week":
        return f"week-{job.week_start}"
    return "day" if job.period == "tick" else job.period


def window_of(job: Job, column: str) -> Window:
    """Return what a column of a job covers.

    Raises:
        PeriodError: the job has no such column.
    """
    if job.period != "tick":
        period = job.schedule.parse_key(column)
        return Window(period.start, period.end)
    if not FORMS["day"][1].fullmatch(column):
        raise PeriodError(
            _(
                "column {column!r} is not a day: write it like {day}",
                column=column,
                day=FORMS["day"][0],
            )
        )
    try:
        noon = datetime.fromisoformat(column).replace(hour=NOON, tzinfo=job.schedule.zone)
        first = noon.replace(hour=0)
        after = (noon + DAY).replace(hour=0)
    except (ValueError, OverflowError) as error:
        raise PeriodError(
            _("column {column!r} is not in the calendar: {error}", column=column, error=error)
        ) from error
    # The last tick of a day may end on the next one.
    last = job.schedule.containing(after - timedelta(microseconds=1))
    return Window(first, last.end)
