"""What runs after a contract: whether a period of such a job may begin, and which runs are due.

The periods of a contract that make up one of the job's must all have been complete. Their
revisions are counted together, so that the job's period has a number of its own, which rises
when any of them is restated.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from include.contracts.revisions import last_of
from include.periods import PUNCTUAL
from include.registry.contracts import load_contracts
from include.registry.dated_scripts import dating_of
from include.units.first_seen import first_seen
from include.units.job_units import JobUnits
from include.units.ledger import Ledger
from include.warehouse.tables import contracts
from include.warehouse.transactions import now as clock_of
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from include.periods import Period
    from include.registry import Job, Registry
    from include.registry.contracts import Contract

INSTANT = timedelta(microseconds=1)


class Followed(NamedTuple):
    """All that a period of a job waits for is complete.

    Attributes:
        number: 1 for the first time, and one more for each change since.
        complete_at: when the last of it became so; by the warehouse's clock.
    """

    number: int
    complete_at: datetime


class FollowerRun(NamedTuple):
    """A run that is to be made: of one name there is one.

    Attributes:
        job_id: whose.
        key: which period it covers.
        number: of what it follows.
        again: whether it runs what has landed once more.
    """

    job_id: str
    key: str
    number: int
    again: bool

    @property
    def body(self) -> dict[str, Any]:
        """What the REST API is told to make it."""
        return {
            "dag_run_id": f"after__{self.key}__r{self.number}",
            "logical_date": None,
            "partition_key": self.key,
            "conf": {"again": True} if self.again else {},
        }


def followed(connection: Connection, contract: Contract, period: Period) -> Followed | None:
    """Return what a period of a job after a contract follows; None where that is not complete."""
    last = period.end.astimezone(timezone.utc) - INSTANT
    parts = list(contract.calendar.starting_between(period.start, last))
    found = [last_of(connection, contract, part) for part in parts]
    known = [
        one.revision
        for one, part in zip(found, parts, strict=True)
        if one and one.revision.is_of(part)
    ]
    if not parts or len(known) < len(parts):
        return None
    number = sum(one.number for one in known) - len(known) + 1
    return Followed(number, max(one.complete_at for one in known))


def awaiting(
    engine: Engine, root: Path, registry: Registry, periods: Iterable[tuple[str, Period]]
) -> set[tuple[str, str]]:
    """Return those of some jobs' periods, by job and key, whose contract is not complete yet."""
    after = {
        (job_id, period.key): period for job_id, period in periods if registry.jobs[job_id].after
    }
    if not after:
        return set()
    contracts = load_contracts(root, registry).by_id
    with reading(engine) as connection:
        return {
            (job_id, key)
            for (job_id, key), period in after.items()
            if not followed(connection, contracts[registry.jobs[job_id].after or ""], period)
        }


def runs_due(
    engine: Engine, registry: Registry, job: Job, contract: Contract
) -> Iterator[FollowerRun]:
    """Yield the runs of a job after a contract that should be there, oldest period first.

    What was complete longer ago than the job's `recover` is left to a repair.
    """
    begin = first_seen(engine, [job.id])[job.id]
    units, ledger = JobUnits(job, registry.shops.values(), begin), Ledger(engine)
    with reading(engine) as connection:
        now = clock_of(connection)
        oldest = now - max(job.recover, PUNCTUAL)
        lately = select(contracts.c.period_start).where(
            contracts.c.contract_id == contract.id, contracts.c.complete_at > oldest
        )
        starts = sorted(set(connection.scalars(lately)))
        periods = dict.fromkeys(job.schedule.containing(start) for start in starts)
        if not dating_of(job).dated:  # its script can bring no older one
            periods = dict.fromkeys(periods.keys() & {job.schedule.last_ended(now)})
        whole = [(period, followed(connection, contract, period)) for period in periods]
    for period, told in whole:
        expected = units.expected(period)
        if told is None or not expected:
            continue
        restates = job.restate and told.number > 1
        landed = [row for row in ledger.rows(job.id, period.key) if row.is_of(period)]
        # What began before the change may have read what was there before.
        began = [row.started_at or row.finished_at for row in landed]
        stale = restates and any(moment and moment < told.complete_at for moment in began)
        if stale or ledger.open_units(expected):
            yield FollowerRun(job.id, period.key, told.number, restates)
