"""The judgement of what landed: whether it can be right, by the checks of its job's entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from include.language import _, clauses
from include.row_checks.bounds import (
    NO_TOTAL,
    is_uncounted,
    miscount,
    not_to_tell,
    too_few,
)
from include.row_checks.table_rows import TableRows
from include.units.unit import LANDED, PERIODS_COMPARED, LedgerRow, State, Unit, is_like
from include.warehouse.tables import ledger as table_of_units
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.registry.checks_schema import Checks
    from include.units.ledger import Ledger

# How far back like periods are looked for; ticks of a job may differ in length.
LOOK_BACK_ROWS = 200


@dataclass
class Judgement:
    """What is wrong with units that landed."""

    # Of the units that were rejected, what is wrong with each
    faults: dict[Unit, list[str]] = field(default_factory=dict)
    # Units of which a check can tell nothing, and how to change that; they stay
    unknown: dict[Unit, str] = field(default_factory=dict)

    def lines(self) -> Iterator[tuple[Unit, str]]:
        """Yield a line for each fault, naming the unit, figure and bound."""
        for unit, faults in self.faults.items():
            for fault in faults:
                yield unit, _("{unit}: {fault}", unit=unit, fault=fault)
        for unit, why in self.unknown.items():
            yield unit, _("{unit}: {fault}", unit=unit, fault=why)


def judge(ledger: Ledger, checks: Checks, units: Sequence[Unit]) -> Judgement:
    """Judge those of the units that have landed, and reject in the ledger what cannot be right.

    What is provisional is not judged: it is pulled again when it is due.

    The units are of one job, and their periods follow one another.

    Raises:
        ConfigurationError: a check names what the warehouse does not have.
    """
    with reading(ledger.engine) as connection:
        return _judge(connection, ledger, checks, units)


def _judge(
    connection: Connection, ledger: Ledger, checks: Checks, units: Sequence[Unit]
) -> Judgement:
    judgement = Judgement()
    # What is not there is told, whatever has landed.
    table = TableRows(connection, checks) if checks.table else None
    # One after the other: what is rejected of one period is no measure for the next.
    for key, same in groupby(units, key=lambda unit: unit.period.key):
        of_period = list(same)
        rows = {row.shop_id: row for row in ledger.rows(of_period[0].job_id, key)}
        landed = {
            unit: row
            for unit in of_period
            if (row := rows.get(unit.shop_id)) and row.state in LANDED and row.is_of(unit.period)
        }
        for unit, faults in _wrong(connection, checks, landed, table).items():
            ledger.reject(landed[unit], clauses(*faults))
            judgement.faults[unit] = faults
        for unit, row in landed.items():
            # What an earlier version has landed was not counted by its source.
            is_fresh = row.run_id is not None and row.run_id == ledger.run_id
            if unknown := _unknown(checks, row, is_fresh=is_fresh):
                judgement.unknown[unit] = unknown
    return judgement


def doubts(
    connection: Connection, checks: Checks, landed: Mapping[Unit, LedgerRow]
) -> dict[Unit, list[str]]:
    """Return what keeps units of one period that landed from passing, and reject none.

    That is what `judge` would reject, and what a check cannot tell.

    Raises:
        ConfigurationError: a check names what the warehouse does not have.
    """
    table = TableRows(connection, checks) if checks.table else None
    found = _wrong(connection, checks, landed, table)
    for unit, row in landed.items():
        if unknown := _unknown(checks, row, is_fresh=True):
            found.setdefault(unit, []).append(unknown)
    return found


def _unknown(checks: Checks, row: LedgerRow, *, is_fresh: bool) -> str:
    """Return why a check cannot tell whether a unit passes it; empty if each can."""
    told = not_to_tell(checks) if is_uncounted(row) else ""
    if checks.control_total and row.source_rows is None and is_fresh:
        return clauses(told, _(NO_TOTAL))
    return told


def _wrong(
    connection: Connection,
    checks: Checks,
    landed: Mapping[Unit, LedgerRow],
    table: TableRows | None,
) -> dict[Unit, list[str]]:
    """Return what is wrong with units that landed, for those with which something is."""
    wrong: dict[Unit, list[str]] = {}
    for unit, row in landed.items():
        if told := miscount(checks, row):
            wrong[unit] = [told]
        if is_uncounted(row):
            continue
        last = last_rows(connection, unit, PERIODS_COMPARED) if checks.max_drop else []
        rows = row.rows or 0  # an empty unit that its script did not count has none
        if faults := too_few(checks, rows, last):
            wrong.setdefault(unit, []).extend(faults)
    if table:
        for group in table.groups(list(landed)):
            for fault in table.faults(group[0], [landed[unit] for unit in group]):
                for unit in group:
                    wrong.setdefault(unit, []).append(fault)
    return wrong


def last_rows(connection: Connection, unit: Unit, count: int) -> list[int]:
    """Return how many rows the like periods before a unit's landed, the latest first.

    Like are those of its job and shop that are about as long, and landed with rows.
    """
    query = (
        select(table_of_units.c.rows, table_of_units.c.period_start, table_of_units.c.period_end)
        .where(
            table_of_units.c.job_id == unit.job_id,
            table_of_units.c.shop_id == unit.shop_id,
            table_of_units.c.period_start < unit.period.start,
            table_of_units.c.state == State.OK,
            table_of_units.c.rows > 0,
        )
        .order_by(table_of_units.c.period_start.desc())
        .limit(LOOK_BACK_ROWS)
    )
    found = connection.execute(query).all()
    return [rows for rows, start, end in found if is_like(unit, start, end)][:count]
