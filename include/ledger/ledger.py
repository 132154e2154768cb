"""The transitions of the ledger's rows.

States: `pending` (expected), `running`, `ok` (landed), `empty` (landed, there was nothing to land)
and `failed`. A unit's data and its step to `ok` or `empty` commit in one transaction (`land`).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.ledger.units import LedgerRow, Unit
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Engine

LANDED = ("ok", "empty")
STATE_BY_EXIT_CODE = {0: "ok", 99: "empty"}
ERROR_LIMIT = 4_000
# Another process may insert the same expected rows at the same moment; then they are there.
INSERT_TRIES = 5


class Ledger:
    """The ledger of one warehouse.

    Args:
        engine: from `include.warehouse.connect`, migrated.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def expect(self, units: Iterable[Unit]) -> int:
        """Insert `pending` rows for units that have none.

        Returns:
            how many were new.
        """
        wanted = list(units)
        for tries_left in reversed(range(INSERT_TRIES)):
            missing = [unit for unit in wanted if _key(unit) not in self._states(wanted)]
            if not missing:
                return 0
            try:
                with self.engine.begin() as connection:
                    connection.execute(insert(ledger), [_pending(unit) for unit in missing])
            except IntegrityError:
                if not tries_left:
                    raise
            else:
                return len(missing)
        return 0

    def open_units(self, units: Iterable[Unit]) -> list[Unit]:
        """Give those of the units that have not landed, in their order.

        A key can come to mean another window (a week and its first day share one, and so do the
        days of two time zones): what landed for another window has not landed for this one.
        """
        asked = list(units)
        landed = {_key(row): row for row in self._find(asked) if row.state in LANDED}
        return [unit for unit in asked if not _covers(landed.get(_key(unit)), unit)]

    def begin(self, units: Iterable[Unit], run_id: str) -> None:
        """Write down that an attempt at each unit starts now."""
        now = _now()
        values = {
            "state": "running",
            "attempts": ledger.c.attempts + 1,
            "run_id": run_id,
            "started_at": now,
            "heartbeat_at": now,
            "finished_at": None,
            "exit_code": None,
            "error": None,
        }
        with self.engine.begin() as connection:
            for unit in units:
                connection.execute(_of(unit, update(ledger)).values(values | _window(unit)))

    def beat(self, units: Iterable[Unit]) -> None:
        """Write down that the attempt at each unit is alive."""
        self._update(units, {"heartbeat_at": _now()}, ledger.c.state == "running")

    def land(self, connection: Connection, unit: Unit, rows: int) -> None:
        """Write down that a unit has landed, in the transaction that holds its data.

        Args:
            connection: the caller's transaction.
            unit: the unit.
            rows: how many rows the period has; none makes it `empty`.
        """
        values = _ended("ok" if rows else "empty", exit_code=0) | {"rows": rows} | _window(unit)
        if not connection.execute(_of(unit, update(ledger)).values(values)).rowcount:
            connection.execute(insert(ledger).values(_pending(unit) | values))

    def fail(self, unit: Unit, exit_code: int, error: str) -> None:
        """Write down that an attempt at a unit has failed, and why."""
        self._update([unit], _ended("failed", exit_code, error))

    def settle(self, units: Iterable[Unit], exit_code: int, error: str | None = None) -> list[Unit]:
        """End what is still `running` by the exit code of its script.

        0 makes it `ok`, 99 (nothing to do) `empty`, all else `failed`.

        Returns:
            the units that the script had not settled itself.
        """
        asked = list(units)
        states = self._states(asked)
        unsettled = [unit for unit in asked if states.get(_key(unit)) == "running"]
        state = STATE_BY_EXIT_CODE.get(exit_code, "failed")
        values = _ended(state, exit_code, None if state in LANDED else error)
        self._update(unsettled, values, ledger.c.state == "running")
        return unsettled

    def rows(self, job_id: str, period_key: str) -> list[LedgerRow]:
        """Give the rows of one job and period, by shop."""
        query = (
            select(ledger)
            .where(ledger.c.job_id == job_id, ledger.c.period_key == period_key)
            .order_by(ledger.c.shop_id)
        )
        with self._reading() as connection:
            return [LedgerRow(**row) for row in connection.execute(query).mappings()]

    def _states(self, units: Sequence[Unit]) -> dict[tuple[str, str, str], str]:
        return {_key(row): row.state for row in self._find(units)}

    def _find(self, units: Sequence[Unit]) -> list[LedgerRow]:
        query = select(ledger).where(
            ledger.c.job_id.in_({unit.job_id for unit in units}),
            ledger.c.period_key.in_({unit.period.key for unit in units}),
        )
        with self._reading() as connection:
            return [LedgerRow(**row) for row in connection.execute(query).mappings()]

    def _update(
        self, units: Iterable[Unit], values: dict[str, Any], *conditions: ColumnElement[bool]
    ) -> None:
        with self.engine.begin() as connection:
            for unit in units:
                connection.execute(_of(unit, update(ledger)).where(*conditions).values(values))

    def _reading(self) -> Connection:
        """Read outside a transaction, so that a reader never waits for SQLite's writer."""
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _of(unit: Unit, statement: Any) -> Any:
    key = zip((ledger.c.job_id, ledger.c.shop_id, ledger.c.period_key), _key(unit), strict=True)
    return statement.where(and_(*(column == part for column, part in key)))


def _key(of: Unit | LedgerRow) -> tuple[str, str, str]:
    return of.job_id, of.shop_id, of.period.key if isinstance(of, Unit) else of.period_key


def _window(unit: Unit) -> dict[str, Any]:
    return {"period_start": unit.period.start, "period_end": unit.period.end}


def _covers(row: LedgerRow | None, unit: Unit) -> bool:
    if row is None:
        return False
    window = (unit.period.start.astimezone(timezone.utc), unit.period.end.astimezone(timezone.utc))
    return (row.period_start, row.period_end) == window


def _pending(unit: Unit) -> dict[str, Any]:
    return {
        "job_id": unit.job_id,
        "shop_id": unit.shop_id,
        "period_key": unit.period.key,
        **_window(unit),
        "state": "pending",
        "attempts": 0,
    }


def _ended(state: str, exit_code: int, error: str | None = None) -> dict[str, Any]:
    return {
        "state": state,
        "exit_code": exit_code,
        "error": error[:ERROR_LIMIT] if error else None,
        "finished_at": _now(),
    }


def _now() -> datetime:
    return datetime.now(timezone.utc)
