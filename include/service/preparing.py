"""Bring the databases to where the code is: migrations, pools and the delivered connections.

`prepare` is called by the manager and costs next to nothing when nothing changed. The work itself
is `python -m include.service.preparing`, a process of its own, because Airflow reads its settings
from the environment, once, when it is imported, and that takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from include.errors import ExpectedError
from include.service.layout import Layout, current_layout
from include.service.locks import exclusive

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

METADATA_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# What preparing depends on, besides Airflow's version, the ports and the warehouse's connection.
SOURCES = (
    "requirements.txt",
    "config/pools.json",
    "include/service/preparing.py",
    "include/sandbox/delivery.py",
)
MIGRATIONS = "include/warehouse/migrations/versions"
DELIVERED = "as delivered"
OWN_DATABASE = "airflow_metadata"
LOOPBACK = "http://127.0.0.1:"
# Where the delivered connections lead, if not to this machine: a containers' network has names.
WAREHOUSE_URL, SANDBOX_URL = "SCHEDULER_WAREHOUSE_URL", "SCHEDULER_SANDBOX_URL"
TAIL_LINES = 15


def prepare(layout: Layout, environment: dict[str, str]) -> None:
    """Prepare the databases unless that was done and nothing changed since.

    Args:
        layout: the installation.
        environment: the components' one; says which databases and ports.

    Raises:
        ExpectedError: it failed; the text ends with the last lines of the log.
    """
    if is_prepared(layout, environment):
        return
    log = layout.logs / "prepare.log"
    print("preparing the databases ...", end="", flush=True)
    with log.open("w") as file:
        done = subprocess.run(
            [layout.python, "-m", "include.service.preparing"],
            cwd=layout.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C must not cut a migration in two
            check=False,
        )
    print(" done" if done.returncode == 0 else " failed", flush=True)
    if done.returncode != 0:
        tail = log.read_text("utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        raise ExpectedError(
            "\n".join(f"  {line}" for line in tail)
            + f"\nthe databases could not be prepared; the lines above end {layout.shown(log)}"
        )
    (layout.var / "prepared").write_text(_fingerprint(layout, environment), "utf-8")


def is_prepared(layout: Layout, environment: dict[str, str]) -> bool:
    """Return whether the databases are as the code, the settings and the connection want them."""
    stamp = layout.var / "prepared"
    return stamp.exists() and stamp.read_text("utf-8") == _fingerprint(layout, environment)


def _fingerprint(layout: Layout, environment: dict[str, str]) -> str:
    """Return a hash over all that preparing depends on."""
    names = [*SOURCES, *sorted(path.name for path in (layout.root / MIGRATIONS).glob("*.py"))]
    parts: list[str] = [
        version("apache-airflow"),
        *names,
        *((layout.root / source).read_text("utf-8") for source in SOURCES),
        *(f"{key}={environment.get(key)}" for key in (METADATA_URL, "SCHEDULER_SANDBOX_PORT")),
        f"{layout.var} {layout.warehouse.exists()} {_stored_warehouse(environment)}",
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stored_warehouse(environment: dict[str, str]) -> str:
    """Return the stored connection `warehouse` as Airflow keeps it, secrets encrypted.

    When the team moves the warehouse in the UI, the new database needs the tables too.
    """
    from sqlalchemy import create_engine, text  # noqa: PLC0415 -- only this needs it
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 -- the same

    engine = create_engine(environment[METADATA_URL])
    try:
        with engine.connect() as connection:
            query = text("SELECT * FROM connection WHERE conn_id = 'warehouse'")
            return repr(connection.execute(query).all())
    except SQLAlchemyError:  # no database yet
        return ""
    finally:
        engine.dispose()


def main() -> int:
    """Do the work in this process, in which Airflow has the project's environment."""
    from airflow.utils.db import upgradedb  # noqa: PLC0415 -- seconds, and only here
    from airflow.utils.providers_configuration_loader import (  # noqa: PLC0415 -- the same
        providers_configuration_loaded,
    )
    from airflow.utils.session import create_session  # noqa: PLC0415 -- the same

    from include.service.connections import warehouse_url  # noqa: PLC0415 -- the same
    from include.warehouse.migrating import migrate  # noqa: PLC0415 -- the same

    layout = current_layout()
    # One whose `start` was killed may still be at it.
    with exclusive(layout.var / "locks" / "prepare.lock", "preparing the databases"):
        _write_ahead(layout)
        providers_configuration_loaded(upgradedb)()
        with create_session() as session:
            _make_pools(layout, session)
            _make_connections(layout, session)
        migrate(warehouse_url())
    return 0


