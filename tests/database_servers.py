"""Real PostgreSQL and MariaDB servers for tests: on loopback, in a folder that goes away."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from include.running.process_tree import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Self

HOST = "127.0.0.1"
USER = "warehouse"
# A password of a person's own making has what a URL must quote.
PASSWORD = "p@ss/w:rd%41 +"
UNPRIVILEGED = ("postgres", "mysql", "nobody")
START_SECONDS, STOP_SECONDS = 60, 30


class Server(ABC):
    """A server of its own; also a context manager, which stops it and removes all it wrote.

    Attributes:
        kind: what tests ask for.
        admin_database: is always there.
        user, password: of the administrator.
    """

    user, password = USER, PASSWORD
    kind: str
    driver: str
    admin_database: str
    stop_signal: signal.Signals

    def __init__(self) -> None:
        """Make its folder and the files of an empty server."""
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.kind}-of-tests-"))
        self._account = _account()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._prepare()
            with socket.socket() as free:
                free.bind((HOST, 0))
                self.port: int = free.getsockname()[1]
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @abstractmethod
    def _prepare(self) -> None:
        """Make the files of an empty server."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @classmethod
    @abstractmethod
    def programs(cls) -> list[str]:
        """Return the paths of the programs that are needed; an empty one is not installed."""

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, and leave nothing."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        account = self.user, self.password
        return URL.create(self.driver, *account, HOST, self.port, database).render_as_string(
            hide_password=False
        )

    def create_database(self, options: str = "") -> str:
        """Make an empty database; gives its URL."""
        name = f"warehouse_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {make_url(url).database}")

    def execute(self, statement: str) -> None:
        """Do something as the administrator, who owns all databases."""
        url = self.url(self.admin_database)
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))

    def start(self) -> None:
        """Start it on its port, with what it had, and wait until it answers."""
        self._process = self._spawn(self._command())
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.kind} does not start:\n{self._log()}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals | None = None) -> None:
        """End it in order, or `how`: SIGKILL is what a failing machine does."""
        if self._process is None:
            return
        self._process.send_signal(how or self.stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except DBAPIError:
            return False
        return True

    def _own(self) -> None:
        """Hand the folder to the account that the server runs as."""
        if self._account:
            entry = pwd.getpwnam(self._account)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid)

    def _once(self, command: Sequence[str]) -> None:
        if self._spawn(command).wait(START_SECONDS):
            raise RuntimeError(f"{command[0]} failed:\n{self._log()}")

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        # A server refuses to run as root; it ends when the tests do, however they end.
        entry = pwd.getpwnam(self._account) if self._account else None
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    # Two MariaDBs that are being installed would share temporary tables.
                    "TMPDIR": str(self.folder),
                    "TZ": "UTC",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=entry.pw_uid if entry else None,
                group=entry.pw_gid if entry else None,
                extra_groups=[] if entry else None,
                preexec_fn=partial(die_with_parent, signal.SIGKILL),  # noqa: PLW1509 - one call of the kernel
            )

    def _log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")[-4000:]


class PostgreSQL(Server):
    """PostgreSQL, without the care for power cuts that costs time."""

    kind = "postgresql"
    driver = "postgresql+psycopg2"
    admin_database = "postgres"
    stop_signal = signal.SIGINT

    @classmethod
    def programs(cls) -> list[str]:
        """Debian keeps them out of PATH, by version."""
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: at.parent.name)
        path = os.pathsep.join([*map(str, reversed(folders)), os.environ["PATH"]])
        return [shutil.which(name, path=path) or "" for name in ("initdb", "postgres")]

    def _prepare(self) -> None:
        (self.folder / "password").write_text(self.password, "utf-8")
        self._own()
        initdb = self.programs()[0]
        options = ["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", "--no-sync"]
        user = [f"--username={self.user}", f"--pwfile={self.folder}/password"]
        self._once([initdb, f"--pgdata={self.folder}/data", *options, *user])

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "32MB",
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
        }
        given = [f"--{name}={value}" for name, value in settings.items()]
        return [self.programs()[1], "-D", f"{self.folder}/data", *given]

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


class MariaDB(Server):
    """MariaDB as it is compiled (its databases are latin1), without the care for power cuts."""

    kind = "mariadb"
    driver = "mysql+pymysql"
    admin_database = "mysql"
    stop_signal = signal.SIGTERM

    @classmethod
    def programs(cls) -> list[str]:
        """Debian keeps the server out of a plain user's PATH."""
        path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
        return [shutil.which(name, path=path) or "" for name in ("mariadb-install-db", "mariadbd")]

    def _prepare(self) -> None:
        grants = f"""
            CREATE USER IF NOT EXISTS '{self.user}'@'%' IDENTIFIED BY '{self.password}';
            GRANT ALL ON *.* TO '{self.user}'@'%' WITH GRANT OPTION;
        """
        (self.folder / "grants.sql").write_text("SET NAMES utf8mb4;" + grants, "utf-8")
        self._own()
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--force"]
        self._once([self.programs()[0], "--no-defaults", f"--datadir={self.folder}/data", *options])

    def _command(self) -> list[str]:
        settings = {
            "datadir": f"{self.folder}/data",
            "init-file": f"{self.folder}/grants.sql",
            "socket": f"{self.folder}/socket",
            "pid-file": f"{self.folder}/pid",
            "bind-address": HOST,
            "port": self.port,
            "max-connections": 200,
            "innodb-buffer-pool-size": "64M",
            "innodb-flush-log-at-trx-commit": 2,
            "innodb-doublewrite": "OFF",
            "skip-name-resolve": "ON",
        }
        given = [f"--{name}={value}" for name, value in settings.items()]
        return [self.programs()[1], "--no-defaults", *given]


KINDS: dict[str, type[Server]] = {kind.kind: kind for kind in (PostgreSQL, MariaDB)}


def require(kind: str) -> None:
    """Skip the test when a server is not installed; on the project's own machine that fails."""
    if all(KINDS[kind].programs()):
        return
    reason = f"{kind} is not installed: apt-get install postgresql mariadb-server"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def serve(kind: str) -> Iterator[Server]:
    """Run a server, for as long as the caller needs it.

    Args:
        kind: postgresql or mariadb.
    """
    require(kind)
    with KINDS[kind]() as server:
        yield server


def _account() -> str:
    """Return the account for a server; none: it may run as we do."""
    if os.geteuid():
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)
