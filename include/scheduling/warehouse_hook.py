"""The hook by which Airflow's SQL operators ask the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.sql.hooks.sql import DbApiHook

from include.scheduling.connections import WAREHOUSE

if TYPE_CHECKING:
    from sqlalchemy import Engine


class WarehouseHook(DbApiHook):
    """Asks on an engine's connections, so that no provider of the database is needed.

    Args:
        engine: from `include.warehouse.connect`.
    """

    conn_name_attr = "warehouse_conn_id"
    default_conn_name = WAREHOUSE

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def get_conn(self) -> Any:
        """Give a connection of the driver's; closing it gives it back to the engine."""
        return self._engine.raw_connection()

    def set_autocommit(self, conn: Any, autocommit: Any) -> None:
        """Leave it as the engine has set it: reading needs no other."""
