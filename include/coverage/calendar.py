"""The periods of a job that coverage looks at, and when each was due."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from include.errors import ConfigurationError
from include.registry.retention import DEFAULTS, LEDGER, settings_of
from include.units.job_units import LONG_AGO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    from include.periods import Period
    from include.registry import Job, Registry

    Since: TypeAlias = datetime | Mapping[str, datetime]

HOUSEKEEPING = "housekeeping"


class Due(NamedTuple):
    """A period that has ended, and when the run that covers it starts."""

    period: Period
    due_at: datetime


def oldest_kept(registry: Registry, now: datetime) -> datetime:
    """Return the moment before which the job `housekeeping` has removed the ledger's rows.

    What ended before it may have landed or not: nobody can know any more.
    """
    job = registry.jobs.get(HOUSEKEEPING)
    days = DEFAULTS[LEDGER]
    if job is not None:
        # With a wrong setting it removes nothing; what it has removed before is not known.
        with suppress(ConfigurationError):
            days = settings_of(job.env, ()).ledger
    return now - timedelta(days=days) if days else LONG_AGO


def since_of(since: Since, job: Job) -> datetime:
    """Return the moment from which a job is looked at.

    Args:
        since: one for all jobs, or one for each kind of period.
        job: the job.
    """
    return since if isinstance(since, datetime) else since[job.period]


def periods_of(job: Job, since: datetime, until: datetime) -> Iterator[Due]:
    """Return the periods of a job that ended after one moment and not after another.

    Args:
        job: the job.
        since: aware; a period that goes on past it counts.
        until: aware.
    """
    schedule = job.schedule
    period = schedule.containing(since.astimezone(timezone.utc))
    while period.end.timestamp() <= until.timestamp():
        # A tick ends with the fire that runs it; finding that again is most of the work.
        due_at = period.end if job.period == "tick" else schedule.fire_for(period)
        yield Due(period, due_at)
        period = schedule.following(period)
