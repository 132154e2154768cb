"""Bring the databases to where the code is: migrations, pools and the delivered connections.

`prepare` is called by the manager and costs next to nothing when nothing changed. The work itself
is `python -m manager.lifecycle.preparing`, a process of its own, because Airflow reads its settings
from the environment, once, when it is imported, and that takes seconds.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, ExpectedError
from include.units.exit_codes import ExitCode
from manager.layout import Layout, current_layout
from manager.lifecycle.locks import exclusive
from manager.lifecycle.settings import METADATA_URL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What preparing depends on, besides Airflow's version, the ports and the warehouse's connection.
SOURCES = (
    "requirements.txt",
    "config/pools.json",
    "manager/lifecycle/preparing.py",
    "manager/airflow/delivered.py",
    "sandbox/delivery.py",
)
MIGRATIONS = "include/warehouse/migrations/versions"
# Airflow's own database is migrated where it is this project's, and never where it is a team's.
OURS = "--migrate-airflow"
TAIL_LINES = 15


def prepare(layout: Layout, environment: dict[str, str]) -> None:
    """Prepare the databases unless that was done and nothing changed since.

    Args:
        layout: the installation.
        environment: the components' one; says which databases and ports.

    Raises:
        ExpectedError: it failed; the text ends with the last lines of the log.
    """
    if is_prepared(layout, environment):
        return
    log = layout.logs / "prepare.log"
    print("preparing the databases ...", end="", flush=True)
    with log.open("w") as file:
        done = subprocess.run(
            [layout.python, "-m", "manager.lifecycle.preparing", OURS],
            cwd=layout.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C must not cut a migration in two
            check=False,
        )
    print(" done" if done.returncode == 0 else " failed", flush=True)
    if done.returncode != 0:
        tail = log.read_text("utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        raise ExpectedError(
            "\n".join(f"  {line}" for line in tail)
            + f"\nthe databases could not be prepared; the lines above end {layout.shown(log)}"
        )
    (layout.var / "prepared").write_text(_fingerprint(layout, environment), "utf-8")


def is_prepared(layout: Layout, environment: dict[str, str]) -> bool:
    """Return whether the databases are as the code, the settings and the connection want them.

    The stamp of the last time only says whether anything changed since; what version a database
    has, it says itself: somebody may have put another one in its place.

    Raises:
        ConfigurationError: newer code has made the warehouse's tables.
    """
    from manager.airflow.tables import warehouse_is_behind  # noqa: PLC0415 -- SQLAlchemy

    if warehouse_is_behind(environment):
        return False
    stamp = layout.var / "prepared"
    return stamp.exists() and stamp.read_text("utf-8") == _fingerprint(layout, environment)


def _fingerprint(layout: Layout, environment: dict[str, str]) -> str:
    """Return a hash over what preparing depends on, and what it leaves in Airflow's database."""
    from manager.airflow.tables import prepared_state  # noqa: PLC0415 -- SQLAlchemy

    names = [*SOURCES, *sorted(path.name for path in (layout.root / MIGRATIONS).glob("*.py"))]
    parts: list[str] = [
        version("apache-airflow"),
        *names,
        *(_text(layout.root / source) for source in SOURCES),
        *(f"{key}={environment.get(key)}" for key in (METADATA_URL, "SCHEDULER_SANDBOX_PORT")),
        f"{layout.var} {layout.warehouse.exists()} {prepared_state(environment)}",
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _text(source: Path) -> str:
    """Return a file's text; what is wrong with one that people edit `check` says."""
    return source.read_text("utf-8", errors="replace") if source.exists() else ""


def main(words: Sequence[str]) -> int:
    """Do the work in this process, in which Airflow has the project's environment, or its own.

    Args:
        words: `--migrate-airflow`, or nothing: a team's own Airflow, whose tables are its own.
    """
    layout = current_layout()
    try:
        # One whose `start` was killed may still be at it.
        with exclusive(layout.var / "locks" / "prepare.lock", "preparing the databases"):
            bring_up_to_date(layout, migrate_airflow=OURS in words)
    except OSError as error:
        raise ConfigurationError(
            f"folder {layout.var} cannot be written ({error.strerror}): set the variable "
            "SCHEDULER_VAR to a folder that can be, here and for all components of Airflow"
        ) from error
    return 0


def bring_up_to_date(layout: Layout, *, migrate_airflow: bool) -> None:
    """Migrate, and make pools and connections; says what was done.

    Raises:
        ConfigurationError: Airflow's database has no tables, or the warehouse cannot be one.
        ExpectedError: the warehouse does not answer.
    """
    from include.registry import load_registry  # noqa: PLC0415 -- the same
    from include.units.first_seen import first_seen  # noqa: PLC0415 -- seconds, and only here
    from include.warehouse import connect  # noqa: PLC0415 -- the same
    from include.warehouse.migrating import migrate  # noqa: PLC0415 -- the same
    from manager.connections import warehouse_url  # noqa: PLC0415 -- the same

    if migrate_airflow:
        _migrate_airflow(layout)
    _make_pools_and_connections(layout)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # Airflow has it tell each step
    engine = connect(warehouse_url())
    done = migrate(engine)
    first_seen(engine, load_registry(layout.root).jobs)
    was = "as it was" if done.before == done.after else f"before: {done.before or 'no tables'}"
    print(f"warehouse {done.where}: version {done.after} ({was})")


def _make_pools_and_connections(layout: Layout) -> None:
    from airflow.utils.session import create_session  # noqa: PLC0415 -- seconds, and only here
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 -- the same
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 -- the same

    from manager.airflow.delivered import make_connections, make_pools  # noqa: PLC0415 -- the same

    try:
        with create_session() as session:
            pools, made = make_pools(layout, session), make_connections(layout, session)
    except DBAPIError as error:
        raise ConfigurationError(
            f"Airflow's database cannot be written: {str(error.orig).strip()}; where it has no "
            "tables yet, `airflow db migrate` makes them"
        ) from error
    except InvalidToken as error:
        raise ConfigurationError(
            "the stored connections are encrypted with another key than this process has: give it "
            "the AIRFLOW__CORE__FERNET_KEY (or airflow.cfg) of the other components"
        ) from error
    print(f"pools made or changed: {', '.join(pools) or 'none'}")
    print(f"connections made: {', '.join(made) or 'none'}")


def _migrate_airflow(layout: Layout) -> None:
    from airflow.utils.db import upgradedb  # noqa: PLC0415 -- seconds, and only here
    from airflow.utils.providers_configuration_loader import (  # noqa: PLC0415 -- the same
        providers_configuration_loaded,
    )

    _write_ahead(layout)
    providers_configuration_loaded(upgradedb)()


def _write_ahead(layout: Layout) -> None:
    """Let readers and a writer work at once, when Airflow's database is SQLite.

    The mode is kept in the database file itself.
    """
    import sqlite3  # noqa: PLC0415 -- only here

    if os.environ[METADATA_URL].startswith("sqlite"):
        connection = sqlite3.connect(layout.airflow_home / "airflow.db")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.CONFIGURATION)
    except ExpectedError as error:
        sys.exit(str(error))
