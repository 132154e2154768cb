"""Putting rows into a table so that doing it again changes nothing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, tuple_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Table

# Keys a statement names at once; SQLite takes no more than 32,766 variables.
KEYS_PER_QUERY = 1000


def upsert(
    connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]], *, version: str
) -> int:
    """Insert rows by the table's primary key; keep a row that is there with a higher version.

    A row of the same version can differ: the platform has corrected it, or it changed twice in the
    second that is its version; what was asked for last counts.

    Args:
        connection: in the caller's transaction, so that the ledger commits with the data.
        table: where to.
        rows: column name to value; of several rows with one key the newest counts.
        version: the column that says which of two rows with one key is newer.

    Returns:
        how many different keys there were.
    """
    names = [column.name for column in table.primary_key]
    newest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        key = tuple(map(row.__getitem__, names))
        if key not in newest or newest[key][version] <= row[version]:
            newest[key] = row
    columns = [table.c[name] for name in names]
    there: dict[tuple[Any, ...], Any] = {}
    for among in _conditions(columns, newest):
        # Locked, so that another shop's or period's run that has a row too is waited for.
        query = select(*columns, table.c[version]).where(among).with_for_update()
        there.update((tuple(row[:-1]), row[-1]) for row in connection.execute(query))
    changed = [row for key, row in newest.items() if key not in there or there[key] <= row[version]]
    older = [key for key in newest if key in there and there[key] <= newest[key][version]]
    for among in _conditions(columns, older):
        connection.execute(delete(table).where(among))
    if changed:
        connection.execute(insert(table), changed)
    return len(newest)


def replace(
    connection: Connection,
    table: Table,
    rows: Iterable[Mapping[str, Any]],
    scope: Mapping[str, Any],
) -> int:
    """Put rows in the place of those that a scope has, such as a shop's business day.

    Args:
        connection: in the caller's transaction, so that the ledger commits with the data.
        table: where to.
        rows: column name to value, without the scope's columns.
        scope: column name to value; what the table has there is removed.

    Returns:
        how many rows the scope has now.

    Raises:
        ValueError: the scope is empty: it would remove everything.
    """
    if not scope:
        raise ValueError(
            "an empty scope would remove everything: name the columns that tell what is replaced"
        )
    connection.execute(delete(table).where(*(table.c[name] == scope[name] for name in scope)))
    new = [{**row, **scope} for row in rows]
    if new:
        connection.execute(insert(table), new)
    return len(new)


def remove(
    connection: Connection,
    table: Table,
    scope: Iterable[ColumnElement[bool]],
    column: Column[Any],
    values: Iterable[Any],
) -> None:
    """Remove those rows of a scope that have one of some values.

    Args:
        connection: in the caller's transaction, so that the ledger commits with the data.
        table: where from.
        scope: what all of them have in common.
        column: has the values.
        values: of the rows that go.
    """
    common = list(scope)
    for among in _conditions([column], ((value,) for value in values)):
        connection.execute(delete(table).where(*common, among))


def _conditions(
    columns: Sequence[Column[Any]], keys: Iterable[tuple[Any, ...]]
) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that find the keys, some at a time.

    What all of them share, such as the shop, stands once: a list of tuples takes twice the time.
    """
    rest = iter(keys)
    while some := list(islice(rest, KEYS_PER_QUERY)):
        parts = [*zip(columns, zip(*some, strict=True), strict=True)]
        shared = [column == values[0] for column, values in parts if len({*values}) == 1]
        differing = [(column, values) for column, values in parts if len({*values}) > 1]
        if len(differing) == 1:
            column, values = differing[0]
            shared.append(column.in_(values))
        elif differing:
            several, values = zip(*differing, strict=True)
            shared.append(tuple_(*several).in_(list(zip(*values, strict=True))))
        yield and_(*shared)
