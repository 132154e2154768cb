"""Which runs close some gaps: one for each job and period, the oldest first.

All are made at once; `include.scheduling.priority` says which of them works first. Pure: who starts
them (the command line, the page) asks Airflow's API, and hands in what it knows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from include.coverage.history import History
from include.coverage.runs import UnderWay, body_of
from include.units.unit import REPAIR_PREFIX, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from include.coverage.coverage import Coverage
    from include.coverage.judged_unit import JudgedUnit
    from include.coverage.model import Cell
    from include.coverage.runs import Name, Run
    from include.registry import Job

PAUSED, NO_DAG, SEEN_TO, DISABLED = "paused", "no DAG", "under way", "disabled"
# It runs after a contract, which is not complete: by itself as soon as it is.
AWAITING = "awaiting"
# The script takes no period, and another one has ended since.
UNREPAIRABLE = "unrepairable"
# A run of the job is stuck, and so would be another.
BLOCKED = "blocked"
# The job has as many runs that wait as it may have: Airflow makes no run of the schedule's beside
# `max_active_runs` others, in which these are counted.
LATER, MOST_WAITING = "later", 900
# What Airflow itself takes to make a run, start its task and end it.
OVERHEAD_SECONDS = 5.0
NO_HISTORY = History()


@dataclass(frozen=True)
class RepairRun:
    """A run that closes gaps of one job and period."""

    job: Job
    key: str  # the period's
    shops: tuple[str, ...]  # those with a gap
    whole: bool  # whether they are all there are
    number: int  # which repair of the period it is, from 1
    calls: int | None  # about how many it makes; None where unknown
    seconds: float | None  # about how long it takes; None where unknown

    @property
    def run_id(self) -> str:
        """Its name: the same for all who ask for the same at the same time."""
        return f"{REPAIR_PREFIX}{self.key}__{self.number}"

    @property
    def body(self) -> dict[str, Any]:
        """What Airflow is sent to make it."""
        return body_of(self.key, {} if self.whole else {"shops": list(self.shops)}, self.run_id)


@dataclass(frozen=True)
class RunUnderWay:
    """A run that is there already, and covers gaps of one job and period."""

    job: Job
    key: str  # the period's
    shops: tuple[str, ...]  # those with a gap
    run_id: str


@dataclass(frozen=True)
class Plan:
    """What a repair would run."""

    runs: Sequence[RepairRun]  # the oldest period first
    # How many units of each job no run is made for, by (job, why)
    held: Mapping[tuple[str, str], int] = field(default_factory=dict)
    # The runs that cover gaps already, the oldest period first
    under_way: Sequence[RunUnderWay] = ()
    # Runs that are there already, and will not close the gaps that they cover
    stuck: Sequence[Run] = ()

    @property
    def units(self) -> int:
        """How many gaps the runs close."""
        return sum(len(run.shops) for run in self.runs)

    @property
    def calls(self) -> int | None:
        """About how many calls they make together; None where unknown."""
        told = [run.calls for run in self.runs]
        return None if None in told else sum(calls for calls in told if calls is not None)

    @property
    def minutes(self) -> float | None:
        """About how long they take, platforms side by side; None where unknown."""
        by_platform: dict[str, float] = defaultdict(float)
        for run in self.runs:
            if run.seconds is None:
                return None
            by_platform[run.job.platform or run.job.id] += run.seconds
        return max(by_platform.values(), default=0) / 60


@dataclass(frozen=True)
class Hindrances:
    """What keeps a run from being of use."""

    # Of each job that is a DAG, whether it is paused: its runs would wait for ever
    paused: Mapping[str, bool]
    # Jobs and keys of the periods whose contract is not complete yet
    awaiting: Collection[tuple[str, str]] = ()

    def why_held(self, unit: JudgedUnit, stuck: Run | None) -> str:
        """Return why no run is made for a gap; empty where one is.

        Args:
            unit: the gap.
            stuck: a run that stands before it and cannot move.
        """
        if unit.state == State.UNREPAIRABLE:
            return UNREPAIRABLE
        if unit.job_id not in self.paused:
            return NO_DAG
        if self.paused[unit.job_id]:
            return PAUSED
        if (unit.job_id, unit.period.key) in self.awaiting:
            return AWAITING
        return BLOCKED if stuck and stuck.blocks else ""


def plan_of(
    coverage: Coverage,
    gaps: Iterable[JudgedUnit],
    hindrances: Hindrances,
    runs: Iterable[Run],
    history: History = NO_HISTORY,
) -> Plan:
    """Return the runs that close some gaps.

    Args:
        coverage: which has the gaps.
        gaps: those to be closed.
        hindrances: what keeps runs from being of use.
        runs: Airflow's, of these jobs: those that wait or work, and all repairs.
        history: what jobs have cost lately.
    """
    by_job: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_job[run.job_id].append(run)
    under_way = UnderWay(chain.from_iterable(by_job.values()))
    held = _switched_off(coverage)
    missing: dict[tuple[str, str], list[JudgedUnit]] = defaultdict(list)
    seen_to: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    stuck: dict[Name, Run] = {}
    for unit in gaps:
        waits = under_way.stuck_before(unit)
        stuck |= {waits.name: waits} if waits else {}
        if why := hindrances.why_held(unit, waits):
            held[unit.job_id, why] += 1
        elif seeing := under_way.seeing_to(unit):
            held[unit.job_id, SEEN_TO] += 1
            seen_to[unit.job_id, unit.period.key, seeing.run_id].append(unit.shop_id)
        else:
            missing[unit.job_id, unit.period.key].append(unit)
    cells = {(cell.job.id, cell.period.key): cell for cell in coverage.cells}
    due = {key: cell.due_at.timestamp() for key, cell in cells.items()}
    held.update(_leave_for_later(missing, due, by_job))
    followed = [
        RunUnderWay(cells[job, key].job, key, tuple(seen_to[job, key, run_id]), run_id)
        for job, key, run_id in sorted(seen_to, key=lambda each: due[each[:2]])
    ]
    order = sorted(missing, key=due.__getitem__)
    made = [_run_of(cells[each], missing[each], by_job[each[0]], history) for each in order]
    return Plan(made, held, followed, list(stuck.values()))


def _leave_for_later(
    missing: dict[tuple[str, str], list[JudgedUnit]],
    due: Mapping[tuple[str, str], float],
    runs: Mapping[str, Sequence[Run]],
) -> Counter[tuple[str, str]]:
    """Take the periods for whose runs there is no room now out of `missing`; count their units."""
    waiting = Counter({job: sum(run.under_way for run in runs[job]) for job in runs})
    left: Counter[tuple[str, str]] = Counter()
    for name in sorted(missing, key=due.__getitem__):
        waiting[name[0]] += 1
        if waiting[name[0]] > MOST_WAITING:
            left[name[0], LATER] += len(missing.pop(name))
    return left


def _switched_off(coverage: Coverage) -> Counter[tuple[str, str]]:
    """Count what was never landed of jobs that are disabled."""
    found: Counter[tuple[str, str]] = Counter()
    for cell in coverage.cells:
        if not cell.job.enabled and cell.counts[State.DISABLED]:
            found[cell.job.id, DISABLED] += cell.counts[State.DISABLED]
    return found


def _run_of(
    cell: Cell, units: Sequence[JudgedUnit], runs: Sequence[Run], history: History
) -> RepairRun:
    """Return the run of one job and period; `runs` are those that its job has already."""
    job, key = cell.job, cell.period.key
    shops = tuple(unit.shop_id for unit in units)
    seconds = history.seconds(job.id, len(shops))
    expected = sum(cell.counts.values()) - cell.counts[State.DISABLED]
    return RepairRun(
        job=job,
        key=key,
        shops=shops,
        whole=not job.platform or len(shops) == expected,
        number=max((run.number_for(key) for run in runs), default=0) + 1,
        calls=history.calls(job.id, shops),
        seconds=None if seconds is None else seconds + OVERHEAD_SECONDS,
    )
