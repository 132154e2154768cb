"""From Airflow's connection `warehouse` to an open database, with what each needs to be shared.

The URL is made here and not by a hook of Airflow's: the hook of PostgreSQL leaves the TLS options
of `extra` out, and the one of MySQL needs a driver that must be compiled. So every installation
speaks to a warehouse in the same way, whatever providers it has.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError

from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import N_, _
from include.text import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# How long a writer waits for another one; loading one shop's day takes well under a second.
SQLITE_BUSY_TIMEOUT_MS = 60_000
CONNECT_TIMEOUT_SECONDS = 10
# Without it a connection whose server vanished with its machine is noticed after hours.
POSTGRESQL_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
GONE = N_(
    "the file {file} is not there: put it back, or bring a backup back with "
    "`python3 scheduler_manager.py restore FILE`"
)
# Says in `extra` what a connection of Airflow's type Generic leads to.
KIND = "database_type"
GENERIC = "generic"
# What hooks of Airflow's understand, and a driver does not.
OF_HOOKS = {KIND, "cursor", "charset", "client", "iam", "sqlalchemy_scheme", "sqlalchemy_query"}
OF_PYMYSQL = {
    *("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_cipher", "ssl_check_hostname"),
    *("connect_timeout", "read_timeout", "write_timeout", "unix_socket"),
}


def connect(url: str) -> Engine:
    """Open the database that a SQLAlchemy URL names.

    A file of SQLite that is not there is not made, which `migrate` alone does: whoever connects
    meets an OperationalError then, also where it was there and is gone.

    Raises:
        ConfigurationError: the URL is not one, or its driver is not installed.
    """
    try:
        engine = _engine(make_url(url))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            "the warehouse cannot be opened: {error}; check the connection 'warehouse'",
            error=explained(error),
        ) from None
    event.listen(engine, "before_cursor_execute", _escape, retval=True)
    return engine


def _engine(url: URL) -> Engine:
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite(url)
    arguments: dict[str, Any] = {}
    if url.drivername in ("postgresql", "postgresql+psycopg2"):
        # It loads in a fifth of the time of its successor, and prepares no statements on the
        # server, which a connection pool between the two would mix up.
        url = url.set(drivername="postgresql+psycopg2")
        defaults = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **POSTGRESQL_KEEPALIVE}
        # A database that is not UTF-8 is refused by `migrate`; its client may not follow it.
        arguments = {"client_encoding": "utf8", **defaults}
    elif url.drivername in ("mysql", "mariadb", f"{kind}+pymysql"):
        url = url.set(drivername=f"{kind}+pymysql")
        # The driver would encode a text as Latin-1.
        arguments = {"password": (url.password or "").encode(), "charset": "utf8mb4"}
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    # A statement sees what others have committed when it begins, as in SQLite; what is to stay as
    # it was read is locked. MySQL's own default would keep gaps locked against other shops.
    engine = create_engine(
        url, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=arguments
    )
    if kind in ("mysql", "mariadb"):
        event.listen(engine, "connect", _refuse_to_cut_off)
    return engine


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url)
    if file := file_of(url):
        event.listen(engine, "do_connect", partial(_never_make, file))
        event.listen(engine, "connect", partial(_remember, file))
        event.listen(engine, "checkout", partial(_compare, file))
    event.listen(engine, "connect", _share_between_processes)
    event.listen(engine, "begin", _begin_as_a_writer)
    return engine


def file_of(url: URL) -> Path | None:
    """Return the file of SQLite that a URL names; None where it is in memory, or a server's."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(url.database or "").absolute()


def _never_make(file: Path, _dialect: Any, _record: Any, words: list[Any], named: Any) -> None:
    if not file.exists():
        raise sqlite3.OperationalError(_(GONE, file=str(file)))
    words[0] = f"{file.as_uri()}?mode=rw"  # nor if it goes now
    named["uri"] = True


def _remember(file: Path, _connection: Any, record: Any) -> None:
    record.info[file] = _identity(file)


