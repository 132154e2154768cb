"""Nothing is migrated under components that run: they would write by rows that are no more.

Docker Compose starts `init` before it replaces the containers that depend on it, and a Helm upgrade
its job before the pods.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, column, create_engine, select, table
from sqlalchemy.exc import SQLAlchemyError

from include.errors import ExpectedError
from manager.airflow.tables import warehouse_is_behind
from manager.doctor.databases import migrations_of_airflow
from manager.lifecycle.settings import METADATA_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = table("alembic_version", column("version_num"))
JOBS = table(
    "job",
    *(column(name) for name in ("job_type", "hostname", "state")),
    column("latest_heartbeat", DateTime(timezone=True)),
)
# A component that is well gives a sign of life every few seconds.
SILENT = timedelta(seconds=45)
# One that was killed a moment ago has ended, and is only known to have when it has been silent.
PATIENCE_SECONDS, PAUSE_SECONDS = 60.0, 3.0


def await_their_end(environment: Mapping[str, str], patience: float = PATIENCE_SECONDS) -> None:
    """Return when nothing is to be migrated, or nothing runs that a migration would disturb.

    Args:
        environment: says where Airflow's database is, and the key of what is stored there.
        patience: how many seconds to wait for components that give signs of life.

    Raises:
        ExpectedError: they go on.
    """
    until = time.monotonic() + patience
    while _is_behind(environment) and (running := _running(environment)):
        if time.monotonic() > until:
            raise ExpectedError(
                f"nothing was migrated: {', '.join(running)} still run on the tables as they are; "
                "stop the old components first (`docker compose stop`, or scale the old "
                "deployments to none), then start the new ones"
            )
        print(f"waiting for {', '.join(running)} to end", flush=True)
        time.sleep(PAUSE_SECONDS)


def _is_behind(environment: Mapping[str, str]) -> bool:
    """Return whether Airflow's database or the warehouse has tables of an older version."""
    engine = create_engine(environment[METADATA_URL])
    try:
        with engine.connect() as connection:
            found = connection.scalar(select(VERSION.c.version_num))
    except SQLAlchemyError:  # no tables yet, or it does not answer, which preparing says
        return False
    finally:
        engine.dispose()
    newest = migrations_of_airflow().get_current_head()
    return found != newest or warehouse_is_behind(environment)


def _running(environment: Mapping[str, str]) -> list[str]:
    """Return the components that have given a sign of life just now."""
    engine = create_engine(environment[METADATA_URL])
    query = select(JOBS.c.job_type, JOBS.c.hostname).where(
        JOBS.c.state == "running",
        JOBS.c.latest_heartbeat > datetime.now(timezone.utc) - SILENT,
    )
    try:
        with engine.connect() as connection:
            return sorted(
                {f"{row.job_type} on {row.hostname}" for row in connection.execute(query)}
            )
    finally:
        engine.dispose()
