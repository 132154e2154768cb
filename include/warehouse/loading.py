"""Putting rows into a table so that doing it again changes nothing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, insert, select, tuple_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table

# Keys a statement names at once; SQLite takes no more than 32,766 variables.
KEYS_PER_QUERY = 500


def upsert(
    connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]], *, version: str
) -> int:
    """Insert rows by the table's primary key; replace what is older, leave what is as new or newer.

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
        key = tuple(row[name] for name in names)
        if key not in newest or newest[key][version] < row[version]:
            newest[key] = row
    there = _versions(connection, table, names, version, list(newest))
    changed = [row for key, row in newest.items() if key not in there or there[key] < row[version]]
    older = [key for key in newest if key in there and there[key] < newest[key][version]]
    if older:
        same_key = and_(*(table.c[name] == bindparam(f"key_{name}") for name in names))
        keys = [{f"key_{name}": part for name, part in zip(names, key)} for key in older]  # noqa: B905 - same length by construction
        connection.execute(delete(table).where(same_key), keys)
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


def _versions(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    version: str,
    keys: Sequence[tuple[Any, ...]],
) -> dict[tuple[Any, ...], Any]:
    columns = [table.c[name] for name in names]
    found: dict[tuple[Any, ...], Any] = {}
    for some in _batches(keys, KEYS_PER_QUERY):
        query = select(*columns, table.c[version]).where(tuple_(*columns).in_(some))
        found.update((tuple(row[:-1]), row[-1]) for row in connection.execute(query))
    return found


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
