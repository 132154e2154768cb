"""Reading what Airflow's database knows, for one round."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.alerts.credentials import WAREHOUSE, read_connections
from include.alerts.findings import Kind
from include.alerts.watching import health
from include.alerts.watching.airflow_state import (
    COMPONENTS,
    AirflowState,
    opened,
    read_airflow,
    runs_of_periods,
)
from include.alerts.watching.problems import import_findings
from include.alerts.watching.token_ends import connections_of_shops
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from include.alerts.credentials import Credentials
    from include.alerts.findings import Finding
    from include.alerts.watching.known_connections import KnownConnections
    from include.alerts.watching.place import Asked, Place
    from include.alerts.watching.sight import Gathering
    from include.coverage.runs import Run

PART = "Airflow's database"


class AirflowReader:
    """Reads Airflow's database again in each round.

    Args:
        place: the installation.
        credentials: gets what messages are sent with.
        shops: gets the shops' connections.
    """

    def __init__(self, place: Place, credentials: Credentials, shops: KnownConnections) -> None:
        self._place = place
        self._credentials = credentials
        self._shops = shops

    def read(self, gathering: Gathering, asked: Asked) -> AirflowState | None:
        """Return how Airflow is; none where its database is gone, which becomes a finding."""
        sight, state = gathering.sight, None

        def away(error: Exception) -> Finding | None:
            return health.database_finding(gathering.sight, health.DATABASE, error)

        with gathering.reading(PART, Kind.PAUSED, subjects=COMPONENTS.values(), away=away):
            if not self._place.metadata_url:
                raise ConfigurationError(
                    "nothing says where it is: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN is not set"
                )
            with opened(self._place.metadata_url) as connection:
                state = read_airflow(connection, sight.registry, sight.now)
                self._read_connections(connection, gathering, asked)
        if state is None:
            return None
        with gathering.reading("import errors", Kind.CONFIGURATION):
            gathering.findings += import_findings(gathering.sight, state.failures)
        with gathering.reading("heartbeats", subjects=COMPONENTS.values()):
            began = asked.began or sight.now - health.SILENT
            gathering.findings += health.heartbeat_findings(sight, state.heartbeats, began)
        return state

    def runs(self, gathering: Gathering, periods: Collection[tuple[str, str]]) -> tuple[Run, ...]:
        """Return the runs of some jobs and periods, ended or not."""
        with opened(self._place.metadata_url) as connection:
            return tuple(runs_of_periods(connection, gathering.sight.registry, periods))

    def _read_connections(self, connection: Connection, gathering: Gathering, asked: Asked) -> None:
        sight, keys = gathering.sight, self._credentials.keys
        wanted = (*asked.connections, WAREHOUSE)
        found = read_connections(connection, wanted, keys)
        self._credentials.refresh(found, wanted, sight.now)
        ids = connections_of_shops(sight)
        if self._shops.is_due(ids, sight.now):
            self._shops.read(connection, ids, sight.now)
            gathering.sight = replace(sight, masker=self._shops.masker)
