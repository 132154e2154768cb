"""The warehouse, as the web server opens it: by Airflow's connection."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow.exceptions import AirflowNotFoundException
from airflow.models.connection import Connection

from include import WAREHOUSE
from include.errors import missing_connection
from include.warehouse import connect
from include.warehouse.connecting import url_of

if TYPE_CHECKING:
    from sqlalchemy import Engine


def warehouse() -> Engine:
    """Return the warehouse: opened when it is first asked for, and when its connection is edited.

    Raises:
        ConfigurationError: the connection is missing, or names no database that we know.
    """
    try:
        connection = Connection.get_connection_from_secrets(WAREHOUSE)
    except AirflowNotFoundException as error:
        raise missing_connection(WAREHOUSE) from error
    return _opened(url_of(connection))


_opened = lru_cache(maxsize=1)(connect)
