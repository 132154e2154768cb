"""Re-pulls: what has landed is pulled again at some ages, because its source may restate it.

A unit stays landed all the while, whatever becomes of it, so that none is a gap by it: nothing is
begun, and the ledger is written only with the rows. Each age counts once; a temporary failure, and
a re-pull that was cut off, leave it to the next run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, select, update

from include.language import _
from include.units.exit_codes import ExitCode
from include.units.ledger import Ledger, SupersededError, unchanged
from include.units.revisions import revised
from include.units.texts import columns_of
from include.units.unit import LANDED, Key, LedgerRow, State, Unit, key_of
from include.warehouse.tables import ledger
from include.warehouse.transactions import in_transaction, now, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta


def due_for_a_repull(
    engine: Engine, job_id: str, ages: Sequence[timedelta], since: datetime, moment: datetime
) -> list[LedgerRow]:
    """Return the landed units that are to be pulled again, the oldest first.

    Args:
        engine: of the warehouse.
        job_id: whose.
        ages: how long after its end a unit is pulled again, the shortest first.
        since: an age that was reached before is not made up for.
        moment: when the run that pulls was to start.
    """
    query = (
        select(ledger)
        .where(
            ledger.c.job_id == job_id,
            ledger.c.state.in_(LANDED),
            ledger.c.period_end > since - ages[-1],
            ledger.c.period_end <= moment - ages[0],
        )
        .order_by(ledger.c.period_end, ledger.c.shop_id)
    )
    with reading(engine) as connection:
        rows = LedgerRow.read(connection, query)
    return [row for row in rows if _is_due(row, ages, since, moment)]


def _is_due(row: LedgerRow, ages: Sequence[timedelta], since: datetime, moment: datetime) -> bool:
    reached = max(row.period_end + age for age in ages if row.period_end + age <= moment)
    pulled = max(filter(None, (row.finished_at, row.repulled_at)), default=None)
    return reached > since and (pulled is None or pulled < reached)


class RepullLedger(Ledger):
    """The ledger as the script of a re-pull uses it."""

    def __init__(self, engine: Engine, run_id: str | None = None) -> None:
        super().__init__(engine, run_id)
        self._landed: dict[Key, LedgerRow] = {}

    def open_units(self, units: Iterable[Unit], *, early: bool = False) -> list[Unit]:  # noqa: ARG002 - as the ledger's
        """Return those of the units that have landed, in their order: they are pulled again."""
        asked = list(units)
        found = {key_of(row): row for row in self._find(asked) if row.state in LANDED}
        landed = [
            unit for unit in asked if (row := found.get(key_of(unit))) and row.is_of(unit.period)
        ]
        self._landed = {key_of(unit): found[key_of(unit)] for unit in landed}
        return landed

    def land(
        self, connection: Connection, unit: Unit, rows: int, calls: int | None = None, **known: Any
    ) -> None:
        """Write down what a unit's source says now, in the transaction that holds its data.

        Raises:
            SupersededError: another run has landed or begun the unit since; the transaction must
                not commit.
        """
        drift = known.pop("drift")
        changes: dict[str, Any] = {"repulled_at": now(connection)}
        if known["source_rows"] is not None:
            changes |= {name: known[name] for name in ("source_rows", "counted_at")}
        if drift.changed:
            kept = {name: known[name] for name in ("table_name", "covered_until")}
            kept |= columns_of("notice", known["notice"])
            state = State.OK if rows else State.EMPTY
            changes |= {**revised(drift), **kept, "rows": rows, "calls": calls, "state": state}
        if not connection.execute(self._same(unit).values(changes)).rowcount:
            raise SupersededError(
                _("{unit} has been pulled by another run since: its rows count", unit=str(unit))
            )

    def fail(self, unit: Unit, exit_code: int, error: str) -> None:  # noqa: ARG002 - what landed is no failure
        """Write down that a unit was pulled again in vain, unless that may be over soon."""

        def write(connection: Connection) -> None:
            connection.execute(self._same(unit).values(repulled_at=now(connection)))

        if exit_code != ExitCode.TEMPORARY:
            in_transaction(self.engine, write)

    def _same(self, unit: Unit) -> Any:
        return update(ledger).where(unchanged(self._landed[key_of(unit)]))
