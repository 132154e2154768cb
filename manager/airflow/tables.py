"""The warehouse's URL, what is paused and what is under way, without importing Airflow.

All of it stands in Airflow's database.

Importing it takes seconds, which somebody who only looks should not wait for. Where the connection
is anywhere but in Airflow's database, Airflow is asked after all.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from include.coverage.airflow_runs import read_runs
from include.coverage.runs import UnderWay
from include.warehouse import connect
from include.warehouse.connections import url_of
from include.warehouse.versions import check_version, is_newer, newest_version, version_of
from manager import connections
from manager.lifecycle.settings import FERNET, METADATA_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.registry import Registry

# What begins so says that the connection may be elsewhere.
ELSEWHERE = ("AIRFLOW__SECRETS__", f"AIRFLOW_CONN_{connections.WAREHOUSE.upper()}")
FIELDS = "conn_type, host, login, password, schema, port, extra, is_encrypted, is_extra_encrypted"
PREPARED = (
    "SELECT version_num FROM alembic_version",
    "SELECT pool, slots FROM slot_pool ORDER BY pool",
    "SELECT DISTINCT host FROM connection WHERE host LIKE 'http://127.0.0.1:%' ORDER BY host",
    "SELECT * FROM connection WHERE conn_id = 'warehouse'",
)
PAUSED = "SELECT dag_id FROM dag WHERE is_paused = :yes"


def warehouse_url(environment: dict[str, str]) -> str:
    """Return the warehouse's SQLAlchemy URL.

    Args:
        environment: the components'; becomes this process's own where Airflow has to be asked.

    Raises:
        ConfigurationError: there is no such connection, or it cannot be used.
    """
    found = None if _is_elsewhere(environment) else _stored(environment)
    if found is not None:
        return url_of(found)
    connections.adopt(environment)
    return connections.warehouse_url()


def warehouse_is_behind(environment: Mapping[str, str]) -> bool:
    """Return whether the warehouse has to be migrated, as its own tables say.

    One that does not answer is not said to be behind: those who use it wait for it.

    Raises:
        ConfigurationError: newer code has made its tables.
    """
    found = None if _is_elsewhere(environment) else _stored(environment)
    if found is None:
        return True  # preparing asks Airflow
    url = make_url(url_of(found))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return True  # which asking would make
    engine = connect(url.render_as_string(hide_password=False))
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if is_newer(version := version_of(connection)):
                check_version(connection)
            return version != newest_version()
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()


def airflow_is_there(environment: Mapping[str, str]) -> bool:
    """Return whether Airflow's database has tables, or does not answer; false: nothing was made."""
    engine = create_engine(environment[METADATA_URL])
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        return False  # which asking would make
    try:
        _ask(environment, "SELECT COUNT(*) FROM connection")
    except OperationalError:
        return file is None
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()
    return True


def prepared_state(environment: Mapping[str, str]) -> str:
    """Return what preparing leaves in Airflow's database, as it stands there, secrets encrypted.

    Its version, the pools, the connections that follow the sandbox's port, and the warehouse's:
    when the team moves the warehouse in the UI, the new database needs the tables too.
    """
    try:
        return repr([_ask(environment, query) for query in PREPARED])
    except SQLAlchemyError:  # no database yet
        return ""


def _is_elsewhere(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(ELSEWHERE) for name in environment)


def paused_jobs(environment: Mapping[str, str]) -> frozenset[str] | None:
    """Return the jobs whose DAGs are paused; None when Airflow's database does not tell."""
    try:
        return frozenset(row.dag_id for row in _ask(environment, PAUSED, yes=True))
    except SQLAlchemyError:
        return None


def runs_under_way(environment: Mapping[str, str], registry: Registry) -> UnderWay:
    """Return the runs that wait or work; none where Airflow's database does not tell."""
    engine = create_engine(environment[METADATA_URL])
    try:
        with engine.connect() as connection:
            return UnderWay(read_runs(connection, registry.jobs))
    except SQLAlchemyError:
        return UnderWay()
    finally:
        engine.dispose()


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
