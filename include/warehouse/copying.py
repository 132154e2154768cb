"""Copying a warehouse to another database: all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from include.errors import ConfigurationError, ExpectedError
from include.warehouse.tables import metadata
from include.warehouse.transactions import cause_of
from include.warehouse.versions import newest_version, version_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

ROWS_AT_ONCE = 1000


def copy(source: Engine, target: Engine) -> dict[str, int]:
    """Copy the rows of every table in one transaction, and compare how many there are.

    Args:
        source: is only read, and waits for nobody; nobody writes to it meanwhile.
        target: migrated, and empty.

    Returns:
        how many rows each table has.

    Raises:
        ConfigurationError: the one is of another version, or the other not empty.
        ExpectedError: a database refused.
    """
    try:
        with source.begin() as reading, target.begin() as writing:
            _check(reading, writing)
            return {table.name: _copy(table, reading, writing) for table in metadata.sorted_tables}
    except DBAPIError as error:
        raise ExpectedError(
            f"nothing was copied: {cause_of(error)}; run the same command again to start over"
        ) from error


def _check(source: Connection, target: Connection) -> None:
    version = version_of(source)
    if version != newest_version():
        raise ConfigurationError(
            f"{source.engine.url.database} is at version {version or 'none'} and not at "
            f"{newest_version()}: start the service once with the connection 'warehouse' leading "
            "to it"
        )
    for table in metadata.sorted_tables:
        rows = _count(table, target)
        if rows:
            raise ConfigurationError(
                f"nothing was copied: the warehouse has {rows:,} rows in {table.name} already; "
                "copy into an empty one"
            )


def _copy(table: Table, source: Connection, target: Connection) -> int:
    reading = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for rows in reading.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in rows])
    there, copied = _count(table, source), _count(table, target)
    if there != copied:
        raise ExpectedError(
            f"nothing was copied: {table.name} has {there:,} rows, and {copied:,} arrived: stop "
            "the service and try again"
        )
    return copied


def _count(table: Table, connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
