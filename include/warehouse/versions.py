"""Which version the tables of a warehouse have, as the warehouse itself says.

Nothing beside it is asked: a file that was copied back, or a server that was restored, is what it
is. Read without Alembic, which takes its time to load.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from include.errors import ConfigurationError
from include.language import N_, _
from include.warehouse.connecting import connect
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
# Airflow's own tables may share the database and have a version table of their own.
VERSION_TABLE = "warehouse_version"
BRING_UP_TO_DATE = N_(
    "`python3 scheduler_manager.py migrate` brings them up to date (in an Airflow of your own: "
    "`python -m include.prepare`)"
)
GO_BACK = N_(
    "newer code has made its tables: update the project (`git pull`), or bring back a warehouse of "
    "this version (`python3 scheduler_manager.py restore FILE`)"
)

NEWER = N_("the warehouse {where} is of version {found}, and this project knows {newest}: {repair}")
EMPTY = N_("the warehouse {where} has no tables of this project: {repair}")
OLDER = N_(
    "the warehouse {where} has tables of version {found}, and this project needs {newest}: {repair}"
)


def known_versions() -> list[str]:
    """Return the ids of all migrations, the newest last: a file's name begins with its id."""
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted(file.stem.partition("_")[0] for file in files)


def newest_version() -> str:
    """Return the id of the newest migration."""
    return known_versions()[-1]


def version_of(connection: Connection) -> str | None:
    """Return the id of the last migration that a warehouse has seen; None: none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 -- ours
    return None if found is None else str(found)


def is_newer(version: str | None) -> bool:
    """Return whether tables of a version were made by code that knows more migrations."""
    return version is not None and version not in known_versions()


def check_version(connection: Connection) -> None:
    """Compare a warehouse with this code.

    Raises:
        ConfigurationError: its tables are older, newer, or not there.
    """
    found, newest = version_of(connection), newest_version()
    if found == newest:
        return
    where = connection.engine.url.render_as_string(hide_password=True)
    if is_newer(found):
        said, repair = NEWER, GO_BACK
    else:
        said, repair = EMPTY if found is None else OLDER, BRING_UP_TO_DATE
    raise ConfigurationError(said, where=where, found=found, newest=newest, repair=_(repair))


def opened(url: str) -> Engine:
    """Open a warehouse whose tables are those of this code.

    Raises:
        ConfigurationError: they are not, or the URL is none.
        SQLAlchemyError: it does not answer.
    """
    engine = connect(url)
    try:
        with reading(engine) as connection:
            check_version(connection)
    except Exception:
        engine.dispose()
        raise
    return engine
