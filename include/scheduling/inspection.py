"""Looking at the units of one run: which have landed, and whether what landed can be right."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from include.ledger import LANDED, Ledger
from include.ledger.units import PERIODS_COMPARED
from include.scheduling.expectations import bounds_of, is_uncounted, not_to_tell
from include.scheduling.sql_checks import TableChecks, too_few

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.ledger import LedgerRow, Unit
    from include.registry.schema import Checks
    from include.scheduling.expectations import Bound


class Inspection:
    """The checks of one job, applied to units.

    Args:
        checks: its entry's.
        engine: of the warehouse.
        context: the task's.
        say: takes a line for the task's log.
    """

    def __init__(
        self, checks: Checks, engine: Engine, context: Context, say: Callable[[str], None]
    ) -> None:
        self._checks = checks
        self._engine = engine
        self._context = context
        self._say = say
        self._ledger = Ledger(engine)

    def problems(self, units: Sequence[Unit]) -> dict[str, list[str]]:
        """Say by period key what is wrong, a line for each fault; reject what landed wrong.

        Args:
            units: those of one run.

        Raises:
            ConfigurationError: a check names what the warehouse does not have.
        """
        # What is not there is told, whatever has landed.
        table = TableChecks(self._engine, self._checks) if self._checks.table else None
        found: dict[str, list[str]] = {}
        # One after the other: what is rejected of one period is no measure for the next.
        for key, same in groupby(units, key=lambda unit: unit.period.key):
            if lines := self._of_period(list(same), table):
                found[key] = lines
        return found

    def _of_period(self, units: Sequence[Unit], table: TableChecks | None) -> list[str]:
        rows = {row.shop_id: row for row in self._ledger.rows(units[0].job_id, units[0].period.key)}
        missing = self._ledger.open_units(units)
        landed = {unit: rows[unit.shop_id] for unit in units if unit not in missing}
        uncounted = not_to_tell(self._checks)
        untold = [unit for unit, row in landed.items() if uncounted and is_uncounted(row)]
        wrong = self._wrong(landed, table)
        for unit, faults in wrong.items():
            self._ledger.reject(landed[unit], "; ".join(faults))
        for unit, row in landed.items():
            if unit not in wrong and unit not in untold:
                counted = "" if is_uncounted(row) else f", {row.rows or 0:,} rows"
                self._say(f"{unit}: {row.state}{counted}: passes")
        return [
            *(f"{unit}: {_standing(rows.get(unit.shop_id))}" for unit in missing),
            *(f"{unit}: {fault}" for unit, faults in wrong.items() for fault in faults),
            *(f"{unit}: {uncounted}" for unit in untold),
        ]

    def _wrong(
        self, landed: Mapping[Unit, LedgerRow], table: TableChecks | None
    ) -> dict[Unit, list[str]]:
        """Give what is wrong with units that landed, for those with which something is."""
        wrong: dict[Unit, list[str]] = {}
        counted = [unit for unit, row in landed.items() if not is_uncounted(row)]
        for bound in too_few(self._engine, self._bounds(counted), self._context):
            fault = bound.failure(landed[bound.unit].rows or 0)
            wrong.setdefault(bound.unit, []).append(fault)
        for group in table.groups(list(landed)) if table else ():
            rows = [landed[unit] for unit in group]
            for fault in table.failures(group[0], rows, self._context) if table else ():
                for unit in group:
                    wrong.setdefault(unit, []).append(fault)
        return wrong

    def _bounds(self, units: Sequence[Unit]) -> list[Bound]:
        bounds: list[Bound] = []
        for unit in units:
            last = self._ledger.last_rows(unit, PERIODS_COMPARED) if self._checks.max_drop else []
            bounds += bounds_of(self._checks, unit, last)
        return bounds


def _standing(row: LedgerRow | None) -> str:
    """Say how a unit that has not landed stands, with the first line of its error."""
    if row is None:
        return "has not landed: nothing was tried"
    if row.state in LANDED:
        return f"has not landed: it is {row.state} for another window of the same key"
    reason = (row.error or "").partition("\n")[0]
    return f"has not landed: {row.state}" + (f", {reason}" if reason else "")
