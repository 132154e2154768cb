"""Which runs Airflow's own cleaning would take that its schedule still needs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, DateTime, MetaData, String, Table, create_engine, insert

from include.housekeeping.airflow_rows import _with_old_rows, jobs_to_spare
from tests.database_servers import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.database_servers import Server

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
BEFORE = NOW - timedelta(days=90)
# Job: kind of run, days since its period, days since it began (None: it has not yet).
RUNS = {
    "current": [("scheduled", 100, 99), ("scheduled", 2, 1)],
    "stopped": [("scheduled", 200, 199), ("scheduled", 150, 149)],
    "refilled": [("scheduled", 120, 119), ("backfill", 300, 118)],
    "refilled_lately": [("scheduled", 120, 119), ("backfill", 300, 10)],
    "refilled_and_current": [("scheduled", 3, 2), ("backfill", 300, 1)],
    "by_another_job": [("scheduled", 120, 119), ("operator_triggered", 110, 100)],
    "by_hand_later": [("scheduled", 120, 119), ("manual", 100, 95)],
    "waiting": [("scheduled", 120, None), ("backfill", 300, 100)],
    "by_hand_only": [("manual", 200, 199)],
}


@pytest.mark.parametrize("kind", ["sqlite", *KINDS])
def test_the_run_that_airflow_goes_on_from_is_spared(
    database_server: Callable[[str], Server], tmp_path: Path, kind: str
) -> None:
    """Where a run of an older period began later, Airflow's command would keep that one instead."""
    server = None if kind == "sqlite" else database_server(kind)
    url = server.create_database() if server else f"sqlite:///{tmp_path}/airflow.db"
    engine = create_engine(url)
    zoned = DateTime(timezone=True)
    table = Table(
        "dag_run",
        MetaData(),
        *(Column(name, String(64)) for name in ("dag_id", "run_type", "partition_key")),
        *(Column(name, zoned) for name in ("partition_date", "start_date")),
    )
    with engine.begin() as connection:
        table.create(connection)
        assert _with_old_rows(connection, BEFORE) == []
        for job_id, runs in RUNS.items():
            for run_type, period, began in runs:
                row = {
                    "dag_id": job_id,
                    "run_type": run_type,
                    "partition_key": str(period),
                    "partition_date": days_ago(kind, period),
                    "start_date": None if began is None else days_ago(kind, began),
                }
                connection.execute(insert(table).values(row))
        assert _with_old_rows(connection, BEFORE) == ["dag_run"]
        assert jobs_to_spare(connection, BEFORE) == [
            "by_another_job",
            "refilled",
            "refilled_lately",
        ]
    engine.dispose()
    if server:
        server.drop_database(url)


def days_ago(kind: str, days: int) -> datetime:
    """Return a moment as Airflow stores it."""
    moment = NOW - timedelta(days=days)
    return moment if kind == "postgresql" else moment.replace(tzinfo=None)
