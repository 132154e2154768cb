"""`python -m include.prepare`: what the jobs need in an Airflow, made where it is missing.

The pools of config/pools.json, the connections of config/connections.json, and the warehouse's
tables. It needs nothing but Airflow's own configuration, says what it did, and changes nothing when
it is called again. Airflow's own tables are left alone, but with `--migrate-airflow`, by which the
service migrates its own. A process of its own for the manager, too: Airflow reads its settings from
the environment, once, when it is imported, and that takes seconds.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.exceptions import AirflowNotFoundException
from airflow.models.connection import Connection
from airflow.models.pool import Pool
from airflow.utils.session import create_session
from cryptography.fernet import InvalidToken
from sqlalchemy import make_url, select
from sqlalchemy.exc import DBAPIError

from include import PROJECT_ROOT, WAREHOUSE, var_folder
from include.command_line import Parser, language_parser, parsed
from include.errors import ConfigurationError, ExpectedError, missing_connection, reason_of
from include.housekeeping.airflow_rows import CONNECTION as OWN_DATABASE
from include.language import _, choose
from include.registry import load_registry
from include.registry.airflow_objects import SANDBOX_URL, connections, read_pools
from include.units.exit_codes import ExitCode
from include.units.first_seen import first_seen
from include.warehouse import connect
from include.warehouse.connecting import url_of
from include.warehouse.migrating import migrate
from include.warehouse.transactions import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

MIGRATE_AIRFLOW = "--migrate-airflow"
DELIVERED = "as delivered"
LOOPBACK = "http://127.0.0.1:"
# Where the delivered connections lead, if not to this machine: a containers' network has names.
WAREHOUSE_VARIABLE, SANDBOX_VARIABLE = "SCHEDULER_WAREHOUSE_URL", "SCHEDULER_SANDBOX_URL"


def main(words: Sequence[str]) -> int:
    """Do what is missing, and print what was done.

    Args:
        words: the command line behind the program's name.

    Raises:
        ConfigurationError: Airflow's database has no tables, the warehouse cannot be one, or the
            folder for locks cannot be written.
        ExpectedError: the warehouse does not answer.
    """
    asked = parsed(_parser, words)
    if asked.lang:
        choose(asked.lang)
    var = var_folder(os.environ)
    try:
        with _alone(var / "locks" / "prepare.lock"):
            if asked.migrate_airflow:
                _migrate_airflow()
            _make_pools_and_connections(var)
            _migrate_warehouse()
    except OSError as error:
        raise ConfigurationError(
            "folder {folder} cannot be written ({reason}): set the variable SCHEDULER_VAR to a "
            "folder that can be, here and for all components of Airflow",
            folder=str(var), reason=reason_of(error),
        ) from error  # fmt: skip
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m include.prepare",
        description=_(
            "Make what the jobs need in an Airflow, where it is missing: the pools of "
            "config/pools.json, the connections of config/connections.json, and the warehouse's "
            "tables."
        ),
        parents=[language_parser()],
    )
    text = _("migrate Airflow's own database first, as the service does at its start")
    parser.add_argument(MIGRATE_AIRFLOW, action="store_true", help=text)
    return parser


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for another that prepares; one whose caller was killed may still be at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _migrate_airflow() -> None:
    from airflow.utils.db import upgradedb  # noqa: PLC0415 -- only where it is asked for
    from airflow.utils.providers_configuration_loader import (  # noqa: PLC0415 -- the same
        providers_configuration_loaded,
    )

    url = make_url(_metadata_url())
    if url.get_backend_name() == "sqlite":
        # Readers and a writer work at once; the mode is kept in the database file itself.
        with closing(sqlite3.connect(str(url.database))) as database:
            database.execute("PRAGMA journal_mode = WAL")
    providers_configuration_loaded(upgradedb)()


def _make_pools_and_connections(var: Path) -> None:
    try:
        with create_session() as session:
            pools, made = _make_pools(session), _make_connections(session, var)
    except DBAPIError as error:
        raise ConfigurationError(
            "Airflow's database cannot be written: {error}; where it has no tables yet, `airflow "
            "db migrate` makes them",
            error=cause_of(error),
        ) from error
    except InvalidToken as error:
        raise ConfigurationError(
            "the stored connections are encrypted with another key than this process has: give it "
            "the AIRFLOW__CORE__FERNET_KEY (or airflow.cfg) of the other components"
        ) from error
    print(_("pools made or changed: {names}", names=pools or _("none")))
    print(_("connections made: {names}", names=made or _("none")))


def _make_pools(session: Session) -> list[str]:
    """Make the pools as config/pools.json says, which wins over the UI; return what changed."""
    slots = {pool.pool: pool.slots for pool in session.scalars(select(Pool))}
    wanted = read_pools(PROJECT_ROOT).valid  # `check` says what is wrong with the others
    for name, pool in wanted.items():
        Pool.create_or_update_pool(
            name, pool["slots"], pool["description"], include_deferred=True, session=session
        )
    return [name for name, pool in wanted.items() if slots.get(name) != pool["slots"]]


def _make_connections(session: Session, var: Path) -> list[str]:
    """Make the connections that are missing, and return their ids; others are left alone."""
    # Where Airflow's own database is, for the job housekeeping: no other task knows.
    own = session.scalar(select(Connection).where(Connection.conn_id == OWN_DATABASE))
    own = own or Connection(conn_id=OWN_DATABASE, conn_type="generic")
    own.password = _metadata_url()
    own.description = "Airflow's own database, for the job housekeeping; written at each start"
    session.add(own)
    port = os.environ.get("SCHEDULER_SANDBOX_PORT")
    sandbox_url = os.environ.get(SANDBOX_VARIABLE) or (f"{LOOPBACK}{port}" if port else SANDBOX_URL)
    delivered = {WAREHOUSE: _delivered_warehouse(var), **connections(sandbox_url)}
    return [name for name, fields in delivered.items() if _deliver(session, name, fields)]


def _delivered_warehouse(var: Path) -> dict[str, Any]:
    if url := os.environ.get(WAREHOUSE_VARIABLE):
        return {"uri": url, "description": f"{DELIVERED}; edit it to use another database"}
    return {
        "conn_type": "sqlite",
        "host": str(var / "warehouse.db"),
        "description": f"{DELIVERED}: a SQLite file; edit this connection to use another database",
    }


def _deliver(session: Session, conn_id: str, fields: dict[str, Any]) -> bool:
    """Make a connection, or let it follow its host while it is the delivered one."""
    known = session.scalar(select(Connection).where(Connection.conn_id == conn_id))
    if known is None:
        if _read(conn_id) is not None:  # in a variable or a secrets backend, which wins
            return False
        session.add(Connection(conn_id=conn_id, **fields))
        return True
    if _leads_to_sandbox(known):
        known.host, known.extra = fields["host"], fields["extra"]
    elif known.conn_type == fields.get("conn_type") == "sqlite" and (
        known.description or ""
    ).startswith(DELIVERED):
        known.host = fields["host"]
    return False


def _leads_to_sandbox(known: Connection) -> bool:
    """Return whether it is as delivered; a host that somebody changed is theirs."""
    places = (LOOPBACK, *filter(None, [os.environ.get(SANDBOX_VARIABLE, "").rpartition(":")[0]]))
    return known.extra_dejson.get("sandbox") is True and (known.host or "").startswith(places)


def _migrate_warehouse() -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # Airflow has it tell each step
    warehouse = _read(WAREHOUSE)
    if warehouse is None:
        raise missing_connection(WAREHOUSE)
    engine = connect(url_of(warehouse))
    done = migrate(engine)
    first_seen(engine, load_registry().jobs)
    was = _("as it was")
    if done.before != done.after:
        was = _("before: {version}", version=done.before or _("no tables"))
    print(
        _("warehouse {where}: version {version} ({was})",
          where=done.where, version=done.after, was=was)
    )  # fmt: skip


def _read(conn_id: str) -> Any:
    """Return a connection, wherever Airflow has it; None when it is missing."""
    try:
        return Connection.get_connection_from_secrets(conn_id)
    except AirflowNotFoundException:
        return None


def _metadata_url() -> str:
    return str(conf.get_mandatory_value("database", "sql_alchemy_conn"))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.CONFIGURATION)
    except ExpectedError as error:
        sys.exit(str(error))
