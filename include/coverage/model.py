"""The model: registry, ledger and clock in, the state of every unit out.

A unit is expected from the later of the job's `start` and the shop's `from` to the shop's `until`,
while both are enabled, and due once the run that covers its period was to start. What is not
expected is never a gap: it has landed all the same, or is `disabled`. A gap that the job's script
cannot bring, since it takes no period and another one has ended since, is `unrepairable`. A gap
that somebody has accepted is `waived`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from include.coverage.judged_unit import Clock, JudgedUnit
from include.coverage.unit_index import LandedRanges, UnitIndex
from include.registry.dated_scripts import dating_of
from include.registry.problems import costing_only
from include.units.job_units import JobUnits, PeriodUnits
from include.units.retention import oldest_kept
from include.units.unit import GAPS, LedgerRow, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from include.periods import Period
    from include.registry import Job, Problem, Registry
    from include.units.waivers import Waiver

    Since: TypeAlias = datetime | Mapping[str, datetime]

NOTHING: Mapping[str, datetime] = MappingProxyType({})


class Due(NamedTuple):
    """A period that has ended, and when the run that covers it starts."""

    period: Period
    due_at: datetime


def since_of(since: Since, job: Job) -> datetime:
    """Return the moment from which a job is looked at: the same for all, or for its period."""
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
        yield Due(period, period.end if job.period == "tick" else schedule.fire_for(period))
        period = schedule.following(period)


@dataclass(frozen=True)
class Cell:
    """One job and period, with all its shops."""

    job: Job
    period: Period  # what the run covers
    due_at: datetime  # when the run was, or is, to start; in the job's time zone
    # Those that have not landed, by shop; all of them where rows were read in full
    units: Sequence[JudgedUnit]
    landed_in_brief: Mapping[State, int]  # how many units have landed beyond these, by state
    # How many rows they landed together; none where nobody counted
    rows_in_brief: int | None = None

    @cached_property
    def counts(self) -> Counter[State]:
        """How many units there are of each state."""
        return Counter(unit.state for unit in self.units) + Counter(self.landed_in_brief)

    @property
    def rows(self) -> int | None:
        """How many rows its units have landed; none where nobody counted."""
        told = [unit.rows for unit in self.units if unit.landed]
        counted = [rows for rows in (*told, self.rows_in_brief) if rows is not None]
        return sum(counted) if counted else None


def units_of(
    registry: Registry,
    rows: Iterable[LedgerRow],
    now: datetime,
    since: Since,
    until: datetime | None = None,
    *,
    seen: Mapping[str, datetime] = NOTHING,
    waivers: Iterable[Waiver] = (),
) -> list[JudgedUnit]:
    """Return every unit whose period has ended, by job (in the registry's order), period and shop.

    Args:
        registry: jobs and shops as they are now.
        rows: the ledger's; of these jobs and of periods that end after `since`, or more.
        now: the moment at which they are judged; aware.
        since: periods that end after it count; one for all, or one for each kind of period.
        until: periods that end after it do not.
        seen: when this installation first saw each job; those that are not in it, just now.
        waivers: gaps that are accepted.
    """
    index = UnitIndex(rows)
    for waiver in waivers:
        index.add_waiver(waiver)
    cells = cells_of(registry, index, Clock(now), since, until, seen=seen)
    return [unit for cell in cells for unit in cell.units]


def cells_of(
    registry: Registry,
    index: UnitIndex,
    clock: Clock,
    since: Since,
    until: datetime | None = None,
    *,
    jobs: Collection[str] | None = None,
    seen: Mapping[str, datetime] = NOTHING,
    problems: list[Problem] | None = None,
) -> Iterator[Cell]:
    """Return every (or each named) job's every period that has ended; see `units_of`.

    A job that cannot be judged costs no more than itself: it becomes one of the `problems`, where
    these are given.
    """
    kept = oldest_kept(registry, clock.now)
    end = clock.now if until is None else min(until, clock.now)
    for job in registry.jobs.values():
        if jobs is not None and job.id not in jobs:
            continue
        cells: list[Cell] = []
        with (
            nullcontext()
            if problems is None
            else costing_only(job.file, job.line, job.id, problems)
        ):
            units = JobUnits(job, registry.shops.values(), seen.get(job.id, clock.now))
            judge = _Judge(job, units, index, clock)
            first = max(since_of(since, job), kept, units.begin)
            cells = [judge.cell_of(due) for due in periods_of(job, first, end)]
        yield from cells


class _Judge:
    """Judges the units of one job."""

    def __init__(self, job: Job, units: JobUnits, index: UnitIndex, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        self._ledger = index.of_job(job.id)
        self._job_units = units
        self._ranges = LandedRanges(self._ledger) if job.period == "tick" else None
        # Most periods of a job have the same shops: what is known of these sets is kept.
        self._counted: dict[frozenset[str], tuple[int, bool]] = {}
        self._missing: dict[tuple[frozenset[str], ...], frozenset[str]] = {}

    @cached_property
    def _dated(self) -> bool:
        """Whether the script can bring any period; read from it only where one is missing."""
        return dating_of(self._job).dated

    @cached_property
    def _last_ended(self) -> Period:
        return self._job.schedule.last_ended(self._clock.now)

    def cell_of(self, due: Due) -> Cell:
        """Judge the units of one period."""
        mine = self._job_units.of(due.period)
        order = self._job_units.order
        rows = self._ledger.rows_of(due.period)
        landed = self._ledger.landed_of(due.period)
        brief: Counter[State] = Counter()
        counted: list[int | None] = []
        for one in landed:
            known, all_known = self._known_among(one.shops)
            brief[one.state] += known
            counted.append(one.rows if all_known else None)
        waiting = self._not_among(mine, rows, [one.shops for one in landed])
        late = self._clock.lateness(due.due_at)
        units = [
            self._unit(due, late, shop, rows.get(shop), expected=shop in mine.expected)
            for shop in sorted(waiting, key=order.__getitem__)
        ]
        whole = [number for number in counted if number is not None]
        return Cell(
            self._job,
            due.period,
            due.due_at,
            units,
            brief,
            sum(whole) if whole and len(whole) == len(counted) else None,
        )

    def _known_among(self, shops: frozenset[str]) -> tuple[int, bool]:
        """Return how many of the shops the registry still knows, and whether it knows all."""
        if shops not in self._counted:
            known = len(shops & self._job_units.order.keys())
            self._counted[shops] = known, known == len(shops)
        return self._counted[shops]

    def _not_among(
        self, mine: PeriodUnits, rows: Mapping[str, LedgerRow], landed: Sequence[frozenset[str]]
    ) -> frozenset[str]:
        """Return the shops that have not landed in brief, of those expected or with a row."""
        key = (mine.expected, mine.switched_off, frozenset(rows), *landed)
        if key not in self._missing:
            with_row = key[2] & self._job_units.order.keys()
            self._missing[key] = (key[0] | key[1] | with_row).difference(*landed)
        return self._missing[key]

    def _unit(
        self, due: Due, late: float, shop: str, row: LedgerRow | None, *, expected: bool
    ) -> JudgedUnit:
        state = self._clock.state_of(row, late, expected=expected)
        if state in GAPS and due.period != self._last_ended and not self._dated:
            state = State.UNREPAIRABLE
        if self._ranges is not None and row is None:
            state = self._ranges.state_of(shop, due.period) or state
        unit = JudgedUnit(self._job.id, shop, due.period, state, due.due_at, row)
        waiver = self._ledger.waivers.get((due.period.key, shop)) if self._ledger.waivers else None
        if waiver is None or not unit.is_gap or not waiver.is_of(unit):
            return unit
        return replace(unit, state=State.WAIVED, waiver=waiver)
