"""The last periods of contracts at a glance: complete, or how much is missing; for many at once.

It reads what landed in brief and runs no check: a period is complete here when nothing of it is
open and a revision says that it passed. `contract_status` has all of one period.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.contracts import Standings
from include.coverage.reading import read_index
from include.registry.contracts.schema import PARTS
from include.units.first_seen import first_seen
from include.units.job_units import JobUnits
from include.units.retention import oldest_kept
from include.units.unit import LANDED, Unit
from include.units.waivers import read_waivers
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading
from include.warehouse.views import contract_status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row, Select

    from include.periods import Period, Schedule
    from include.registry import Job, Registry
    from include.registry.contracts import Contract
    from include.units.waivers import Waiver


class How(str, Enum):
    """How a period is: complete, or why not.

    `unchecked` has landed, and no revision says that it passes its checks; `waiting` has time until
    its deadline; `unknown` depends on what is broken.
    """

    COMPLETE = "complete"
    UNCHECKED = "unchecked"
    WAITING = "waiting"
    LATE = "late"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PeriodSummary:
    """One period of a contract."""

    period: Period
    how: How
    expected: int  # how many units are expected of it
    missing: Mapping[str, int]  # how many of them are open, by job
    # By when it should be complete; None where that depends on what is broken
    deadline: datetime | None
    # The row of the view `contract_status`; None where it never was complete
    revision: Row[Any] | None


def read_periods(
    engine: Engine,
    registry: Registry,
    contracts: Collection[Contract],
    count: int | Mapping[str, int],
    *,
    now: datetime | None = None,
) -> dict[str, list[PeriodSummary]]:
    """Judge the last periods of some contracts.

    Args:
        engine: of the warehouse.
        registry: all jobs and shops as they are now.
        contracts: those that are wanted, which fit the registry.
        count: how many periods of each, up to the one that ended last; one number for all, or one
            for each kind of period.
        now: the moment at which they are judged; the warehouse's own clock unless given.

    Returns:
        the periods by contract, the oldest first; without those of which nothing is expected, and
        those of which nothing is kept.
    """
    standings = Standings(engine, registry)
    moment = now or standings.now
    counts = dict.fromkeys(PARTS, count) if isinstance(count, int) else count
    wanted = {one.id: _last(one.calendar, moment, counts[one.period]) for one in contracts}
    since = _since(registry, contracts, wanted)
    seen = first_seen(engine, since, moment)
    shops = registry.shops.values()
    units = {job_id: JobUnits(registry.jobs[job_id], shops, seen[job_id]) for job_id in since}
    with reading(engine) as connection:
        known = _Known(connection, since, units, list(wanted))
    kept = oldest_kept(registry, moment)
    summaries = {}
    for contract in contracts:
        jobs, problems = contract.jobs_of(registry.jobs), standings.unknown(contract)
        judge = _Judge(contract, jobs, known, moment, is_unknown=bool(problems))
        of_each = (
            judge.summary(period, is_kept=period.end > kept) for period in wanted[contract.id]
        )
        summaries[contract.id] = [summary for summary in of_each if summary]
    return summaries


def _last(calendar: Schedule, now: datetime, count: int) -> list[Period]:
    """Return the last periods that have ended, the oldest first."""
    found = [calendar.last_ended(now)]
    while len(found) < count:
        found.append(calendar.preceding(found[-1]))
    return found[::-1]


def _since(
    registry: Registry, contracts: Collection[Contract], wanted: Mapping[str, Sequence[Period]]
) -> dict[str, datetime]:
    """Return from when on each job matters: where the first period that needs it starts."""
    since: dict[str, datetime] = {}
    for contract in contracts:
        first = wanted[contract.id][0].start
        for job in contract.jobs_of(registry.jobs):
            since[job.id] = min(first, since.get(job.id, first))
    return since


class _Known:
    """What the warehouse has of some jobs, from a moment of each on, and of some contracts.

    Args:
        connection: to the warehouse.
        since: the moment of each job.
        units: what each job expects.
        contract_ids: of the contracts.
    """

    def __init__(
        self,
        connection: Connection,
        since: Mapping[str, datetime],
        units: Mapping[str, JobUnits],
        contract_ids: Sequence[str],
    ) -> None:
        self._units = units
        moments: dict[datetime, list[str]] = defaultdict(list)
        for job_id, moment in since.items():
            moments[moment].append(job_id)
        self._index = read_index(connection, moments, in_full=False)
        self._cut_short: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._waived: dict[tuple[str, str], list[Waiver]] = defaultdict(list)
        for moment, job_ids in moments.items():
            for job_id, key, shop in connection.execute(_cut_short(job_ids, moment)):
                self._cut_short[job_id, key].add(shop)
            for waiver in read_waivers(connection, job_ids, moment):
                self._waived[waiver.job_id, waiver.period_key].append(waiver)
        view = contract_status
        query = select(view).where(view.c.contract_id.in_(contract_ids))
        self.revisions = {
            (row.contract_id, row.period_start, row.period_end): row
            for row in connection.execute(query)
        }

    def open_of(self, job: Job, part: Period) -> tuple[int, int]:
        """Return how many units a job expects of one of its periods, and how many are open."""
        expected = self._units[job.id].of(part).expected
        landed = self._index.of_job(job.id).landed_of(part)
        is_open = expected.difference(*(one.shops for one in landed))
        is_open |= expected & self._cut_short.get((job.id, part.key), frozenset())
        accepted = self._waived.get((job.id, part.key), ())
        waived = {one.shop_id for one in accepted if one.is_of(Unit(job.id, one.shop_id, part))}
        return len(expected), len(is_open - waived)


def _cut_short(job_ids: Sequence[str], since: datetime) -> Select[Any]:
    """Return the query of what has landed, and was not pulled up to its period's end."""
    return select(ledger.c.job_id, ledger.c.period_key, ledger.c.shop_id).where(
        ledger.c.job_id.in_(job_ids),
        ledger.c.period_end > since,
        ledger.c.covered_until < ledger.c.period_end,
        ledger.c.state.in_(LANDED),
    )


@dataclass(frozen=True)
class _Judge:
    """Judges the periods of one contract."""

    contract: Contract
    jobs: Sequence[Job]
    known: _Known
    now: datetime
    is_unknown: bool

    def summary(self, period: Period, *, is_kept: bool) -> PeriodSummary | None:
        """Judge one; None where nothing is expected of it, or known."""
        utc = period.start.astimezone(timezone.utc), period.end.astimezone(timezone.utc)
        revision = self.known.revisions.get((self.contract.id, *utc))
        deadline = self.contract.deadline_of(self.jobs, period) if self.jobs else None
        if not is_kept:
            whole = PeriodSummary(period, How.COMPLETE, 0, {}, deadline, revision)
            return whole if revision else None
        missing: Counter[str] = Counter()
        is_whole, needed = True, 0
        for job in self.jobs:
            for part in job.schedule.within(period):
                expected, open_units = self.known.open_of(job, part)
                needed += expected
                is_whole = is_whole and expected - open_units >= self.contract.needed(expected)
                missing[job.id] += open_units
        if self.is_unknown:
            how = How.UNKNOWN
        elif not needed:
            return None
        elif is_whole:
            how = How.COMPLETE if revision else How.UNCHECKED
        else:
            how = How.LATE if deadline and deadline <= self.now else How.WAITING
        return PeriodSummary(period, how, needed, +missing, deadline, revision)
