"""The warehouse's URL, what is paused and what is under way, without importing Airflow.

All of it stands in Airflow's database.

Importing it takes seconds, which somebody who only looks should not wait for. Where the connection
is anywhere but in Airflow's database, Airflow is asked after all.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from include.coverage.runs import UNDER_WAY, Run, UnderWay
from include.service import connections
from include.service.preparing import METADATA_URL
from include.service.settings import FERNET
from include.warehouse.connections import url_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.registry import Registry

# What begins so says that the connection may be elsewhere.
ELSEWHERE = ("AIRFLOW__SECRETS__", f"AIRFLOW_CONN_{connections.WAREHOUSE.upper()}")
FIELDS = "conn_type, host, login, password, schema, port, extra, is_encrypted, is_extra_encrypted"
RUNS = (
    "SELECT dag_run.dag_id, dag_run.run_id, dag_run.partition_key, dag_run.run_after, dag_run.conf "
    "FROM dag_run JOIN dag ON dag.dag_id = dag_run.dag_id "
    "WHERE dag_run.state IN ('queued', 'running') AND NOT dag.is_paused"
)
PAUSED = "SELECT dag_id FROM dag WHERE is_paused = :yes"


def warehouse_url(environment: dict[str, str]) -> str:
    """Give the warehouse's SQLAlchemy URL.

    Args:
        environment: the components'; becomes this process's own where Airflow has to be asked.

    Raises:
        ConfigurationError: there is no such connection, or it cannot be used.
    """
    if not any(name.startswith(ELSEWHERE) for name in environment):
        found = _stored(environment)
        if found is not None:
            return url_of(found)
    connections.adopt(environment)
    return connections.warehouse_url()


def paused_jobs(environment: Mapping[str, str]) -> frozenset[str] | None:
    """Give the jobs whose DAGs are paused; None when Airflow's database does not tell."""
    try:
        return frozenset(row.dag_id for row in _ask(environment, PAUSED, yes=True))
    except SQLAlchemyError:
        return None


def runs_under_way(environment: Mapping[str, str], registry: Registry) -> UnderWay:
    """Give the runs that wait or work; none where Airflow's database does not tell.

    Those of a paused job wait for ever, and see to nothing.
    """
    try:
        rows = _ask(environment, RUNS)
    except SQLAlchemyError:
        return UnderWay()
    jobs = registry.jobs
    return UnderWay(Run.of(jobs[row.dag_id], _told(row)) for row in rows if row.dag_id in jobs)


def _told(row: Any) -> dict[str, Any]:
    """Give a run as the API tells it; a database may give JSON and moments as texts."""
    moment = datetime.fromisoformat(str(row.run_after))
    return {
        "dag_run_id": row.run_id,
        "partition_key": row.partition_key,
        "run_after": moment.replace(tzinfo=moment.tzinfo or timezone.utc).isoformat(),
        "conf": json.loads(row.conf) if isinstance(row.conf, str) else row.conf,
        "state": UNDER_WAY[0],
    }


def _stored(environment: Mapping[str, str]) -> Any:
    """Read the connection as Airflow has stored it; None where that is not to be had."""
    query = f"SELECT {FIELDS} FROM connection WHERE conn_id = :id"  # noqa: S608 - names of ours
    try:
        rows = _ask(environment, query, id=connections.WAREHOUSE)
        (row,) = rows
        keys = MultiFernet([Fernet(key) for key in environment[FERNET].split(",")])
        password = _plain(keys, row.password, encrypted=row.is_encrypted)
        extra = json.loads(_plain(keys, row.extra, encrypted=row.is_extra_encrypted) or "{}")
    except (SQLAlchemyError, InvalidToken, ValueError, KeyError):
        return None  # Airflow says what is wrong
    said = {name: getattr(row, name) for name in ("conn_type", "host", "login", "schema", "port")}
    return SimpleNamespace(
        conn_id=connections.WAREHOUSE, **said, password=password, extra_dejson=extra
    )


def _plain(keys: MultiFernet, value: str | None, *, encrypted: bool) -> str | None:
    return keys.decrypt(value.encode()).decode() if value and encrypted else value


def _ask(environment: Mapping[str, str], query: str, **values: Any) -> list[Any]:
    engine = create_engine(environment[METADATA_URL])
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(query), values))
    finally:
        engine.dispose()
