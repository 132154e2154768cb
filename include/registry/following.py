"""Jobs that run after a contract: whether they fit it, and from when on a period is missing.

Such a job has no cron of its own. It gets one that fires at the contract's deadline: until then it
may wait for the contract, from then on a period that has not landed is missing, and two hours later
it is late, as of any job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.language import N_, _
from include.periods import CALLED, DAYS_IN_A_WEEK, LAST_DAY_OF_EVERY_MONTH, WEEKDAYS
from include.registry.contracts.loading import SAMPLE
from include.registry.contracts.schema import PARTS
from include.registry.deadlines import LAST_OF_A_DAY, check_deadline
from include.registry.paths import CONTRACTS_FILE
from include.registry.problems import costing_only
from include.text import either, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.registry.contracts import Contract, Contracts
    from include.registry.entries import Entry
    from include.registry.problems import Problem
    from include.registry.schema import Job


def settled(
    made: Mapping[Entry, Job], contracts: Contracts, problems: list[Problem]
) -> dict[str, Job]:
    """Return the jobs by id, those after a contract with their cron; what does not fit is left out.

    Args:
        made: all jobs, by their entries.
        contracts: all contracts, whether their jobs fit or not.
        problems: gets what is wrong.
    """
    following = _Following({job.id: job for job in made.values()}, contracts)
    found: dict[str, Job] = {}
    for entry, job in made.items():
        with costing_only(entry.file, entry.line, entry.said_id, problems):
            if not job.after:
                found[job.id] = job
            elif why := following.misfit(job):
                problems.append(entry.problem(("after",), _("after: {problem}", problem=why)))
            elif why := _late(one := following.with_cron(job)):
                told = _("{key} {problem}", key="deadline", problem=why)
                problems.append(entry.problem(("deadline",), told))
            else:
                found[job.id] = one
    return found


class _Following:
    """The jobs, and the contracts that some run after."""

    def __init__(self, jobs: Mapping[str, Job], contracts: Contracts) -> None:
        self._jobs, self._contracts = jobs, contracts

    def misfit(self, job: Job) -> str:
        """Return why a job cannot run after its contract; empty when it can."""
        contract = self._contracts.by_id.get(job.after or "")
        if contract is None:
            return self._unknown(job.after or "")
        if way := self._way_back(job):
            return _(
                "{job} runs after {way}, so that none of them would ever begin: take a job out of "
                "its contract in {file}, or let {job} run after another one",
                job=job.id, way=way, file=CONTRACTS_FILE,
            )  # fmt: skip
        return _misfit(job, contract)

    def with_cron(self, job: Job) -> Job:
        """Return a job after a contract, which fits, with the cron of that one's deadline."""
        contract = self._contracts.by_id[job.after or ""]
        named = (self._jobs[one] for one in contract.jobs if one in self._jobs)
        parts = [one for one in named if one.period in PARTS[contract.period]]
        known = [self.with_cron(one) if one.after else one for one in parts if self._is_good(one)]
        settled: dict[str, Any] = {"cron": _cron_of(job, contract, known)}
        # What waits for what never comes is due no more than that.
        if self.is_vain(contract):
            settled["enabled"] = False
        return job.model_copy(update=settled)

    def is_vain(self, contract: Contract) -> bool:
        """Return whether a contract is never complete, since all of its jobs are disabled."""
        named = [self._jobs.get(job_id) for job_id in contract.jobs]
        return all(job is not None and self._is_idle(job) for job in named)

    def _is_idle(self, job: Job) -> bool:
        if not job.enabled:
            return True
        if not job.after or self.misfit(job):
            return False
        return self.is_vain(self._contracts.by_id[job.after])

    def _is_good(self, job: Job) -> bool:
        return not job.after or not self.misfit(job)

    def _unknown(self, name: str) -> str:
        said, problems = self._contracts.said, self._contracts.problems
        if name in said:
            where = f"{CONTRACTS_FILE}:{said[name]}"
            return _(
                "contract {name!r} is wrong itself: repair it in {where}", name=name, where=where
            )
        if broken := next((one for one in problems if one.job_id is None), None):
            where = f"{broken.file}:{broken.line}"
            return _("{name} cannot be looked up: repair {where}", name=quoted(name), where=where)
        return _(
            "{name} is no contract of {file}: {near}", name=quoted(name), file=CONTRACTS_FILE,
            near=suggestion(name, said) if said else _("add it there"),
        )  # fmt: skip

    def _way_back(self, job: Job) -> str:
        """Return how a job waits for itself, from its contract on; empty when it does not."""
        waiting: list[tuple[Job, str]] = [(job, "")]
        seen = set()
        while waiting:
            one, way = waiting.pop()
            contract = self._contracts.by_id.get(one.after or "")
            if contract is None or contract.id in seen:
                continue
            seen.add(contract.id)
            here: str = contract.id
            if way:
                here = _("{way}, which runs after {contract}", way=way, contract=contract.id)
            for name in contract.jobs:
                step = _("{way}, which needs {job}", way=here, job=name)
                if name == job.id:
                    return step
                if name in self._jobs:
                    waiting.append((self._jobs[name], step))
        return ""


