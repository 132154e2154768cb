"""What a script may see of Airflow's connections, read the way Airflow itself would.

Works with the service up or down, also for connections in a secrets backend. Airflow takes its
settings from the environment when it is imported, so `adopt` comes first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

WAREHOUSE = "warehouse"


def adopt(environment: dict[str, str]) -> None:
    """Make `environment` this process's own, before Airflow is imported."""
    os.environ.clear()
    os.environ.update(environment)


def warehouse_url() -> str:
    """Return the warehouse's SQLAlchemy URL; raises ConfigurationError when it cannot be made."""
    from include.warehouse.connections import url_of  # noqa: PLC0415 -- loads SQLAlchemy

    return url_of(_connection(WAREHOUSE))


def script_variables(connection_ids: Iterable[str], *, of_shops: bool = False) -> dict[str, str]:
    """Return the variables that hand a script its connections and the warehouse.

    Args:
        connection_ids: those that it may see.
        of_shops: one that is missing is one shop's problem: the script says which.

    Raises:
        ConfigurationError: a connection is missing.
    """
    given = {}
    for name in connection_ids:
        try:
            given[_variable(name)] = _connection(name).as_json()
        except ConfigurationError:  # noqa: PERF203 - each connection for itself
            if not of_shops:
                raise
    return {**given, "WAREHOUSE_URL": warehouse_url()}


def _variable(connection_id: str) -> str:
    return f"AIRFLOW_CONN_{connection_id.upper()}"


def _connection(connection_id: str) -> Any:
    from airflow.exceptions import AirflowNotFoundException  # noqa: PLC0415 -- after `adopt`
    from airflow.models.connection import Connection  # noqa: PLC0415 -- the same

    try:
        return Connection.get_connection_from_secrets(connection_id)
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"connection {connection_id!r} is missing: make it in the UI under Admin > "
            "Connections, or with `python3 scheduler_manager.py airflow connections import FILE`"
        ) from None
