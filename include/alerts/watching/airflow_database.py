"""What Airflow's database says: paused jobs, runs, heartbeats, files that cannot be imported.

Plain SQL: importing Airflow would cost a process that does next to nothing 200 MB. All of it is
read again in each round, and nothing is kept open meanwhile: a database that is removed, moved or
restarted is noticed by the next round.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import DateTime, column, create_engine, func, select, table
from sqlalchemy.pool import NullPool

from include import METADATA_URL, WAREHOUSE
from include.alerts.connections import read_connections
from include.alerts.findings import Finding, Kind
from include.alerts.watching import health
from include.alerts.watching.config_problems import correct
from include.alerts.watching.connections import connections_of_shops
from include.coverage.airflow_runs import DAGS, RUNS, SCHEDULERS, read_runs_of, read_under_way
from include.coverage.runs import UnderWay
from include.errors import ConfigurationError
from include.language import N_
from include.registry.contracts.schema import DAG_PREFIX
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from include.alerts.connections import ChannelConnections, ShopConnections
    from include.alerts.watching.scope import Collector, Scope, Site
    from include.coverage.runs import Run
    from include.registry import Registry

IMPORT_ERRORS = table(
    "import_error",
    *(column(name) for name in ("filename", "stacktrace")),
    column("timestamp", DateTime(timezone=True)),
)
# How a component is called in Airflow's table of heartbeats.
COMPONENTS = {
    "SchedulerJob": "scheduler",
    "DagProcessorJob": "dag-processor",
    "TriggererJob": "triggerer",
}
CONNECT_SECONDS = 5
# It only raises what `check` says of config/, which is read by itself.
REGISTRY_ERRORS = "registry_errors.py"
NOT_IMPORTED = N_("Airflow cannot import {file}: {error}")


class ImportFailure(NamedTuple):
    """A file that Airflow cannot import: its name, the error's last line, and since when."""

    file: str
    error: str
    since: datetime


@dataclass(frozen=True)
class AirflowState:
    """What is known of Airflow."""

    # The jobs that are DAGs, and whether each is paused; others cannot run
    dags: Mapping[str, bool] = field(default_factory=dict)
    under_way: UnderWay = field(default_factory=UnderWay)  # the runs that wait or work
    # Of each paused DAG of a contract whose events wait, how many and since when
    held: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    # When each component gave its last sign of life; none where it never has
    heartbeats: Mapping[str, datetime | None] = field(default_factory=dict)
    failures: tuple[ImportFailure, ...] = ()  # files that cannot be imported


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """Open a database of which nothing is to be written.

    Raises:
        DatabaseGoneError: it is a file that is not there.
        SQLAlchemyError: it does not answer.
    """
    made = health.there(url)
    is_file = made.get_backend_name() == "sqlite"
    arguments = {} if is_file else {"connect_timeout": CONNECT_SECONDS}
    engine = create_engine(made, poolclass=NullPool, connect_args=arguments)
    try:
        with reading(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def read_airflow(connection: Connection, registry: Registry, now: datetime) -> AirflowState:
    """Read how Airflow is."""
    jobs = registry.jobs
    dags = connection.execute(select(DAGS.c.dag_id, DAGS.c.is_paused).where(~DAGS.c.is_stale))
    return AirflowState(
        dags={row.dag_id: bool(row.is_paused) for row in dags if row.dag_id in jobs},
        under_way=read_under_way(connection, jobs, now),
        held=_held(connection),
        heartbeats=_heartbeats(connection),
        failures=tuple(_failures(connection)),
    )


def _held(connection: Connection) -> dict[str, tuple[int, datetime]]:
    """Return the paused DAGs of contracts with runs that wait: how many, and since when."""
    oldest = func.min(RUNS.c.queued_at, type_=DateTime(timezone=True))
    query = (
        select(RUNS.c.dag_id, func.count(), oldest)
        .select_from(RUNS.join(DAGS, DAGS.c.dag_id == RUNS.c.dag_id))
        .where(DAGS.c.is_paused, RUNS.c.state == "queued", RUNS.c.dag_id.startswith(DAG_PREFIX))
        .group_by(RUNS.c.dag_id)
    )
    return {
        dag_id: (count, since)
        for dag_id, count, moment in connection.execute(query)
        if (since := _aware(moment))
    }


def _heartbeats(connection: Connection) -> dict[str, datetime | None]:
    latest = func.max(SCHEDULERS.c.latest_heartbeat, type_=DateTime(timezone=True))
    query = (
        select(SCHEDULERS.c.job_type, latest)
        .where(SCHEDULERS.c.job_type.in_(COMPONENTS))
        .group_by(SCHEDULERS.c.job_type)
    )
    found = {COMPONENTS[kind]: _aware(beat) for kind, beat in connection.execute(query)}
    return {name: found.get(name) for name in COMPONENTS.values()}


def _failures(connection: Connection) -> Iterable[ImportFailure]:
    for row in connection.execute(select(IMPORT_ERRORS)):
        if not str(row.filename).endswith(REGISTRY_ERRORS):
            lines = [line.strip() for line in str(row.stacktrace).splitlines() if line.strip()]
            last = lines[-1] if lines else ""
            since = _aware(row.timestamp) or datetime.now(timezone.utc)
            yield ImportFailure(str(row.filename), last, since)


def _import_findings(scope: Scope, failures: Iterable[ImportFailure]) -> Iterator[Finding]:
    for one in failures:
        yield Finding.of(
            Kind.CONFIGURATION,
            one.file,
            one.since,
            scope.zone,
            name=PurePath(one.file).name,
            what=scope.say(NOT_IMPORTED, file=one.file, error=scope.quote(one.error)),
            remedy=correct(scope),
        )


def _aware(moment: Any) -> datetime | None:
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc) if moment else None


