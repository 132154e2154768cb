"""Airflow's connections, as a task sees them."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.errors import missing_connection

WAREHOUSE = "warehouse"


def connection_of(connection_id: str) -> Any:
    """Return a connection.

    Raises:
        ConfigurationError: there is none of that id.
    """
    try:
        return BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise missing_connection(connection_id) from error


def warehouse_url() -> str:
    """Return the warehouse's SQLAlchemy URL, secrets and all.

    Raises:
        ConfigurationError: the connection is missing, or names no database that we know.
    """
    # Parsing a DAG file must not wait for SQLAlchemy.
    from include.warehouse.connecting import url_of  # noqa: PLC0415

    return url_of(connection_of(WAREHOUSE))
