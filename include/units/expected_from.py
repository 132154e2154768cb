"""From when on a job is expected to land."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from include.periods import PUNCTUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.registry import Job

# The calendar's business is to be finite.
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)


def begins_of(jobs: Iterable[Job], seen: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return from when on jobs are expected to land, by job.

    Args:
        jobs: the registry's.
        seen: when each was first seen.
    """
    found = {}
    for job in jobs:
        # What is wrong with one job is said by whoever judges it, and costs no other.
        with suppress(ArithmeticError, ValueError):
            found[job.id] = expected_from(job, seen.get(job.id))
    return found


def expected_from(job: Job, first_seen: datetime | None) -> datetime:
    """Return the moment from which a job is expected to land: periods that end after it are.

    Where its entry says no `start`, that is the period that had ended last when this installation
    first saw the job, as long as its run was not past recovering by then; else the one after it.

    Args:
        job: the job.
        first_seen: when that was (aware); None where nobody asks what is expected.
    """
    schedule = job.schedule
    if job.start is not None:
        return schedule.first_instant(job.start).astimezone(timezone.utc)
    if first_seen is None:
        return LONG_AGO
    period = schedule.last_ended(first_seen)
    age = first_seen.timestamp() - schedule.fire_for(period).timestamp()
    if age > max(job.recover, PUNCTUAL).total_seconds():
        period = schedule.following(period)
    return period.start.astimezone(timezone.utc)
