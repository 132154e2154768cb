"""Whether a contract and the jobs that it names go together."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeAlias

from include.registry.contracts.schema import PARTS
from include.registry.paths import TASKS_FOLDER
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.registry.contracts.schema import Contract
    from include.registry.registry import Registry
    from include.registry.schema import Job

    Path: TypeAlias = tuple[int | str, ...]

# Any will do: on which day after its period's end a job runs is the same for all of them.
SAMPLE = datetime(2025, 6, 15, tzinfo=timezone.utc)


def misfits(contract: Contract, registry: Registry) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong, each with the keys and indexes that lead to it in the entry."""
    fitting = []
    for place, job_id in enumerate(contract.jobs):
        job = registry.jobs.get(job_id)
        if job is None:
            if not is_broken(job_id, registry):
                near = suggestion(job_id, registry.jobs)
                yield ("jobs", place), f"jobs {quoted(job_id)} is no job of {TASKS_FOLDER}: {near}"
        elif why := _misfit(contract, job):
            yield ("jobs", place), f"jobs: {why}"
        else:
            fitting.append(job)
    if contract.deadline is None or not fitting:
        return
    start, job = contract.last_start(fitting, contract.calendar.containing(SAMPLE))
    if contract.at(start, contract.deadline) <= start:
        told = (
            f"deadline '{contract.deadline:%H:%M}' is not after {start:%H:%M}, when {job.id} "
            "starts: write a later one, or remove it (without one the latest of its jobs counts)"
        )
        yield ("deadline",), told


def is_broken(job_id: str, registry: Registry) -> bool:
    """Return whether a job is there, or may be, and its own entry or file is what is wrong."""
    files = (one for one in registry.problems if one.file.startswith(TASKS_FOLDER))
    return any(one.job_id in (job_id, None) for one in files)


def _misfit(contract: Contract, job: Job) -> str:
    """Return why a job is no part of a contract; empty when it is."""
    if job.period == "tick":
        return (
            f"{job.id} covers ticks, and a contract whole periods: remove it here, or write "
            "'period: day' in its entry, with a cron that fires once a day"
        )
    if job.period not in PARTS[contract.period]:
        return (
            f"{job.id} covers a {job.period}, which is no part of a {contract.period}: remove it "
            f"here, and add a contract with 'period: {job.period}' for it"
        )
    if job.timezone != contract.timezone:
        return (
            f"{job.id} keeps the clock of {job.timezone}, and this contract that of "
            f"{contract.timezone}: write 'timezone: {job.timezone}' here, or remove the job"
        )
    if job.period == "week" and job.week_start != contract.week_start:
        return (
            f"a week of {job.id} begins on {job.week_start}, and one of this contract on "
            f"{contract.week_start}: write 'week_start: {job.week_start}' here, or remove the job"
        )
    return ""
