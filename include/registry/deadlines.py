"""What starts a job, and by when its period must have landed.

A cron starts it, or a contract that it runs after; its entry says by when, else two hours later.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, model_validator

from include import cron as crons
from include.language import N_, _
from include.registry.problems import SentenceError

if TYPE_CHECKING:
    from include.periods import Period, Schedule

USUAL = timedelta(hours=2)
LAST_OF_A_DAY = time(23, 59)
NO_START = N_(
    "key 'cron' is missing: add it, as in cron: '0 8 * * *', or in its place a contract that the "
    "job runs after, as in after: store_day"
)
AFTER_A_CRON = N_(
    "'{deadline:%H:%M}' is not after {start:%H:%M}, when the cron starts the job: {repair} "
    "(without one it is two hours after the start, on the next day if need be)"
)
AFTER_A_CONTRACT = N_(
    "'{deadline:%H:%M}' is not after {start:%H:%M}, by when contract {contract} is to be complete: "
    "{repair} (without one it is two hours after the start, on the next day if need be)"
)


class Startable(BaseModel):
    """An entry with a key `after`."""

    @model_validator(mode="before")
    @classmethod
    def _is_no_default(cls, entry: Any) -> Any:
        """Make of a key without a value, which is an error, another value than the default."""
        is_empty = isinstance(entry, dict) and "after" in entry and entry["after"] is None
        return entry | {"after": ""} if is_empty else entry


def check_start(cron: str, after: str | None) -> None:
    """Check that an entry has a cron or a contract to run after, and not both.

    Raises:
        ValueError: the rest of a sentence that begins with the key `after`.
    """
    if after is None and not cron:
        raise SentenceError(_(NO_START))
    if after is not None and cron:
        raise ValueError(_("and cron do not go together: remove one of the two"))


def check_deadline(cron: str, period: str, deadline: time, contract: str | None = None) -> None:
    """Refuse a time of day that a (valid) job has not started by.

    Args:
        cron: when it starts.
        period: what a run covers.
        deadline: the time of day.
        contract: the one that the job runs after: the cron stands for its deadline.

    Raises:
        ValueError: the rest of a sentence that begins with the key.
    """
    if period == "tick":
        told = _(
            "is one time of a day, and the job runs at several: remove it, and each tick is late "
            "two hours after it was to start"
        )
        raise ValueError(told)
    minutes, hours, *_days = crons.expanded(cron)
    start = time(hours[0], minutes[0])
    if deadline > start:
        return
    repair = _('write a later one, as in "{time:%H:%M}"', time=_later(start))
    if start == LAST_OF_A_DAY:
        repair = _("remove it")
    raise ValueError(
        _(AFTER_A_CONTRACT if contract else AFTER_A_CRON, deadline=deadline, start=start,
          contract=contract, repair=repair)
    )  # fmt: skip


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
