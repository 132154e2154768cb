"""The file `var/alerts.db`: its tables, and transactions that are there or are not.

It is apart from the warehouse and from Airflow's database, so that it can be said that these are
gone. Each transaction waits for the disk, since what was said to people must not be forgotten. A
file that holds something else is put aside and begun again: what is open is then said once more,
which is better than silence.
"""

from __future__ import annotations

import os
import sqlite3
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from include.errors import ExpectedError, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
LONGEST_LOCK = 30.0  # seconds; a transaction takes milliseconds
ASIDE = ".damaged"
# alerts: `finding`, `missed` and `resolution` are JSON.
# outbox: `begun` is when a sender was last handed the message. Of one that is begun, and neither
#   delivered nor refused, it is not known whether the channel took it.
# said: what a message says of an alert; gone with the message where a channel refused that.
# attempts: when something was sent to a channel, for its budget.
# credentials: `value` is encrypted.
TABLES = """
CREATE TABLE alerts (
    number INTEGER PRIMARY KEY, finding TEXT, missed TEXT, first_seen TEXT, opened TEXT, gone TEXT,
    recovered TEXT, closed TEXT, silent INTEGER, resolution TEXT, acked TEXT, acked_by TEXT
);
CREATE INDEX open_alerts ON alerts (number) WHERE closed IS NULL;
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY, channel TEXT, purpose TEXT, day TEXT, message TEXT, written TEXT,
    begun TEXT, delivered TEXT, refused TEXT, code TEXT, answer TEXT
);
CREATE INDEX waiting ON outbox (number) WHERE delivered IS NULL AND refused IS NULL;
CREATE INDEX days ON outbox (day) WHERE day <> '';
CREATE TABLE said (
    alert INTEGER, message INTEGER, what TEXT, PRIMARY KEY (alert, message, what)
) WITHOUT ROWID;
CREATE INDEX said_by ON said (message);
CREATE TABLE attempts (channel TEXT, at TEXT);
CREATE INDEX attempts_of ON attempts (channel, at);
CREATE TABLE channels (
    channel TEXT PRIMARY KEY, failing_since TEXT, attempts INTEGER, next_attempt TEXT,
    is_refusal INTEGER, code TEXT, answer TEXT, remedy TEXT, delivered TEXT
);
CREATE TABLE mutes (
    number INTEGER PRIMARY KEY, since TEXT, ended TEXT, job TEXT, shop TEXT, until TEXT,
    reason TEXT, by TEXT
);
CREATE TABLE credentials (connection TEXT PRIMARY KEY, value BLOB, read TEXT);
CREATE TABLE stops (by TEXT, at TEXT, started TEXT);
CREATE TABLE moments (name TEXT PRIMARY KEY, at TEXT);
"""
# Each brings the file from one version to the next. What is released is not changed any more: a
# change of a table is one more step.
STEPS = [TABLES]


class NewerFileError(ExpectedError):
    """The file was written by a newer version of this project."""


class Database:
    """The database at a path, made when it is needed; not to be used after a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns; all that it writes is kept, or nothing where it raises.

        Raises:
            ExpectedError: the file cannot be read or written.
        """
        with self._lock:
            try:
                connection = self._connection or self._connect()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    found = work(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    connection.rollback()
                    raise
            except (OSError, sqlite3.Error) as error:
                self._close()
                raise ExpectedError(
                    "alerts cannot be kept in {path}: {reason}; make its folder writable, "
                    "and see that the disk has room",
                    path=self.path,
                    reason=reason_of(error),
                ) from error
        return found

    def close(self) -> None:
        """Close the file, which is opened again when it is needed."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _opened(self.path)
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # a subclass: it can just not be used now
                raise
            self._put_aside()
            self._connection = _opened(self.path)
        return self._connection

    def _put_aside(self) -> None:
        os.replace(self.path, f"{self.path}{ASIDE}")  # noqa: PTH105 - as the names beside it
        for suffix in ("-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(0o600)
    connection = sqlite3.connect(path, LONGEST_LOCK, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables that are missing; one process at a time, each step whole or not at all."""
    while (version := _version_of(connection)) < len(STEPS):
        _take_step(connection, version)
    if version > len(STEPS):
        raise NewerFileError(
            "{path} is of version {version}, which newer code has written, and this code "
            "knows {steps}: update the project (`git pull`), or move the file away, after "
            "which what is open is said once more",
            path=path,
            version=version,
            steps=len(STEPS),
        )


def _take_step(connection: sqlite3.Connection, version: int) -> None:
    mark = f"PRAGMA user_version = {version + 1}"
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {STEPS[version]} {mark}; COMMIT;")
    except sqlite3.OperationalError:
        connection.rollback()
        if _version_of(connection) == version:  # else another process has just done it
            raise


def _version_of(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