def _misfit(job: Job, contract: Contract) -> str:
    if contract.period not in PARTS.get(job.period, ()):
        kinds = [kind for kind, parts in PARTS.items() if contract.period in parts]
        repair = N_("write 'period: {period}'")
        if len(kinds) > 1:
            repair = N_("write 'period: {period}' (it may be {kinds})")
        elif job.period in PARTS:
            repair = N_("write 'period: {period}', or name a contract of {covered}")
        covered = _(CALLED[job.period])
        return _(
            "{job} covers {covered}, and contract {contract} is of {kind}: {repair}",
            job=job.id, covered=covered, contract=contract.id, kind=_(CALLED[contract.period]),
            repair=_(repair, period=contract.period, kinds=either(kinds), covered=covered),
        )  # fmt: skip
    if job.timezone != contract.timezone:
        return _(
            "{job} keeps the clock of {zone}, and contract {contract} that of {other}: write "
            "'timezone: {other}'",
            job=job.id, zone=job.timezone, contract=contract.id, other=contract.timezone,
        )  # fmt: skip
    if job.period == contract.period == "week" and job.week_start != contract.week_start:
        return _(
            "a week of {job} begins on {day}, and one of contract {contract} on {other}: write "
            "'week_start: {other}'",
            job=job.id, day=job.week_start, contract=contract.id, other=contract.week_start,
        )  # fmt: skip
    return ""


def _late(job: Job) -> str:
    """Return why the deadline of a job after a contract is too early; empty when it is not."""
    try:
        if job.deadline is not None:
            check_deadline(job.cron, job.period, job.deadline, job.after)
    except ValueError as error:
        return str(error)
    return ""


def _cron_of(job: Job, contract: Contract, parts: list[Job]) -> str:
    """Return a cron that fires when the last period of a contract is due in one of a job's.

    On a day of its own it cannot be later than 23:59; in a month, than the 28th.
    """
    period = contract.calendar.containing(SAMPLE)
    days, clock = 0, contract.deadline
    if parts:
        due = contract.deadline_of(parts, period)
        days, clock = (due.date() - period.end.date()).days, due.time()
    minute, hour = (clock.minute, clock.hour) if clock else (0, 0)
    if job.period == "week":
        first = (WEEKDAYS.index(job.week_start) + 1) % DAYS_IN_A_WEEK  # Sunday is 0
        return f"{minute} {hour} * * {(first + min(days, 6)) % DAYS_IN_A_WEEK}"
    if job.period == "month":
        return f"{minute} {hour} {min(days + 1, LAST_DAY_OF_EVERY_MONTH)} * *"
    if days > 0:
        minute, hour = LAST_OF_A_DAY.minute, LAST_OF_A_DAY.hour
    return f"{minute} {hour} * * *"
