"""The warehouse and the registry as the web server sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.exceptions import AirflowNotFoundException
from airflow.models.connection import Connection

from include.errors import missing_connection
from include.warehouse import connect
from include.warehouse.connections import url_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

WAREHOUSE = "warehouse"


class Warehouse:
    """Opened when it is first asked for, and again when its connection is edited."""

    def __init__(self) -> None:
        self._url = ""
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """Return the warehouse.

        Raises:
            ConfigurationError: the connection is missing, or names no database that we know.
        """
        url = _url()
        if self._engine is None or url != self._url:
            if self._engine is not None:
                self._engine.dispose()
            self._url, self._engine = url, connect(url)
        return self._engine


def _url() -> str:
    try:
        return url_of(Connection.get_connection_from_secrets(WAREHOUSE))
    except AirflowNotFoundException as error:
        raise missing_connection(WAREHOUSE) from error
