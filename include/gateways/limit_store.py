"""Where all who share a rate limit write down their calls: a small SQLite database.

What is written in a transaction is there or is not, also where its process is killed meanwhile, so
there is nothing to repair. Only a crash of the machine may damage the file (nothing waits for the
disk), and then its moments are of another boot. Where the file was damaged, or removed while it was
in use, the calls that it held are not known: a new file takes its place, and says when it did.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
import weakref
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from include.errors import ConfigurationError, reason_of
from include.language import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

VERSION = 1
# Moments are seconds of the machine's monotonic clock.
# calls: `ended` is when the answer came; of a call that is under way, when it is taken for ended.
# waiting: the tickets rise in order of arrival. `ready` is when the shop's own limits allow the
#   call; at `dead` its process is taken for dead.
# apps: `latest` is when somebody looked last; `paced_until` when the last turn came, had all turns
#   come evenly.
# lost: when this file took the place of one whose calls are not known; mostly empty.
SCHEMA = f"""
BEGIN;
CREATE TABLE calls (ticket INTEGER PRIMARY KEY, app TEXT, shop, ended REAL);
CREATE INDEX calls_of_app ON calls (app, ended);
CREATE INDEX calls_of_shop ON calls (app, shop, ended);
CREATE TABLE waiting (ticket INTEGER PRIMARY KEY, app TEXT, shop, ready REAL, dead REAL);
CREATE TABLE apps (app TEXT PRIMARY KEY, latest REAL, paced_until REAL);
CREATE TABLE lost (number INTEGER PRIMARY KEY, moment REAL);
PRAGMA user_version = {VERSION};
COMMIT;
"""
# What those who call keep to, for who looks on. It came later: a file without it is as good.
ALLOWED = """
CREATE TABLE IF NOT EXISTS allowed
(app TEXT, per TEXT, seconds REAL, calls INTEGER, PRIMARY KEY (app, per, seconds))
"""
# In seconds; a transaction takes a fraction of a millisecond.
LONGEST_LOCK = 60.0

_mutex = Lock()
_stores: weakref.WeakSet[LimitStore] = weakref.WeakSet()


class LimitStore:
    """The database at a path, made when it is needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warned_of: float | None = None  # of which loss this process has warned
        self._besides = [Path(f"{path}{suffix}") for suffix in ("-wal", "-shm")]
        self._file: os.stat_result | None = None
        self._connection: sqlite3.Connection | None = None
        self._close = weakref.finalize(self, int)
        _stores.add(self)

    @classmethod
    def at(cls, path: Path) -> LimitStore:
        """Return the one that this process has for a path."""
        return next((store for store in _stores if store.path == path), None) or cls(path)

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns; all that it writes is kept, or nothing where it raises.

        It holds the database alone. Where that turns out to be damaged, it is called again with a
        new one.

        Raises:
            ConfigurationError: the file cannot be read or written.
        """
        try:
            with _mutex:
                try:
                    return self._transact(work)
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        raise
                    with _locked(self.path.parent):
                        if self._is_current():
                            self._remove()
                    return self._transact(work)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                "rate limits cannot be kept in {path}: {reason}; make its folder "
                "writable, or set SCHEDULER_VAR to one that is",
                path=self.path,
                reason=reason_of(error),
            ) from error

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None or not self._is_current():
            self._connect()
        assert self._connection is not None  # noqa: S101 - for the type checker
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            found = work(self._connection)
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.execute("COMMIT")
        return found

    def _is_current(self) -> bool:
        """Return whether what is open here is what others find at the path."""
        try:
            return self._file is not None and os.path.samestat(self._file, self.path.stat())
        except FileNotFoundError:
            return False

    def _connect(self) -> None:
        is_lost = self._file is not None  # it was here, and is not any more
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.path.parent):
            try:
                self._open(is_lost=is_lost)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._remove()
                self._open(is_lost=True)

    def _open(self, *, is_lost: bool) -> None:
        is_new = not self.path.exists() or not self.path.stat().st_size
        if is_new:  # what lies beside is of one that was removed or emptied in use
            is_lost = is_lost or any(path.exists() for path in self._besides)
            self._remove()
            self.path.touch(0o600)
        connection = sqlite3.connect(
            self.path, LONGEST_LOCK, isolation_level=None, check_same_thread=False
        )
        try:
            # Who was killed while making it has left nothing, once what was half written is undone.
            if is_new or not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                connection.executescript(SCHEMA)
            elif connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
                raise sqlite3.DatabaseError(_("it is of another version"))  # noqa: TRY301 - as damage
            connection.execute(ALLOWED)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            if is_lost:
                connection.execute("INSERT OR IGNORE INTO lost VALUES (1, ?)", [time.monotonic()])
        except BaseException:
            connection.close()
            raise
        self.close()
        self._close = weakref.finalize(self, connection.close)
        self._connection, self._file = connection, self.path.stat()

    def close(self) -> None:
        """Close the file, which is opened again when it is needed."""
        self._close()
        self._connection = self._file = None

    def _remove(self) -> None:
        for path in (self.path, *self._besides):
            path.unlink(missing_ok=True)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the file holds something else; a subclass says what cannot be done with it."""
    return type(error) is sqlite3.DatabaseError


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep others from making or removing the file meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _before_fork() -> None:
    """Close all: a connection of SQLite must not be used, nor closed, in another process."""
    _mutex.acquire()
    for store in _stores:
        store.close()


os.register_at_fork(
    before=_before_fork, after_in_parent=_mutex.release, after_in_child=_mutex.release
)
