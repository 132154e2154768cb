"""The pools of config/pools.json and the connections as delivered, in Airflow's database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.models.connection import Connection
from airflow.models.pool import Pool
from sqlalchemy import select

from include.registry.checks.pools import read_pools
from manager.connections import stored
from manager.lifecycle.ports import Ports
from sandbox.delivery import connections

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from manager.layout import Layout

DELIVERED = "as delivered"
OWN_DATABASE = "airflow_metadata"
LOOPBACK = "http://127.0.0.1:"
# Where the delivered connections lead, if not to this machine: a containers' network has names.
WAREHOUSE_URL, SANDBOX_URL = "SCHEDULER_WAREHOUSE_URL", "SCHEDULER_SANDBOX_URL"


def make_pools(layout: Layout, session: Session) -> list[str]:
    """Make the pools as config/pools.json says; that file wins over the UI.

    Returns:
        the names of those that were not there, or had other slots.
    """
    slots = {pool.pool: pool.slots for pool in session.scalars(select(Pool))}
    wanted = read_pools(layout.root).valid  # `check` says what is wrong with the others
    for name, pool in wanted.items():
        Pool.create_or_update_pool(
            name, pool["slots"], pool["description"], include_deferred=True, session=session
        )
    return [name for name, pool in wanted.items() if slots.get(name) != pool["slots"]]


def make_connections(layout: Layout, session: Session) -> list[str]:
    """Make the delivered connections that are missing; those the team changed are left alone.

    Returns:
        the ids of those that were made.
    """
    _deliver_own_database(session)
    given = os.environ.get(SANDBOX_URL)
    port = os.environ.get("SCHEDULER_SANDBOX_PORT") or Ports().sandbox
    delivered = {"warehouse": _delivered_warehouse(layout)}
    delivered |= connections(given or f"{LOOPBACK}{port}")
    return [name for name, fields in delivered.items() if _deliver(session, name, fields)]


def _delivered_warehouse(layout: Layout) -> dict[str, Any]:
    """Return the fields of the connection `warehouse` as delivered."""
    if url := os.environ.get(WAREHOUSE_URL):
        return {"uri": url, "description": f"{DELIVERED}; edit it to use another database"}
    return {
        "conn_type": "sqlite",
        "host": str(layout.warehouse),
        "description": f"{DELIVERED}: a SQLite file; edit this connection to use another database",
    }


def _deliver(session: Session, conn_id: str, fields: dict[str, Any]) -> bool:
    """Make one connection, or let it follow its host when it still is the delivered one."""
    known = session.scalar(select(Connection).where(Connection.conn_id == conn_id))
    if known is None:
        if stored(conn_id) is not None:  # in a variable or a secrets backend, which wins
            return False
        session.add(Connection(conn_id=conn_id, **fields))
        return True
    if _is_sandbox(known):
        known.host, known.extra = fields["host"], fields["extra"]
    elif known.conn_type == fields.get("conn_type") == "sqlite" and (
        known.description or ""
    ).startswith(DELIVERED):
        known.host = fields["host"]
    return False


def _deliver_own_database(session: Session) -> None:
    """Return where Airflow's own database is, for the job housekeeping: no other task knows."""
    query = select(Connection).where(Connection.conn_id == OWN_DATABASE)
    known = session.scalar(query) or Connection(conn_id=OWN_DATABASE, conn_type="generic")
    known.password = conf.get_mandatory_value("database", "sql_alchemy_conn")
    known.description = "Airflow's own database, for the job housekeeping; written at each start"
    session.add(known)


def _is_sandbox(known: Connection) -> bool:
    """Return whether it is as delivered; a host that somebody changed is theirs."""
    places = (LOOPBACK, *filter(None, [os.environ.get(SANDBOX_URL, "").rpartition(":")[0]]))
    return known.extra_dejson.get("sandbox") is True and (known.host or "").startswith(places)
