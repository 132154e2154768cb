"""Transactions on a database that others write to as well, its clock, and what its errors mean."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from include.foreign_errors import explained
from include.language import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

T = TypeVar("T")

TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
# MySQL: a lock was waited for too long, a deadlock, MariaDB's "changed since last read".
CONFLICTS_OF_MYSQL = {1205, 1213, 1020}
# PostgreSQL: serialization failure, deadlock, lock not available.
CONFLICTS_OF_POSTGRESQL = {"40001", "40P01", "55P03"}
# PostgreSQL while a standby takes over: it is still read-only.
READ_ONLY = "25006"
# The clock in UTC, with microseconds: now, and not when the transaction began.
CLOCKS = {
    "postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "mariadb": "SELECT UTC_TIMESTAMP(6)",
}


def reading(engine: Engine) -> Connection:
    """Return a connection outside a transaction: a reader never waits for SQLite's writer."""
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do work in a transaction of its own, and again when it conflicts with another one.

    A server that finds two transactions waiting for each other ends one of them. Two that insert
    the same row do not see each other; the second one is told only when it inserts.

    Args:
        engine: of the warehouse.
        work: does everything by its connection, and may be done several times.
    """
    tries = Retrying(
        retry=retry_if_exception(is_conflict),
        stop=stop_after_attempt(TRIES),
        wait=wait_random_exponential(FIRST_PAUSE, LONGEST_PAUSE),
        reraise=True,
    )
    for attempt in tries:
        with attempt, engine.begin() as connection:
            return work(connection)
    raise AssertionError("the last try returns or raises")


def now(connection: Connection) -> datetime:
    """Return the moment by the server's clock: those of the machines that load may differ.

    SQLite has none; its users are on one machine.
    """
    query = CLOCKS.get(connection.dialect.name)
    if query is None:
        return datetime.now(timezone.utc)
    moment: datetime = connection.execute(text(query)).scalar_one()
    return moment.replace(tzinfo=timezone.utc)


def is_conflict(error: BaseException) -> bool:
    """Return whether the same transaction may well succeed when it is done again at once."""
    if isinstance(error, IntegrityError):
        return True
    return isinstance(error, DBAPIError) and (
        _code(error) in CONFLICTS_OF_MYSQL or _state(error) in CONFLICTS_OF_POSTGRESQL
    )


def is_temporary(error: BaseException) -> bool:
    """Return whether the database may well answer later: it is down, busy or being replaced."""
    if not isinstance(error, DBAPIError):
        return False
    lost = error.connection_invalidated or _state(error) == READ_ONLY
    return lost or isinstance(error, (OperationalError, InterfaceError))


def cause_of(error: BaseException) -> str:
    """Return what the database said, in one line, and what that means.

    Args:
        error: SQLAlchemy's, or the driver's own.
    """
    told = getattr(error, "orig", None) or error
    arguments = getattr(told, "args", ())
    said = str(arguments[-1] if arguments else told)
    return said if isinstance(said, Message) else explained(said.strip().partition("\n")[0])


def _code(error: DBAPIError) -> object:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments else None


def _state(error: DBAPIError) -> object:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
