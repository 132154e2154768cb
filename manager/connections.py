"""Airflow's connections, read the way Airflow itself would: what a script may see of them.

Works with the service up or down, also for connections in a secrets backend. Airflow takes its
settings from the environment when it is imported, so `adopt` comes first.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from include import WAREHOUSE
from include.errors import ConfigurationError, missing_connection
from include.secrets.values import variable_of


def adopt(environment: dict[str, str]) -> None:
    """Make `environment` this process's own, before Airflow is imported."""
    os.environ.clear()
    os.environ.update(environment)


def warehouse_url() -> str:
    """Return the warehouse's SQLAlchemy URL; raises ConfigurationError when it cannot be made."""
    from include.warehouse.connecting import url_of  # noqa: PLC0415 -- loads SQLAlchemy

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
            given[variable_of(name)] = _connection(name).as_json()
        except ConfigurationError:  # noqa: PERF203 - each connection for itself
            if not of_shops:
                raise
    return {**given, "WAREHOUSE_URL": warehouse_url()}


def stored(connection_id: str) -> Any:
    """Return a connection as Airflow has it, wherever that is; None when it is missing."""
    try:
        return _connection(connection_id)
    except ConfigurationError:
        return None


def store(connection_id: str, fields: Mapping[str, Any]) -> None:
    """Write a connection into Airflow's database, which keeps its password and extra encrypted.

    Args:
        connection_id: the one to make or change.
        fields: conn_type, description, host, login, password, and extra (a mapping); port, if it
            has one; schema is emptied.
    """
    from airflow.models.connection import Connection  # noqa: PLC0415 -- after `adopt`
    from airflow.utils.session import create_session  # noqa: PLC0415 -- the same
    from sqlalchemy import select  # noqa: PLC0415 -- the same

    with create_session() as session:
        query = select(Connection).where(Connection.conn_id == connection_id)
        known = session.scalar(query) or Connection(conn_id=connection_id)
        for name in ("conn_type", "description", "host", "login", "password"):
            setattr(known, name, fields[name] or None)
        known.extra = json.dumps(fields["extra"])
        known.port, known.schema = fields.get("port"), None
        session.add(known)


def _connection(connection_id: str) -> Any:
    from airflow.exceptions import AirflowNotFoundException  # noqa: PLC0415 -- after `adopt`
    from airflow.models.connection import Connection  # noqa: PLC0415 -- the same

    try:
        return Connection.get_connection_from_secrets(connection_id)
    except AirflowNotFoundException:
        raise missing_connection(connection_id) from None
