"""What runs after a contract: whether a period of such a job may begin, and which runs are due.

The periods of a contract that make up one of the job's must all be complete. Their revisions are
counted together, so that the job's period has a number of its own, which rises when any of them is
restated. What was complete may be so no more, after a pull in vain: what runs meanwhile lands
provisionally, and runs again under a name of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from include.contracts.revisions import last_of
from include.contracts.standing import Standings
from include.periods import PUNCTUAL
from include.registry.contracts import load_contracts
from include.registry.dated_scripts import dating_of
from include.units.first_seen import first_seen
from include.units.job_units import JobUnits
from include.units.ledger import Ledger
from include.units.retention import oldest_kept
from include.units.unit import State
from include.warehouse.tables import contracts
from include.warehouse.tables import ledger as ledger_table
from include.warehouse.transactions import now as clock_of
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from include.periods import Period
    from include.registry import Job, Registry
    from include.registry.contracts import Contract


class Followed(NamedTuple):
    """All that a period of a job waits for is complete."""

    number: int  # 1 for the first time, and one more for each change since
    complete_at: datetime  # when the last of it became so; by the warehouse's clock


class FollowerRun(NamedTuple):
    """A run that is to be made: of one name there is one."""

    job_id: str
    key: str  # which period it covers
    number: int  # of what it follows
    again: bool  # whether it runs what has landed once more
    # Of what landed provisionally since that was complete: how many were made; else 0
    attempts: int = 0

    @property
    def body(self) -> dict[str, Any]:
        """What the REST API is told to make it."""
        attempts = f"__{self.attempts}" if self.attempts else ""
        return {
            "dag_run_id": f"after__{self.key}__r{self.number}{attempts}",
            "logical_date": None,
            "partition_key": self.key,
            "conf": {"again": True} if self.again else {},
        }


class Following:
    """Whether what periods of jobs follow is complete now.

    Args:
        engine: of the warehouse.
        registry: all jobs and shops as they are now.
    """

    def __init__(self, engine: Engine, registry: Registry) -> None:
        self._engine, self._registry = engine, registry
        self._standings = Standings(engine, registry)

    def written(self, contract: Contract, period: Period) -> Followed | None:
        """Return what a job's period follows as it was last complete; None: it never was."""
        parts = contract.calendar.within(period)
        with reading(self._engine) as connection:
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

    def is_complete(self, contract: Contract, period: Period) -> bool:
        """Return whether all that a job's period follows was complete, and is so still.

        Of what the ledger does not keep any more, its revision tells.
        """
        kept = oldest_kept(self._registry, self._standings.now)
        return self.written(contract, period) is not None and all(
            part.end <= kept or self._standings.of(contract, part).complete
            for part in contract.calendar.within(period)
        )


def awaiting(
    engine: Engine, root: Path, registry: Registry, periods: Iterable[tuple[str, Period]]
) -> set[tuple[str, str]]:
    """Return those of some jobs' periods, by job and key, whose contract is not complete."""
    after = {
        (job_id, period.key): period for job_id, period in periods if registry.jobs[job_id].after
    }
    if not after:
        return set()
    contracts = load_contracts(root, registry).by_id
    following = Following(engine, registry)
    return {
        (job_id, key)
        for (job_id, key), period in after.items()
        if not following.is_complete(contracts[registry.jobs[job_id].after or ""], period)
    }


def runs_due(
    engine: Engine,
    registry: Registry,
    job: Job,
    contract: Contract,
    made: Collection[FollowerRun] = (),
) -> Iterator[FollowerRun]:
    """Yield the runs of a job after a contract that should be there, oldest period first.

    What was complete longer ago than the job's `recover` is left to a repair.

    Args:
        engine: of the warehouse.
        registry: all jobs and shops as they are now.
        job: the job.
        contract: the one that it runs after.
        made: those that are there.
    """
    begin = first_seen(engine, [job.id])[job.id]
    units, ledger = JobUnits(job, registry.shops.values(), begin), Ledger(engine)
    following = Following(engine, registry)
    for period in _changed(engine, job, contract):
        told, expected = following.written(contract, period), units.expected(period)
        if told is None or not expected:
            continue
        restates = job.restate and told.number > 1
        rows = [row for row in ledger.rows(job.id, period.key) if row.is_of(period)]
        # What began before the change may have read what was there before.
        began = [(row.state, row.started_at or row.finished_at) for row in rows]
        stale = restates and any(one and one < told.complete_at for _, one in began)
        if not stale and not ledger.open_units(expected):
            continue
        # What ran while it was complete no more: the run of its revision has been made.
        again = any(
            state == State.PROVISIONAL and one and one >= told.complete_at for state, one in began
        )
        attempts = sum(row.attempts for row in rows) if again else 0
        run = FollowerRun(job.id, period.key, told.number, restates, attempts)
        if run not in made and following.is_complete(contract, period):
            yield run


def _changed(engine: Engine, job: Job, contract: Contract) -> list[Period]:
    """Return the periods of a job whose contract was complete of late, or that are provisional."""
    with reading(engine) as connection:
        now = clock_of(connection)
        oldest = now - max(job.recover, PUNCTUAL)
        lately = select(contracts.c.period_start).where(
            contracts.c.contract_id == contract.id, contracts.c.complete_at > oldest
        )
        provisional = select(ledger_table.c.period_start).where(
            ledger_table.c.job_id == job.id, ledger_table.c.state == State.PROVISIONAL
        )
        starts = {*connection.scalars(lately), *connection.scalars(provisional)}
    periods = dict.fromkeys(job.schedule.containing(start) for start in sorted(starts))
    if dating_of(job).dated:
        return list(periods)
    last = job.schedule.last_ended(now)  # its script can bring no older one
    return [last] if last in periods else []