PART = "Airflow's database"


@dataclass(frozen=True)
class AirflowReader:
    """Reads Airflow's database again in each round; its connections go to those who need them."""

    site: Site
    credentials: ChannelConnections
    shops: ShopConnections

    def read(self, collector: Collector) -> AirflowState | None:
        """Return how Airflow is; none where its database is gone, which becomes a finding."""
        scope, state = collector.scope, None
        away = partial(health.database_finding, health.DATABASE)
        with collector.reading(PART, Kind.PAUSED, subjects=COMPONENTS.values(), away=away):
            if not self.site.said(METADATA_URL):
                raise ConfigurationError(
                    "nothing says where it is: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN is not set"
                )
            with opened(self.site.said(METADATA_URL)) as connection:
                state = read_airflow(connection, scope.registry, scope.now)
                self._read_connections(connection, collector)
        if state is None:
            return None
        with collector.reading("import errors", Kind.CONFIGURATION):
            collector.findings += _import_findings(collector.scope, state.failures)
        with collector.reading("heartbeats", subjects=COMPONENTS.values()):
            began = collector.asked.began or scope.now - health.SILENT
            collector.findings += health.heartbeat_findings(scope, state.heartbeats, began)
        return state

    def runs(self, collector: Collector, periods: Collection[tuple[str, str]]) -> tuple[Run, ...]:
        """Return the runs of some jobs and periods, ended or not."""
        known = collector.scope.registry.jobs
        jobs = {job_id: known[job_id] for job_id, _key in sorted(periods) if job_id in known}
        if not jobs:
            return ()
        with opened(self.site.said(METADATA_URL)) as connection:
            return tuple(read_runs_of(connection, jobs, {key for _, key in periods}))

    def _read_connections(self, connection: Connection, collector: Collector) -> None:
        scope, keys = collector.scope, self.credentials.keys
        wanted = (*collector.asked.connections, WAREHOUSE)
        found = read_connections(connection, wanted, keys)
        self.credentials.refresh(found, wanted, scope.now)
        ids = connections_of_shops(scope)
        if self.shops.is_due(ids, scope.now):
            self.shops.read(connection, ids, scope.now)
            collector.scope = replace(scope, masker=self.shops.masker)
