"""Loads config/contracts.yaml: every valid contract and every problem, whatever the file holds."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeAlias

from include import PROJECT_ROOT
from include.language import N_, _
from include.periods import CALLED
from include.registry.contracts.schema import PARTS, Contract
from include.registry.entry_files import EntryFile
from include.registry.paths import CONTRACTS_FILE, TASKS_FOLDER
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.registry.registry import Registry
    from include.registry.schema import Job

    Keys: TypeAlias = tuple[int | str, ...]

# Any will do: on which day after its period's end a job runs is the same for all of them.
SAMPLE = datetime(2025, 6, 15, tzinfo=timezone.utc)


class Contracts(EntryFile[Contract]):
    """What config/contracts.yaml says."""

    file, key = CONTRACTS_FILE, "contracts"
    if_empty = N_("write 'contracts: []' into it, or add a contract")
    clash = N_(
        "id '{id}' is also in line {line}: neither is judged until one of them has another id, or "
        "is removed"
    )
    absent = N_("contract {id} is not in {file}: {near}")

    def is_broken(self, contract_id: str) -> bool:
        """Return whether a contract is there, or may be, and its entry or the file is wrong."""
        if contract_id in self.by_id:
            return False
        return contract_id in self.said or any(one.job_id is None for one in self.problems)

    def naming(self, job_id: str) -> list[Contract]:
        """Return those that need a job."""
        return [contract for contract in self.by_id.values() if job_id in contract.jobs]


def load_contracts(root: Path = PROJECT_ROOT, registry: Registry | None = None) -> Contracts:
    """Read a project's contracts; what is wrong with one costs that contract alone.

    Args:
        root: the project root.
        registry: all of its jobs, which are held against those that contracts name; None where
            whether they fit does not matter yet.
    """
    if registry is None:
        return Contracts.load(root, Contract)
    return Contracts.load(root, Contract, lambda contract: misfits(contract, registry))


def misfits(contract: Contract, registry: Registry) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong, each with the keys and indexes that lead to it in the entry."""
    fitting = []
    for place, job_id in enumerate(contract.jobs):
        job = registry.jobs.get(job_id)
        if job is None:
            if not is_broken(job_id, registry):
                told = _(
                    "jobs {job} is no job of {folder}: {near}", job=quoted(job_id),
                    folder=TASKS_FOLDER, near=suggestion(job_id, registry.jobs),
                )  # fmt: skip
                yield ("jobs", place), told
        elif why := _misfit(contract, job):
            yield ("jobs", place), _("jobs: {problem}", problem=why)
        else:
            fitting.append(job)
    if contract.deadline is None or not fitting:
        return
    start, job = contract.last_start(fitting, contract.calendar.containing(SAMPLE))
    if contract.at(start, contract.deadline) <= start:
        told = _(
            "deadline '{deadline:%H:%M}' is not after {start:%H:%M}, when {job} starts: write a "
            "later one, or remove it (without one the latest of its jobs counts)",
            deadline=contract.deadline, start=start, job=job.id,
        )  # fmt: skip
        yield ("deadline",), told


def is_broken(job_id: str, registry: Registry) -> bool:
    """Return whether a job is there, or may be, and its own entry or file is what is wrong."""
    files = (one for one in registry.problems if one.file.startswith(TASKS_FOLDER))
    return any(one.job_id in (job_id, None) for one in files)


def _misfit(contract: Contract, job: Job) -> str:
    """Return why a job is no part of a contract; empty when it is."""
    if not job.data:
        return _(
            "{job} lands no data (its entry says 'data: false'), so that nobody waits for it: "
            "remove it here, or that key there",
            job=job.id,
        )
    if job.period == "tick":
        return _(
            "{job} covers ticks, and a contract whole periods: remove it here, or write "
            "'period: day' in its entry, with a cron that fires once a day",
            job=job.id,
        )
    if job.period not in PARTS[contract.period]:
        return _(
            "{job} covers {covered}, which is no part of {kind}: remove it here, and add a "
            "contract with 'period: {period}' for it",
            job=job.id, covered=_(CALLED[job.period]), kind=_(CALLED[contract.period]),
            period=job.period,
        )  # fmt: skip
    if job.timezone != contract.timezone:
        return _(
            "{job} keeps the clock of {zone}, and this contract that of {other}: write "
            "'timezone: {zone}' here, or remove the job",
            job=job.id, zone=job.timezone, other=contract.timezone,
        )  # fmt: skip
    if job.period == "week" and job.week_start != contract.week_start:
        return _(
            "a week of {job} begins on {day}, and one of this contract on {other}: write "
            "'week_start: {day}' here, or remove the job",
            job=job.id, day=job.week_start, other=contract.week_start,
        )  # fmt: skip
    return ""
