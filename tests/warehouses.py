"""Empty warehouses for tests, on every kind of database."""

from __future__ import annotations

import atexit
import shutil
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from include.warehouse import connect
from include.warehouse.migrating import migrate
from include.warehouse.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.database_servers import Server

SQLITE = "sqlite"
KINDS = (SQLITE, "postgresql", "mariadb")
TABLES = {"warehouse_version", *metadata.tables}
# What a test left open must not hold up the next one.
IMPATIENT = {
    "postgresql": "SET lock_timeout = '2s'",
    "mariadb": "SET SESSION lock_wait_timeout = 2, innodb_lock_wait_timeout = 2",
}


class Warehouses:
    """Migrated warehouses; migrating takes longer than removing the rows of a test.

    Args:
        server: gives the server of a kind.
    """

    def __init__(self, server: Callable[[str], Server]) -> None:
        self._server = server
        self._free: dict[str, list[str]] = {}

    @contextmanager
    def empty(self, kind: str, folder: Path) -> Iterator[str]:
        """Return the URL of an empty warehouse.

        Args:
            kind: sqlite, postgresql or mariadb.
            folder: for the file of SQLite.
        """
        if kind == SQLITE:
            yield empty_file(folder)
            return
        server, free = self._server(kind), self._free.setdefault(kind, [])
        if free:
            url = free.pop()
        else:
            url = server.create_database()
            migrate(url)
        try:
            yield url
        finally:
            if _wiped(kind, url):
                free.append(url)
            else:
                with suppress(DBAPIError):
                    server.drop_database(url)


def fields_of(url: str) -> dict[str, Any]:
    """Return the fields of Airflow's connection that names the database of a URL."""
    parts = make_url(url)
    kind = parts.get_backend_name()
    if kind == SQLITE:
        return {"conn_type": SQLITE, "host": parts.database}
    return {
        "conn_type": "postgres" if kind == "postgresql" else kind,
        "host": parts.host,
        "port": parts.port,
        "login": parts.username,
        "password": parts.password,
        "schema": parts.database,
    }


def empty_file(folder: Path) -> str:
    """Return the URL of an empty warehouse in a new file of SQLite."""
    url = f"sqlite:///{folder / 'warehouse.db'}"
    make_warehouse(url)
    return url


def make_warehouse(url: str) -> None:
    """Make an empty warehouse in a new file of SQLite: a copy, which is quicker than to migrate."""
    shutil.copy(_migrated_file(), url.removeprefix("sqlite:///"))


@cache
def _migrated_file() -> Path:
    folder = Path(mkdtemp(prefix="warehouse-of-tests-"))
    atexit.register(shutil.rmtree, folder)
    engine = connect(f"sqlite:///{folder}/warehouse.db")
    migrate(engine)
    engine.dispose()
    return folder / "warehouse.db"


def _wiped(kind: str, url: str) -> bool:
    """Remove all rows; say whether the tables are as they were."""
    engine = create_engine(url, poolclass=NullPool)
    if set(inspect(engine).get_table_names()) != TABLES:
        return False
    try:
        with engine.begin() as connection:
            connection.execute(text(IMPATIENT[kind]))
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
    except DBAPIError:
        return False
    return True
