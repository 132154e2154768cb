"""From what was asked to what is run: the job, its periods and its shops."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.registry import SHOPS_FILE, load_registry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from include.periods import Period
    from include.registry import Job, Registry
    from include.running.request import Request


def find_job(registry: Registry, request: Request) -> Job:
    """Return the job that was asked for.

    Raises:
        ConfigurationError: its entry is broken, or there is none; says what is wrong, or which id
            comes nearest.
    """
    job = registry.jobs.get(request.job_id)
    if job:
        return job
    whole = load_registry(request.root)  # the one given may hold this job's files only
    ids = {*whole.jobs, *(problem.job_id for problem in whole.problems if problem.job_id)}
    about = [str(p) for p in whole.problems if p.job_id in (request.job_id, None)]
    if request.job_id in ids:
        raise ConfigurationError(
            "\n".join([f"the entry of job {request.job_id!r} is broken; repair it first:", *about])
        )
    message = f"there is no job {request.job_id!r}{_nearest(request.job_id, ids)}"
    raise ConfigurationError("\n".join([message, *about]))


def find_periods(job: Job, request: Request, now: datetime) -> list[Period]:
    """Return the periods to run, oldest first; the last that ended if none was named.

    Args:
        job: whose calendar counts.
        request: names a period, a range, or nothing.
        now: an aware moment.

    Raises:
        ConfigurationError: a key is malformed, or its period has not ended.
    """
    if request.first:
        return job.schedule.ended_between(request.first, request.last, now)
    if request.period:
        return [job.schedule.ended(request.period, now)]
    return [job.schedule.last_ended(now)]


def check_shops(registry: Registry, job: Job, wanted: Iterable[str]) -> None:
    """Refuse to narrow a run to a shop that is not one of the job's enabled shops.

    Raises:
        ConfigurationError: says why it is none, or which id comes nearest.
    """
    ids = [shop.id for shop in registry.shops_of(job)]
    for shop in wanted:
        if shop not in ids:
            raise ConfigurationError(why_not(registry, job, shop))


def why_not(registry: Registry, job: Job, shop: str) -> str:
    """Say why a shop is not one of a job's enabled shops, and what to write instead."""
    ids = [shop.id for shop in registry.shops_of(job)]
    if not job.platform:
        return f"job {job.id!r} has no shops: leave shop {shop!r} out"
    known = registry.shops.get(shop)
    if known is None:
        problems = [each for each in registry.problems if each.file == SHOPS_FILE]
        about = [str(each) for each in problems if each.job_id in (shop, None)]
        if any(each.job_id == shop for each in problems):
            return "\n".join([f"the entry of shop {shop!r} is broken; repair it first:", *about])
        message = f"there is no shop {shop!r} on {job.platform}{_nearest(shop, ids)}"
        return "\n".join([message, *about])
    if known.platform != job.platform:
        wrong = f"shop {shop!r} is on {known.platform}, and job {job.id!r} is for {job.platform}"
        return f"{wrong}: name a job for {known.platform}, or one of {', '.join(ids[:20])}"
    return f"shop {shop!r} is disabled: set 'enabled: true' for it in {SHOPS_FILE}"


def _nearest(name: str, names: Iterable[str]) -> str:
    ordered = sorted(names)
    near = get_close_matches(name, ordered, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(ordered[:20])}" if ordered else ""
