"""What the manager reads in Airflow's database: the only SQL on Airflow's tables in `manager/`.

Without importing Airflow, which takes seconds that somebody who only looks should not wait for.
Where the connection `warehouse` may be anywhere but in Airflow's database, Airflow is asked.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, DateTime, column, create_engine, make_url, select, table, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from include import METADATA_URL, WAREHOUSE
from include.coverage.airflow_runs import read_under_way
from include.coverage.runs import Name, Run, UnderWay
from include.errors import ConfigurationError
from include.language import _
from include.registry import Registry, load_registry
from include.secrets.values import variable_of
from include.warehouse import connect
from include.warehouse.connecting import file_of, url_of
from include.warehouse.transactions import cause_of
from include.warehouse.versions import (
    check_version,
    is_newer,
    newest_version,
    opened,
    version_of,
)
from manager import connections
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import FERNET, component_environment

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

Stuck = Callable[[], Mapping[Name, Run]]

# What begins so says that the connection may be elsewhere.
ELSEWHERE = ("AIRFLOW__SECRETS__", variable_of(WAREHOUSE))
FIELDS = "conn_type, host, login, password, schema, port, extra, is_encrypted, is_extra_encrypted"
VERSION = "SELECT version_num FROM alembic_version"
PREPARED = (
    VERSION,
    "SELECT pool, slots FROM slot_pool ORDER BY pool",
    "SELECT DISTINCT host FROM connection WHERE host LIKE 'http://127.0.0.1:%' ORDER BY host",
    "SELECT * FROM connection WHERE conn_id = 'warehouse'",
)
JOBS = table(
    "job",
    *(column(name) for name in ("job_type", "hostname", "state")),
    column("latest_heartbeat", DateTime(timezone=True)),
)
# A component that is well sends a heartbeat every few seconds.
SILENT = timedelta(seconds=45)


def warehouse_url(environment: dict[str, str]) -> str:
    """Return the warehouse's SQLAlchemy URL.

    Args:
        environment: the components'; becomes this process's own where Airflow has to be asked.

    Raises:
        ConfigurationError: there is no such connection, or it cannot be used.
    """
    found = _stored_connection(environment)
    if found is not None:
        return url_of(found)
    connections.adopt(environment)
    return connections.warehouse_url()


@dataclass(frozen=True)
class StoredWarehouse:
    """A warehouse that the connection in Airflow's database leads to.

    Attributes:
        where: its URL, without the password.
        is_empty: it has no tables of ours, or its file is not there.
        is_behind: it has to be migrated; false where it does not answer, since those who use it
            wait for it.
    """

    where: str
    is_empty: bool
    is_behind: bool


def stored_warehouse(environment: Mapping[str, str]) -> StoredWarehouse | None:
    """Return how the warehouse is, as its own tables say; None: Airflow has to be asked for it.

    Raises:
        ConfigurationError: newer code has made its tables.
    """
    found = _stored_connection(environment)
    if found is None:
        return None
    url = make_url(url_of(found))
    where = url.render_as_string(hide_password=True)
    if (file := file_of(url)) and not file.exists():
        return StoredWarehouse(where, is_empty=True, is_behind=True)
    engine = connect(url.render_as_string(hide_password=False))
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if is_newer(version := version_of(connection)):
                check_version(connection)
    except SQLAlchemyError:
        return StoredWarehouse(where, is_empty=False, is_behind=False)
    finally:
        engine.dispose()
    return StoredWarehouse(where, version is None, version != newest_version())


def warehouse_trouble(environment: Mapping[str, str]) -> str:
    """Return why nothing can land in the warehouse; empty: not known without asking Airflow."""
    found = _stored_connection(environment)
    if found is None:
        return ""
    try:
        opened(url_of(found)).dispose()
    except ConfigurationError as error:
        return str(error)
    except SQLAlchemyError as error:
        return cause_of(error)
    return ""


def warehouse_is_behind(environment: Mapping[str, str]) -> bool:
    """Return whether preparing has something to do in the warehouse.

    Raises:
        ConfigurationError: newer code has made its tables.
    """
    found = stored_warehouse(environment)
    return found is None or found.is_behind


def airflow_is_there(environment: Mapping[str, str]) -> bool:
    """Return whether Airflow's database has tables, or does not answer; false: nothing was made."""
    url = make_url(environment[METADATA_URL])
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and not Path(file).exists():
        return False  # which asking would make
    try:
        _ask(environment, "SELECT COUNT(*) FROM connection")
    except OperationalError:
        return file is None
    except SQLAlchemyError:
        return False
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


