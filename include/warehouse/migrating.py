"""Bringing a warehouse to the newest version of its tables.

Not part of what the room shows at its door: Alembic takes time to load, and few callers migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from include.warehouse.connecting import connect

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(warehouse: Engine | str) -> None:
    """Make or change the tables and views; a warehouse that is up to date is left as it is.

    Args:
        warehouse: an open engine, or a SQLAlchemy URL.
    """
    engine = warehouse if isinstance(warehouse, Engine) else connect(warehouse)
    with engine.begin() as connection:
        command.upgrade(_config(connection), "head")
    if engine is not warehouse:
        engine.dispose()


def newest_version() -> str:
    """Give the id of the newest migration."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
