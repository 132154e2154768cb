"""Opening the warehouse: any SQLAlchemy URL, with what SQLite needs to be shared by processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from include.errors import ConfigurationError

# How long a writer waits for another one; loading one shop's day takes well under a second.
SQLITE_BUSY_TIMEOUT_MS = 60_000


def connect(url: str) -> Engine:
    """Open the database that a SQLAlchemy URL names.

    Raises:
        ConfigurationError: the URL is not one, or its driver is not installed.
    """
    try:
        engine = create_engine(make_url(url), pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        message = f"the warehouse cannot be opened: {error}; check the connection 'warehouse'"
        raise ConfigurationError(message) from None
    if engine.dialect.name == "sqlite":
        if engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _share_between_processes)
        event.listen(engine, "begin", _begin_as_a_writer)
    return engine


def _share_between_processes(connection: Any, _record: Any) -> None:
    # Python's own transaction handling begins too late to be atomic (it ignores SELECT and DDL).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_as_a_writer(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another wrote in between,
    # whatever the busy timeout; one that asks for the write lock first waits its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