def schema_version(connection: Connection) -> str | None:
    """Return the version of Airflow's tables; raises SQLAlchemyError where there are none."""
    found: str | None = connection.scalar(text(VERSION))
    return found


def migrations_of_airflow() -> "ScriptDirectory":
    """Return Airflow's migrations, found without importing it."""
    # 7 MB that the components, which share the rest of this module, do without.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    found = importlib.util.find_spec("airflow")
    places = list(found.submodule_search_locations or []) if found else []
    config = Config()
    config.set_main_option("script_location", str(Path(places[0]) / "migrations"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def is_behind(environment: Mapping[str, str]) -> bool | None:
    """Return whether Airflow's tables are of another version; None where there are none yet."""
    try:
        with _opened(environment) as connection:
            found = schema_version(connection)
    except SQLAlchemyError:  # where it does not answer, preparing says so
        return None
    return found != migrations_of_airflow().get_current_head()


def running_components(environment: Mapping[str, str]) -> list[str]:
    """Return the components of Airflow that have sent a heartbeat just now."""
    query = select(JOBS.c.job_type, JOBS.c.hostname).where(
        JOBS.c.state == "running",
        JOBS.c.latest_heartbeat > datetime.now(timezone.utc) - SILENT,
    )
    with _opened(environment) as connection:
        return sorted(
            {
                _("{component} on {host}", component=row.job_type, host=row.hostname)
                for row in connection.execute(query)
            }
        )


def pool_slots(environment: Mapping[str, str]) -> dict[str, int]:
    """Return the slots of each pool, by its name."""
    return {row.pool: row.slots for row in _ask(environment, "SELECT pool, slots FROM slot_pool")}


def paused_by_dag(environment: Mapping[str, str]) -> dict[str, bool]:
    """Return whether each DAG is paused, by its id."""
    rows = _ask(environment, "SELECT dag_id, is_paused FROM dag")
    return {row.dag_id: bool(row.is_paused) for row in rows}


def paused_jobs(environment: Mapping[str, str]) -> frozenset[str] | None:
    """Return the jobs whose DAGs are paused; None when Airflow's database does not answer."""
    try:
        return frozenset(dag_id for dag_id, paused in paused_by_dag(environment).items() if paused)
    except SQLAlchemyError:
        return None


def runs_under_way(environment: Mapping[str, str], registry: Registry) -> UnderWay:
    """Return the runs that wait or work; none where Airflow's database does not answer."""
    try:
        with _opened(environment) as connection:
            return read_under_way(connection, registry.jobs)
    except SQLAlchemyError:
        return UnderWay()


def stuck_of(layout: Layout, job_id: str | None = None) -> Stuck:
    """Return a function that finds the runs that cannot move, of all jobs or of one.

    It looks again each time: a pool may be made, a job resumed.
    """
    environment = component_environment(layout, remembered(layout))
    registry = load_registry(layout.root, only=job_id)
    return lambda: stuck_runs(environment, registry)


def stuck_runs(environment: Mapping[str, str], registry: Registry) -> Mapping[Name, Run]:
    """Return the runs that cannot move, by their name; none as `runs_under_way`."""
    return {run.name: run for run in runs_under_way(environment, registry).stuck}


def _stored_connection(environment: Mapping[str, str]) -> Any:
    """Return the connection `warehouse` as Airflow has stored it; None where it is not readable."""
    if any(name.startswith(ELSEWHERE) for name in environment):
        return None
    query = f"SELECT {FIELDS} FROM connection WHERE conn_id = :id"  # noqa: S608 - names of ours
    try:
        (row,) = _ask(environment, query, id=WAREHOUSE)
        keys = MultiFernet([Fernet(key) for key in environment[FERNET].split(",")])
        password = _plain(keys, row.password, encrypted=row.is_encrypted)
        extra = json.loads(_plain(keys, row.extra, encrypted=row.is_extra_encrypted) or "{}")
    except (SQLAlchemyError, InvalidToken, ValueError, KeyError):
        return None  # Airflow says what is wrong
    said = {name: getattr(row, name) for name in ("conn_type", "host", "login", "schema", "port")}
    return SimpleNamespace(conn_id=WAREHOUSE, **said, password=password, extra_dejson=extra)


def _plain(keys: MultiFernet, value: str | None, *, encrypted: bool) -> str | None:
    return keys.decrypt(value.encode()).decode() if value and encrypted else value


@contextmanager
def _opened(environment: Mapping[str, str]) -> Iterator[Connection]:
    engine = create_engine(environment[METADATA_URL])
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _ask(environment: Mapping[str, str], query: str, **values: Any) -> list[Any]:
    with _opened(environment) as connection:
        return list(connection.execute(text(query), values))
