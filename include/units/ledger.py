"""The transitions of the ledger's rows.

A unit is `pending` (expected), `running`, `ok` (landed), `empty` (landed, there was nothing to
land), `provisional` (pulled before it was due: it is pulled again) or `failed`. A unit's data and
its step to `ok`, `empty` or `provisional` commit in one transaction (`land`).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    TableClause,
    and_,
    insert,
    select,
    true,
    update,
)

from include.errors import ExpectedError
from include.language import N_, _
from include.units.claims import UNFENCED, Claim
from include.units.revisions import revised
from include.units.texts import LEFT_OUT, TEXT_OF, columns_of
from include.units.unit import LANDED, Key, LedgerRow, State, Unit, key_of, window
from include.warehouse.tables import ledger
from include.warehouse.transactions import in_transaction, now, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENDED = (*LANDED, State.PROVISIONAL, State.FAILED)
KEY = ("job_id", "shop_id", "period_key")
STATE_BY_EXIT_CODE = {0: State.OK, 99: State.EMPTY}
# What a landing says beside its rows; each landing replaces what the one before has said.
FINDINGS = ("table_name", "covered_until", "source_rows", "counted_at", *TEXT_OF["notice"])
# Of what failed without its script having said so.
EXIT_CODE_UNSAID = 1
BEGUN_SINCE = N_(
    "{unit} has been begun by run {run!r} since: what that one lands counts, and these rows are "
    "left out; see that only one installation runs this job"
)


class SupersededError(ExpectedError):
    """Another attempt has begun the unit since, and what it does with it counts."""


class Ledger:
    """The ledger of one warehouse.

    Args:
        engine: from `include.warehouse.connect`, migrated.
        run_id: the run that writes. It ends no attempt but its own: a runner that was cut off and
            comes back leaves alone what another run has begun since. Without one, all are.

    A run keeps its name when it is tried again: its attempts are told apart by their number, as of
    `begin` or, in the script's process, of `open_units`.
    """

    def __init__(self, engine: Engine, run_id: str | None = None) -> None:
        self.engine = engine
        self.run_id = run_id
        self._attempts: dict[Key, int] = {}

    def expect(self, units: Iterable[Unit]) -> int:
        """Insert `pending` rows for units that have none; return how many were new."""
        wanted = list(units)

        def insert_missing(connection: Connection) -> int:
            missing = self._missing(wanted)  # another process may have inserted them just now
            if missing:
                connection.execute(insert(ledger), [_pending(unit) for unit in missing])
            return len(missing)

        return in_transaction(self.engine, insert_missing) if self._missing(wanted) else 0

    def open_units(self, units: Iterable[Unit], *, early: bool = False) -> list[Unit]:
        """Return those of the units that have not landed, in their order.

        A key can come to mean another window (a week and its first day share one, and so do the
        days of two time zones): what landed for another window has not landed for this one.
        While they are `early`, not due yet, what this run itself has landed is not open either.
        """
        asked = list(units)
        found = {key_of(row): row for row in self._find(asked)}
        if self.run_id is not None:
            mine = [(key, row) for key, row in found.items() if row.run_id == self.run_id]
            self._attempts |= {key: row.attempts for key, row in mine}
        rows = [(unit, found.get(key_of(unit))) for unit in asked]
        return [
            unit
            for unit, row in rows
            if row is None or not row.is_of(unit.period) or self._is_open(row, early=early)
        ]

    def begin(self, units: Iterable[Unit], claim: Claim = UNFENCED) -> None:
        """Write down that an attempt of this run at each unit starts now: at all, or at none.

        Raises:
            HeldElsewhereError: one of them is being run on another machine than the claim's.
        """
        all_units = list(units)

        def write(connection: Connection) -> None:
            begun = claim.beginning(self.run_id, now(connection))
            for unit in all_units:
                if not connection.execute(_of(unit, begun).values(window(unit))).rowcount:
                    claim.refuse(connection.execute(_of(unit, select(ledger))).mappings())
                for attempts in connection.scalars(_of(unit, select(ledger.c.attempts))):
                    self._attempts[key_of(unit)] = attempts

        in_transaction(self.engine, write)

    def beat(self, units: Iterable[Unit]) -> None:
        """Write a heartbeat of this run's attempt at each unit."""
        with reading(self.engine) as connection:
            values = {"heartbeat_at": now(connection)}
        self._update(units, values, ledger.c.state == State.RUNNING)

    def land(
        self, connection: Connection, unit: Unit, rows: int, calls: int | None = None, **known: Any
    ) -> None:
        """Write down that a unit has landed, in the transaction that holds its data.

        Args:
            connection: the caller's transaction.
            unit: the unit.
            rows: how many rows of its own the period has; none makes it `empty`.
            calls: how many it took to bring them.
            known: `provisional`, whether the unit was not due yet when its attempt began;
                `drift`, what changes of the rows that it had; and further columns (`FINDINGS`).

        Raises:
            SupersededError: another attempt has begun the unit since; the transaction must not
                commit.
        """
        state = State.OK if rows else State.EMPTY
        state = State.PROVISIONAL if known.pop("provisional", False) else state
        drift = known.pop("drift", None)
        changes = {} if state == State.PROVISIONAL else revised(drift)
        known |= columns_of("notice", known.pop("notice", None))
        values = _ended(state, exit_code=0) | dict.fromkeys(FINDINGS) | known | window(unit)
        values |= {"rows": rows, "calls": calls}
        free = self._mine(unit) | ledger.c.run_id.is_(None)
        landed = _of(unit, update(ledger)).where(free).values(values | changes)
        if connection.execute(landed).rowcount:
            return
        other = connection.execute(_of(unit, select(ledger.c.run_id))).one_or_none()
        if other:
            raise SupersededError(_(BEGUN_SINCE, unit=str(unit), run=other.run_id))
        first = {"revision": 1} if changes else {}
        connection.execute(insert(ledger).values(_pending(unit) | values | first))

    def has_landed(self, connection: Connection, unit: Unit) -> bool:
        """Return whether a unit has ever landed, in the transaction in which it lands again."""
        return connection.scalar(_of(unit, select(ledger.c.revision))) is not None

    def fail(self, unit: Unit, exit_code: int, error: str) -> None:
        """Write down that this run's attempt at a unit has failed, and why; what landed stays."""
        values = _ended(State.FAILED, exit_code, error)
        self._update([unit], values, ledger.c.state.not_in(LANDED))

    def settle(
        self,
        units: Iterable[Unit],
        exit_code: int,
        error: str | None = None,
        *,
        early: bool = False,
        rows: int | None = None,
    ) -> list[Unit]:
        """End what is still `running` by the exit code of its script.

        0 makes it `ok`, 99 (nothing to do) `empty`, all else `failed`; where the units were early,
        not due yet, 0 and 99 make it `provisional`, also what the script has landed itself. A
        script that has ended other units of this attempt keeps the ledger itself: what it says
        nothing of has not landed. `rows`: how many landed, where that is known.

        Returns:
            the units that a script which succeeded has left out; they are `failed`.
        """
        asked = {key_of(unit): unit for unit in units}
        found = [row for row in self._find(list(asked.values())) if self._is_mine(row)]
        states = {key_of(row): row.state for row in found if key_of(row) in asked}
        unsettled = [asked[key] for key, state in states.items() if state == State.RUNNING]
        state = STATE_BY_EXIT_CODE.get(exit_code, State.FAILED)
        values = _ended(state, exit_code, None if state in LANDED else error)
        values |= {"rows": rows} if state in LANDED else {}
        values |= revised(None) if state in LANDED and not early else {}
        if early:
            values["state"] = State.PROVISIONAL if state in LANDED else state
            mine = [asked[key] for key, landed in states.items() if landed in LANDED]
            self._update(mine, {"state": State.PROVISIONAL})
        left_out = state in LANDED and any(state in ENDED for state in states.values())
        if left_out:
            values = _ended(State.FAILED, EXIT_CODE_UNSAID, _(LEFT_OUT))
        self._update(unsettled, values, ledger.c.state == State.RUNNING)
        return unsettled if left_out else []

    def reject(self, row: LedgerRow, reason: str) -> bool:
        """Turn a landed unit to `failed`, without an exit code: the next run pulls it again.

        Returns:
            whether it is rejected; what another run did since the row was read stays.
        """
        values = {"state": State.FAILED, "exit_code": None} | columns_of("error", reason)
        rejected = update(ledger).where(unchanged(row)).values(values)
        return in_transaction(self.engine, lambda by: bool(by.execute(rejected).rowcount))

    def rows(self, job_id: str, period_key: str) -> list[LedgerRow]:
        """Return the rows of one job and period, by shop."""
        query = (
            select(ledger)
            .where(ledger.c.job_id == job_id, ledger.c.period_key == period_key)
            .order_by(ledger.c.shop_id)
        )
        with reading(self.engine) as connection:
            return LedgerRow.read(connection, query)

    def _is_open(self, row: LedgerRow, *, early: bool) -> bool:
        mine = row.state == State.PROVISIONAL and row.run_id == self.run_id
        return row.state not in LANDED and not (early and mine)

    def _mine(self, unit: Unit) -> ColumnElement[bool]:
        known = {"run_id": self.run_id, "attempts": self._attempts.get(key_of(unit))}
        same = [ledger.c[name] == value for name, value in known.items() if value is not None]
        return and_(true(), *same)

    def _is_mine(self, row: LedgerRow) -> bool:
        attempts = self._attempts.get(key_of(row), row.attempts)
        return self.run_id in (None, row.run_id) and attempts == row.attempts

    def _missing(self, units: Sequence[Unit]) -> list[Unit]:
        there = {key_of(row) for row in self._find(units)}
        return [unit for unit in units if key_of(unit) not in there]

    def _find(self, units: Sequence[Unit]) -> list[LedgerRow]:
        query = select(ledger).where(
            ledger.c.job_id.in_({unit.job_id for unit in units}),
            ledger.c.period_key.in_({unit.period.key for unit in units}),
        )
        with reading(self.engine) as connection:
            return LedgerRow.read(connection, query)

    def _update(
        self, units: Iterable[Unit], values: dict[str, Any], *conditions: ColumnElement[bool]
    ) -> None:
        updates = [
            _of(unit, update(ledger)).where(self._mine(unit), *conditions).values(values)
            for unit in units
        ]

        def write(connection: Connection) -> None:
            for statement in updates:
                connection.execute(statement)

        in_transaction(self.engine, write)


def is_of(unit: Unit | LedgerRow, table: TableClause = ledger) -> ColumnElement[bool]:
    """Return the condition by which a row of a table is a unit's."""
    return and_(*(table.c[name] == part for name, part in zip(KEY, key_of(unit), strict=True)))


def unchanged(row: LedgerRow) -> ColumnElement[bool]:
    """Return the condition by which a unit that landed is still as it was when it was read."""
    return and_(
        is_of(row),
        ledger.c.state.in_(LANDED),
        ledger.c.attempts == row.attempts,
        ledger.c.finished_at == row.finished_at,
    )


def _of(unit: Unit, statement: Any) -> Any:
    return statement.where(is_of(unit))


def _pending(unit: Unit) -> dict[str, Any]:
    """Return the row of a unit that was never begun."""
    key = dict(zip(KEY, key_of(unit), strict=True))
    return {**key, **window(unit), "state": State.PENDING, "attempts": 0}


def _ended(state: State, exit_code: int, error: str | None = None) -> dict[str, Any]:
    """Return what changes when an attempt ends."""
    return {
        "state": state,
        "exit_code": exit_code,
        "finished_at": datetime.now(timezone.utc),
        **columns_of("error", error),
    }