def _write_ahead(layout: Layout) -> None:
    """Let readers and a writer work at once, when Airflow's database is SQLite.

    The mode is kept in the database file itself.
    """
    import sqlite3  # noqa: PLC0415 -- only here

    if os.environ[METADATA_URL].startswith("sqlite"):
        connection = sqlite3.connect(layout.airflow_home / "airflow.db")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()


def _make_pools(layout: Layout, session: Session) -> None:
    """Make the pools as config/pools.json says; that file wins over the UI."""
    from airflow.models.pool import Pool  # noqa: PLC0415 -- Airflow must see the environment first

    pools = json.loads((layout.root / "config/pools.json").read_text("utf-8"))
    for name, pool in pools.items():
        Pool.create_or_update_pool(
            name, pool["slots"], pool["description"], include_deferred=True, session=session
        )


def _make_connections(layout: Layout, session: Session) -> None:
    """Make the delivered connections that are missing; those the team changed are left alone."""
    from include.sandbox.delivery import connections  # noqa: PLC0415 -- only here

    _deliver(session, "warehouse", **_delivered_warehouse(layout))
    _deliver_own_database(session)
    given = os.environ.get(SANDBOX_URL)
    sandbox = given or f"{LOOPBACK}{os.environ['SCHEDULER_SANDBOX_PORT']}"
    for conn_id, fields in connections(sandbox).items():
        _deliver(session, conn_id, **fields)


def _delivered_warehouse(layout: Layout) -> dict[str, Any]:
    """Give the fields of the connection `warehouse` as delivered."""
    if url := os.environ.get(WAREHOUSE_URL):
        return {"uri": url, "description": f"{DELIVERED}; edit it to use another database"}
    return {
        "conn_type": "sqlite",
        "host": str(layout.warehouse),
        "description": f"{DELIVERED}: a SQLite file; edit this connection to use another database",
    }


def _deliver(session: Session, conn_id: str, **fields: Any) -> None:
    """Make one connection, or let it follow its host when it still is the delivered one."""
    from airflow.models.connection import Connection  # noqa: PLC0415 -- as above
    from sqlalchemy import select  # noqa: PLC0415 -- as above

    known = session.scalar(select(Connection).where(Connection.conn_id == conn_id))
    if known is None:
        session.add(Connection(conn_id=conn_id, **fields))
    elif _is_sandbox(known):
        known.host, known.extra = fields["host"], fields["extra"]
    elif known.conn_type == fields.get("conn_type") == "sqlite" and (
        known.description or ""
    ).startswith(DELIVERED):
        known.host = fields["host"]


def _deliver_own_database(session: Session) -> None:
    """Tell the housekeeping job where Airflow's own database is: no task is told otherwise."""
    from airflow.models.connection import Connection  # noqa: PLC0415 -- as above
    from sqlalchemy import select  # noqa: PLC0415 -- as above

    query = select(Connection).where(Connection.conn_id == OWN_DATABASE)
    known = session.scalar(query) or Connection(conn_id=OWN_DATABASE, conn_type="generic")
    known.password = os.environ[METADATA_URL]
    known.description = "Airflow's own database, for the job housekeeping; written at each start"
    session.add(known)


def _is_sandbox(known: Any) -> bool:
    """Tell a delivered connection; a host that somebody changed is theirs, whatever extra says."""
    places = (LOOPBACK, *filter(None, [os.environ.get(SANDBOX_URL, "").rpartition(":")[0]]))
    return known.extra_dejson.get("sandbox") is True and (known.host or "").startswith(places)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ExpectedError as error:
        sys.exit(str(error))
