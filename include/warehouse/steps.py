"""What migrations are made of: steps that may have been done already.

MySQL commits each step by itself, so a migration that was interrupted begins again with some done.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic import op
from sqlalchemy import inspect, text

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Connection

MYSQL = ("mysql", "mariadb")


def make_table(name: str, *columns: Column[Any]) -> None:
    """Make a table.

    Raises:
        ConfigurationError: somebody else has one of that name.
    """
    inspector = inspect(op.get_bind())
    if not inspector.has_table(name):
        op.create_table(name, *columns, **_options())
        return
    there = [column["name"] for column in inspector.get_columns(name)]
    if there[: len(columns)] != [column.name for column in columns]:  # others may have been added
        raise ConfigurationError(
            "the database has a table {table!r} that is not ours (columns {columns}): give the "
            "warehouse a database of its own",
            table=name, columns=there,
        )  # fmt: skip


def add_column(table: str, column: Column[Any]) -> None:
    """Add a column to a table."""
    there = {one["name"] for one in inspect(op.get_bind()).get_columns(table)}
    if column.name not in there:
        op.add_column(table, column)


def allow_null(table: str, *columns: str) -> None:
    """Make columns nullable. On SQLite this makes the table again, with all that hangs on it."""
    connection = op.get_bind()
    there = {one["name"]: one for one in inspect(connection).get_columns(table)}
    strict = [there[name] for name in columns if not there[name]["nullable"]]
    if not strict:
        return
    with _views_and_triggers_put_back(connection, table), op.batch_alter_table(table) as batch:
        for column in strict:
            batch.alter_column(column["name"], existing_type=column["type"], nullable=True)


@contextmanager
def _views_and_triggers_put_back(connection: Connection, table: str) -> Iterator[None]:
    """Drop and make again, on SQLite, the views and triggers that a renamed table would break."""
    if connection.dialect.name != "sqlite":
        yield
        return
    query = (
        "SELECT type, name, sql FROM sqlite_master "
        "WHERE type = 'view' OR (type = 'trigger' AND tbl_name = :table)"
    )
    hanging = connection.execute(text(query), {"table": table}).all()
    for kind, name, _definition in hanging:
        quoted = connection.dialect.identifier_preparer.quote_identifier(name)
        connection.exec_driver_sql(f"DROP {kind} IF EXISTS {quoted}")
    yield
    for _kind, _name, statement in hanging:
        connection.exec_driver_sql(statement)


def make_index(name: str, table: str, columns: list[str]) -> None:
    """Make an index."""
    there = {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}
    if name not in there:
        op.create_index(name, table, columns)


def make_view(name: str, statement: str) -> None:
    """Make a view, in the place of one that is there with the same columns.

    Who may read it, and what a team has built on it, stays.
    """
    if op.get_bind().dialect.name == "sqlite":  # no REPLACE, and nothing hangs on what is dropped
        op.execute(f"DROP VIEW IF EXISTS {name}")
        op.execute(statement)
    else:
        op.execute(statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))


def _options() -> dict[str, Any]:
    """Return how MySQL is to keep texts, whatever the database's own way is.

    Any character, and as it was written: two ids that differ by a capital, an accent or a space at
    the end are two ids.
    """
    dialect = op.get_bind().dialect
    if dialect.name not in MYSQL:
        return {}
    exact = "nopad_bin" if getattr(dialect, "is_mariadb", False) else "0900_bin"
    kept = {"engine": "InnoDB", "charset": "utf8mb4", "collate": f"utf8mb4_{exact}"}
    return {f"{dialect.name}_{option}": value for option, value in kept.items()}
