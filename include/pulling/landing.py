"""How what one shop's period brought goes into the warehouse.

A re-pull puts nothing that cannot be right in the place of rows that have landed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import func, select

from include import warehouse
from include.errors import ExpectedError
from include.gateways.fields import wall_clock
from include.language import N_, _, clauses
from include.row_checks.judging import doubts
from include.units.ledger import is_of
from include.units.unit import Drift, LedgerRow
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    import sqlalchemy

    from include.registry.checks_schema import Checks
    from include.units.unit import Unit


KEPT = N_("{count} rows have landed and are kept: {why}")
GONE = N_(
    "the source has none of this period any more; if that is right, run it with --again by hand"
)


class Listed(NamedTuple):
    """All rows that the source has of a period, as it lists them by when they were made."""

    keys: AbstractSet[Any]  # their numbers
    changed: str  # the column that says when a row changed last
    settled: datetime  # up to here the list is whole; what has changed since is left as it is


class Upsert(NamedTuple):
    """Rows (column to value) with a key of their own, such as orders: the newest of each counts."""

    table: sqlalchemy.Table
    rows: Sequence[Mapping[str, Any]]
    version: str  # the column that says which of two rows with one key is newer
    moment: str  # the column that says when a row was made, by the wall clock of Asia/Shanghai
    day: str  # the column with the day of it
    # What the source lists of the period; a row of the period that is neither among it nor among
    # the rows is no longer there, and is removed. None: nobody asked
    listed: Listed | None = None
    # What is worth knowing of what was brought, such as `12 orders without freight`
    notice: str = ""
    finding: str = ""  # what somebody must look at; empty: nothing

    def put(self, connection: sqlalchemy.Connection, unit: Unit) -> int:
        """Load them in the caller's transaction; return how many rows the unit has of its own."""
        warehouse.upsert(connection, self.table, self.rows, version=self.version)
        own = self.own(unit)
        if self.listed:
            self._remove_unlisted(connection, own, self.listed)
        return count(connection, self.table, own)

    def own(self, unit: Unit) -> list[sqlalchemy.ColumnElement[bool]]:
        """Return what the rows of a unit have in common."""
        return made_in(self.table, self.moment, self.day, unit)

    def _remove_unlisted(
        self,
        connection: sqlalchemy.Connection,
        own: Sequence[sqlalchemy.ColumnElement[bool]],
        listed: Listed,
    ) -> None:
        key = next(column for column in self.table.primary_key if column.name != "shop_id")
        there = listed.keys | {row[key.name] for row in self.rows}
        before = self.table.c[listed.changed] < wall_clock(listed.settled)
        found = connection.scalars(select(key).where(*own, before)).all()
        gone = [number for number in found if number not in there]
        warehouse.remove(connection, self.table, own, key, gone)


class Replace(NamedTuple):
    """Rows (column to value) that are all there is of a scope, such as a shop's business day."""

    table: sqlalchemy.Table
    rows: Sequence[Mapping[str, Any]]
    scope: Mapping[str, Any]  # column to value; the rows come without these columns
    notice: str = ""  # what is worth knowing of what was brought, such as `3 rows without score`
    finding: str = ""  # what somebody must look at; empty: nothing

    def put(self, connection: sqlalchemy.Connection, unit: Unit) -> int:  # noqa: ARG002 - as `Upsert.put`
        """Load them in the caller's transaction, in the place of those before; return how many."""
        return warehouse.replace(connection, self.table, self.rows, self.scope)

    def own(self, unit: Unit) -> list[sqlalchemy.ColumnElement[bool]]:  # noqa: ARG002 - as `Upsert.own`
        """Return what the rows of a unit have in common."""
        return of_scope(self.table, self.scope)


Landing: TypeAlias = "Upsert | Replace"


class Loaded(NamedTuple):
    """What has landed of a unit."""

    rows: int  # how many rows of its own it has now
    # What that changes of the rows that it had; None where it lands for the first time
    drift: Drift | None


def load(connection: sqlalchemy.Connection, landing: Landing, unit: Unit, *, again: bool) -> Loaded:
    """Put rows in the caller's transaction; `again` to compare them with those that are there."""
    before = rows_of(connection, landing, unit) if again else {}
    rows = landing.put(connection, unit)
    after = rows_of(connection, landing, unit) if again else {}
    return Loaded(rows, Drift.between(before, after) if again else None)


def rows_of(
    connection: sqlalchemy.Connection, landing: Landing, unit: Unit
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Return the rows that a unit has where a landing puts its own, by their keys."""
    keys = list(landing.table.primary_key)
    query = select(*keys, landing.table).where(*landing.own(unit))
    return {tuple(row[: len(keys)]): tuple(row[len(keys) :]) for row in connection.execute(query)}


def made_in(
    table: sqlalchemy.Table, moment: str, day: str, unit: Unit
) -> list[sqlalchemy.ColumnElement[bool]]:
    """Return what the rows of a unit have in common that were made in its period.

    `moment` and `day` are columns as of `Upsert`; the day's has an index.
    """
    first, last = wall_clock(unit.period.start), wall_clock(unit.period.end)
    made: Any = table.c[moment]
    return [
        table.c.shop_id == unit.shop_id,
        table.c[day].between(first.date(), last.date()),
        made >= first,
        made < last,
    ]


def of_scope(
    table: sqlalchemy.Table, scope: Mapping[str, Any]
) -> list[sqlalchemy.ColumnElement[bool]]:
    """Return what the rows of a scope have in common: column to value."""
    return [table.c[name] == value for name, value in scope.items()]


def count(
    connection: sqlalchemy.Connection,
    table: sqlalchemy.Table,
    own: Sequence[sqlalchemy.ColumnElement[bool]],
) -> int:
    """Return how many rows of a table meet all of some conditions."""
    query = select(func.count()).select_from(table).where(*own)
    return int(connection.execute(query).scalar_one())


class NotRestatedError(ExpectedError):
    """What a source says now is no reason to give up what has landed; the transaction ends."""


def check_restated(
    connection: sqlalchemy.Connection, checks: Checks | None, unit: Unit, loaded: Loaded
) -> None:
    """Check a unit that was pulled again, in the transaction in which its new rows are.

    Raises:
        NotRestatedError: it is empty where it had rows, or fails its job's checks.
    """
    drift = loaded.drift
    if drift is None or not drift.changed:
        return
    if not loaded.rows:
        raise NotRestatedError(_(KEPT, count=drift.before, why=_(GONE)))
    (row,) = LedgerRow.read(connection, select(ledger).where(is_of(unit)))
    if checks and (faults := doubts(connection, checks, {unit: row}).get(unit)):
        raise NotRestatedError(_(KEPT, count=drift.before, why=clauses(*faults)))