def _compare(file: Path, _connection: Any, record: Any, _proxy: Any) -> None:
    """Connect again where the file was moved or replaced: what is open is no warehouse now."""
    if record.info.get(file) != _identity(file):
        raise DisconnectionError(_(GONE, file=str(file)))


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
    # whatever the busy timeout; one that asks for the write lock first waits its turn. SQLAlchemy
    # says "begin" of one that reads outside a transaction, too: that one needs no lock.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_to_cut_off(connection: Any, _record: Any) -> None:
    # Some servers are set up to cut off what is too long for its column, without an error.
    cursor = connection.cursor()
    cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
    cursor.close()


def _escape(
    _connection: Any, _cursor: Any, statement: str, values: Any, *_: Any
) -> tuple[str, Any]:
    """Make every text storable, whatever a platform, a script or a file name put into it."""
    # A batch of several rows in one statement has the values of one, whatever SQLAlchemy says.
    several = isinstance(values, list)
    rows = values if several else [values]
    # All texts at once: one by one takes as long as writing them.
    texts = [one for row in rows for one in _values(row) if isinstance(one, str)]
    together = "".join(texts)
    if storable(together) == together:
        return statement, values
    escaped = [
        {name: _storable(one) for name, one in row.items()}
        if isinstance(row, dict)
        else tuple(map(_storable, row))
        for row in rows
    ]
    return statement, escaped if several else escaped[0]


def _values(row: Any) -> Iterable[Any]:
    return row.values() if isinstance(row, dict) else row or ()


def _storable(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


def url_of(connection: Any) -> str:
    """Return the SQLAlchemy URL, secrets and all.

    Args:
        connection: Airflow's, with `conn_type`, `host`, `login`, `password`, `port`, `schema` (the
            database) and `extra_dejson`.

    Raises:
        ConfigurationError: its type is not supported, or it lacks something.
    """
    kind, extra = connection.conn_type, connection.extra_dejson
    if kind == GENERIC:
        kind = extra.get(KIND, GENERIC)
    options = {name: value for name, value in extra.items() if name not in OF_HOOKS}
    match kind:
        case "sqlite":
            file = connection.host or connection.schema  # the latter where it is written as a URI
            if not file:
                raise _lacking(connection, "host", N_("the path of the file"))
            url = URL.create("sqlite", database=file)
        case "postgres" | "postgresql":
            url = _server_url("postgresql+psycopg2", connection, options)
        case "mysql" | "mariadb":
            options |= {f"ssl_{key}": one for key, one in (options.pop("ssl", None) or {}).items()}
            if unknown := sorted(options.keys() - OF_PYMYSQL):
                raise ConfigurationError(
                    "connection {id!r} has {key!r} in Extra, and of MySQL only {keys} are "
                    "understood: correct or remove it",
                    id=connection.conn_id, key=unknown[0], keys=sorted(OF_PYMYSQL),
                )  # fmt: skip
            url = _server_url("mysql+pymysql", connection, options)
        case _:
            raise ConfigurationError(
                "connection {id!r} is of type {kind!r}, and a warehouse can be of sqlite, postgres "
                "or mysql (MariaDB too): edit it under Admin > Connections; where mysql is not "
                "offered, choose Generic and write {example} in Extra",
                id=connection.conn_id, kind=kind, example=f'{{"{KIND}": "mysql"}}',
            )  # fmt: skip
    return url.render_as_string(hide_password=False)


def _server_url(driver: str, connection: Any, options: Mapping[str, Any]) -> URL:
    if not connection.schema:
        raise _lacking(connection, "schema", N_("the name of the database"))
    return URL.create(
        driver,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port or None,
        database=connection.schema,
        query={
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in options.items()
        },
    )


def _lacking(connection: Any, field: str, meaning: str) -> ConfigurationError:
    return ConfigurationError(
        "connection {id!r} has no {field}, which is {meaning}: fill it in under Admin > "
        "Connections",
        id=connection.conn_id, field=field, meaning=_(meaning),
    )  # fmt: skip
