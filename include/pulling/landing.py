"""How what one shop's period brought goes into the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from include import warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy


class Upsert(NamedTuple):
    """Rows (column to value) with a key of their own, such as orders: the newest of each counts.

    Attributes:
        version: the column that says which of two rows with one key is newer.
    """

    table: sqlalchemy.Table
    rows: Sequence[Mapping[str, Any]]
    version: str

    def put(self, connection: sqlalchemy.Connection) -> int:
        """Load them in the caller's transaction; gives how many different ones there were."""
        return warehouse.upsert(connection, self.table, self.rows, version=self.version)


class Replace(NamedTuple):
    """Rows (column to value) that are all there is of a scope, such as a shop's business day.

    Attributes:
        scope: column to value; the rows come without these columns.
    """

    table: sqlalchemy.Table
    rows: Sequence[Mapping[str, Any]]
    scope: Mapping[str, Any]

    def put(self, connection: sqlalchemy.Connection) -> int:
        """Load them in the caller's transaction, in the place of those before."""
        return warehouse.replace(connection, self.table, self.rows, self.scope)


Landing: TypeAlias = "Upsert | Replace"
