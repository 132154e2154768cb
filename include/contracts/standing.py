"""How a period of a contract stands: what it needs, what of that counts, and what is open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.errors import ConfigurationError
from include.language import N_, _, clauses
from include.registry.paths import CONTRACTS_FILE, SHOPS_FILE
from include.registry.problems import Problem
from include.row_checks.judging import doubts
from include.units.first_seen import first_seen
from include.units.job_units import JobUnits
from include.units.unit import LANDED, LedgerRow, Unit, key_of
from include.units.waivers import Waiver
from include.warehouse.tables import ledger, waivers
from include.warehouse.transactions import now as clock_of
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.sql import Select

    from include.periods import Period
    from include.registry import Registry
    from include.registry.contracts import Contract

NOT_COVERED = N_(
    "its pull reached only up to {until:%Y-%m-%d %H:%M:%S} UTC, before the period's end"
)


@dataclass(frozen=True)
class Standing:
    """How a period stood at a moment."""

    contract: Contract
    period: Period
    ended: bool  # whether it is over
    unknown: Sequence[Problem]  # problems of the registry that leave open what it needs
    needed: Sequence[Unit]  # the units that are expected of it, by job, part and shop
    landed: Mapping[Unit, LedgerRow]  # the rows of the ledger of those that count
    waived: frozenset[Unit]  # those of which somebody has accepted that they are missing
    doubts: Mapping[Unit, str]  # of those that landed and do not count, why not

    @property
    def open(self) -> list[Unit]:
        """The units that are expected, and neither count as landed nor are waived."""
        return [unit for unit in self.needed if not self._is_in(unit)]

    @property
    def complete(self) -> bool:
        """Whether nothing is open that the contract waits for."""
        return (
            self.ended
            and not self.unknown
            and bool(self.needed)
            and all(self._is_whole(list(part)) for _, part in groupby(self.needed, _part_of))
        )

    @property
    def row_count(self) -> int | None:
        """How many rows have landed; None where nobody counted any."""
        told = [row.rows for row in self.landed.values() if row.rows is not None]
        return sum(told) if told else None

    def marks(self) -> frozenset[str]:
        """Return a mark of each unit that has landed; one whose rows change has another."""
        return frozenset(map(_mark_of, self.landed.values()))

    def is_as(self, other: Standing) -> bool:
        """Return whether the ledger and the waivers say the same in another one."""
        return (self.waived, self.marks()) == (other.waived, other.marks())

    def _is_in(self, unit: Unit) -> bool:
        return unit in self.landed or unit in self.waived

    def _is_whole(self, units: Sequence[Unit]) -> bool:
        return sum(map(self._is_in, units)) >= self.contract.needed(len(units))


class Standings:
    """Judges the periods of contracts by a registry and a ledger.

    Args:
        engine: of the warehouse.
        registry: all jobs and shops as they are now.
    """

    def __init__(self, engine: Engine, registry: Registry) -> None:
        self._engine = engine
        self._registry = registry
        self._units: dict[str, JobUnits] = {}
        with reading(engine) as connection:
            self.now: datetime = clock_of(connection)  # the moment, by the warehouse's clock

    def of(self, contract: Contract, period: Period) -> Standing:
        """Judge a period, with the checks of its jobs where nothing else is open."""
        with reading(self._engine) as connection:
            standing = self.by_ledger(connection, contract, period)
        return self.checked(standing) if standing.complete else standing

    def by_ledger(self, connection: Connection, contract: Contract, period: Period) -> Standing:
        """Judge a period by what the ledger and the waivers say, without any check of rows."""
        needed = self._needed(contract, period)
        by_key = {key_of(unit): unit for unit in needed}
        landed: dict[Unit, LedgerRow] = {}
        doubted: dict[Unit, str] = {}
        query = _within(ledger, contract, period).where(ledger.c.state.in_(LANDED))
        for found in connection.execute(query).mappings():
            row = LedgerRow(**found)
            unit = by_key.get(key_of(row))
            if unit is None or not row.is_of(unit.period):
                continue
            if row.covered_until is not None and row.covered_until < row.period_end:
                doubted[unit] = _(NOT_COVERED, until=row.covered_until)
            else:
                landed[unit] = row
        query = _within(waivers, contract, period)
        accepted = [Waiver(**row) for row in connection.execute(query).mappings()]
        units = {one: by_key.get((one.job_id, one.shop_id, one.period_key)) for one in accepted}
        waived = {unit for one, unit in units.items() if unit is not None and one.is_of(unit)}
        return Standing(
            contract,
            period,
            ended=period.end <= self.now,
            unknown=self.unknown(contract),
            needed=needed,
            landed=landed,
            waived=frozenset(waived - landed.keys()),
            doubts=doubted,
        )

    def checked(self, standing: Standing) -> Standing:
        """Leave out what landed and does not pass its job's checks, without rejecting it."""
        doubted = dict(standing.doubts)
        parts: dict[tuple[str, str], dict[Unit, LedgerRow]] = defaultdict(dict)
        for unit, row in standing.landed.items():
            parts[_part_of(unit)][unit] = row
        for (job_id, _key), landed in parts.items():
            if checks := self._registry.jobs[job_id].checks:
                try:
                    with reading(self._engine) as connection:
                        told = doubts(connection, checks, landed)
                except ConfigurationError as error:
                    told = {unit: [str(error)] for unit in landed}
                doubted |= {unit: clauses(*faults) for unit, faults in told.items()}
        good = {unit: row for unit, row in standing.landed.items() if unit not in doubted}
        return replace(standing, landed=good, doubts=doubted)

    def _needed(self, contract: Contract, period: Period) -> list[Unit]:
        jobs = contract.jobs_of(self._registry.jobs)
        if unseen := [job.id for job in jobs if job.id not in self._units]:
            seen = first_seen(self._engine, unseen)
            for job_id in unseen:
                job, shops = self._registry.jobs[job_id], self._registry.shops.values()
                self._units[job_id] = JobUnits(job, shops, seen[job_id])
        return [
            unit
            for job in jobs
            for part in job.schedule.within(period)
            for unit in self._units[job.id].expected(part)
        ]

    def unknown(self, contract: Contract) -> list[Problem]:
        """Return the problems of what a contract's jobs and their shops are."""
        jobs, problems = self._registry.jobs, self._registry.problems
        lost = [job_id for job_id in contract.jobs if job_id not in jobs]
        has_shops = any(jobs[one].platform for one in contract.jobs if one in jobs)
        found = [one for one in problems if one.file == SHOPS_FILE and has_shops]
        for job_id in lost:
            own = [one for one in problems if one.job_id in (job_id, None) and one not in found]
            gone = Problem(
                CONTRACTS_FILE, 1, 1, contract.id, _("there is no job {job!r}", job=job_id)
            )
            found += own or [gone]
        return found


def _within(table: Table, contract: Contract, period: Period) -> Select[tuple[object, ...]]:
    """Return the query of what a table has of a contract's jobs and period."""
    return select(table).where(
        table.c.job_id.in_(contract.jobs),
        table.c.period_end > period.start,
        table.c.period_end <= period.end,
    )


def _mark_of(row: LedgerRow) -> str:
    """Return what tells the rows of a unit from those that it had before."""
    said = (*key_of(row), row.period_start, row.revision, row.rows)
    return blake2b("\n".join(map(str, said)).encode(), digest_size=8).hexdigest()


def _part_of(unit: Unit) -> tuple[str, str]:
    return unit.job_id, unit.period.key
