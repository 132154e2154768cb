"""Bringing a warehouse to the newest version of its tables, and another one's rows into it.

Not imported by `include.warehouse`: Alembic takes time to load, and few callers migrate.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from include.errors import ConfigurationError, ExpectedError
from include.language import N_, _, clauses
from include.warehouse.connecting import connect, file_of
from include.warehouse.steps import MYSQL
from include.warehouse.tables import metadata
from include.warehouse.transactions import cause_of, is_temporary
from include.warehouse.versions import (
    GO_BACK,
    MIGRATIONS,
    VERSION_TABLE,
    is_newer,
    newest_version,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

# One at a time migrates: the name of the lock on MySQL, its number on PostgreSQL.
LOCK_NAME, LOCK_NUMBER = "migrating the store-data warehouse", 7_283_662
LOCK_SECONDS = 120
ROWS_AT_ONCE = 1000
NEEDED = N_("docs/warehouse.md says which database and which rights are needed")


class Migrated(NamedTuple):
    """What was done."""

    where: str  # the database, without its password
    before: str | None  # the version that it had; None: it was empty
    after: str  # the version that it has


def migrate(warehouse: Engine | str) -> Migrated:
    """Make or change the tables and views; a warehouse that is up to date is left as it is.

    A file of SQLite is made where there is none.

    Args:
        warehouse: an open engine, or a SQLAlchemy URL.

    Raises:
        ConfigurationError: the database is not one that can be a warehouse, or lacks rights.
        ExpectedError: it does not answer.
    """
    engine = warehouse if isinstance(warehouse, Engine) else connect(warehouse)
    where = engine.url.render_as_string(hide_password=True)
    if file := file_of(engine.url):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    try:
        with _alone(engine) as connection:
            _check_encoding(connection, where)
            before = version_of(connection)
            if is_newer(before):
                newer = _("its tables are of version {version}", version=before)
                raise CommandError(newer)  # noqa: TRY301 - told below
            command.upgrade(_config(connection), "head")
            return Migrated(where, before, newest_version())
    except CommandError as error:
        raise ConfigurationError(_cannot(where, str(error), _(GO_BACK))) from error
    except DBAPIError as error:
        if is_temporary(error):
            advice = _("check that the server is up, and the connection 'warehouse'")
            told = _cannot(where, cause_of(error), advice, _(NEEDED))
            raise ExpectedError(told) from error
        raise ConfigurationError(_cannot(where, cause_of(error), _(NEEDED))) from error
    finally:
        if engine is not warehouse:
            engine.dispose()


def _cannot(where: str, cause: str, *advice: str) -> str:
    told = _("the warehouse {where} cannot be migrated: {cause}", where=where, cause=cause)
    return clauses(told, *advice)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Yield a transaction once no other process migrates; SQLite's waits for that anyway."""
    if engine.dialect.name in MYSQL:
        with _named_lock(engine), engine.begin() as connection:
            yield connection
        return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})"))
        yield connection


@contextmanager
def _named_lock(engine: Engine) -> Iterator[None]:
    """Take the lock on a connection of its own: whoever is next must see what was committed."""
    name = {"name": LOCK_NAME}
    with engine.connect() as holder:
        if holder.scalar(text(f"SELECT GET_LOCK(:name, {LOCK_SECONDS})"), name) != 1:
            raise ExpectedError("another process migrates the warehouse: try again later")
        try:
            yield
        finally:
            if not holder.invalidated:
                holder.execute(text("SELECT RELEASE_LOCK(:name)"), name)


def _check_encoding(connection: Connection, where: str) -> None:
    if connection.dialect.name != "postgresql":
        return  # on MySQL each table says what it holds
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise ConfigurationError(
            "the warehouse {where} is encoded in {encoding}, which cannot hold every text: make it "
            "with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
            where=where, encoding=encoding,
        )  # fmt: skip


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


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
            _check_copy(reading, writing)
            return {table.name: _copy(table, reading, writing) for table in metadata.sorted_tables}
    except DBAPIError as error:
        raise ExpectedError(
            "nothing was copied: {cause}; run the same command again to start over",
            cause=cause_of(error),
        ) from error


def _check_copy(source: Connection, target: Connection) -> None:
    version = version_of(source)
    if version != newest_version():
        raise ConfigurationError(
            "{database} is at version {version} and not at {newest}: start the service once with "
            "the connection 'warehouse' leading to it",
            database=source.engine.url.database, version=version or _("none"),
            newest=newest_version(),
        )  # fmt: skip
    for table in metadata.sorted_tables:
        rows = _count(table, target)
        if rows:
            raise ConfigurationError(
                "nothing was copied: the warehouse has {rows:,} rows in {table} already; copy into "
                "an empty one",
                rows=rows, table=table.name,
            )  # fmt: skip


def _copy(table: Table, source: Connection, target: Connection) -> int:
    reading = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for rows in reading.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in rows])
    there, copied = _count(table, source), _count(table, target)
    if there != copied:
        raise ExpectedError(
            "nothing was copied: {table} has {there:,} rows, and {copied:,} arrived: stop the "
            "service and try again",
            table=table.name, there=there, copied=copied,
        )  # fmt: skip
    return copied


def _count(table: Table, connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
