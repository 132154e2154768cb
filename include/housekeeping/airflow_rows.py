"""Removing old rows of Airflow's own database, by its own command `airflow db clean`.

Scripts get no secrets of Airflow's; where its database is comes as the connection
`airflow_metadata`, which `include.prepare` keeps up to date.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, column, create_engine, func, inspect, literal, select, table

from include.errors import ConfigurationError, ExpectedError
from include.secrets.values import variable_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

CONNECTION = "airflow_metadata"
VARIABLE = variable_of(CONNECTION)
# Tables that grow, and by which column Airflow cleans each. Not `dag`: after an outage its rows are
# old, and with them went which jobs are paused. Not `trigger`: waiting tasks would go with theirs.
TABLES = {
    "dag_run": "start_date",
    "task_instance_history": "start_date",
    "log": "dttm",
    "job": "latest_heartbeat",
    "xcom": "timestamp",
    "task_reschedule": "start_date",
    "import_error": "timestamp",
    "dag_version": "created_at",
    "callback": "created_at",
    "asset_event": "timestamp",
    "celery_taskmeta": "date_done",
    "celery_tasksetmeta": "date_done",
    "revoked_token": "exp",
    "session": "expiry",
}
RUN_TABLES = ("dag_run", "dag_version")  # cleaning the second cleans the first as well
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
# Rows in one transaction: a second's work, since on SQLite all others wait for it.
BATCH = 2_000
FOUND = re.compile(r"^Checking table (\w+)\nFound (\d+) rows", re.MULTILINE)
TAIL_LINES = 15
ON_THE_WAY_OUT = "_airflow_deleted__"
# Airflow 3.3.2 asks that table for a column which it has not, when jobs are left out. We have none.
ONLY_DEADLINES = "did not clean them: ['deadline']"

RUNS = table(
    "dag_run",
    column("dag_id"),
    column("run_type"),
    column("partition_key"),
    column("partition_date", DateTime(timezone=True)),
    column("start_date", DateTime(timezone=True)),
)


@dataclass(frozen=True)
class Database:
    """Airflow's database."""

    url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Database:
        """Read where it is; raises ConfigurationError when nobody said."""
        try:
            return cls(json.loads(environment[VARIABLE])["password"])
        except (KeyError, ValueError, TypeError):
            raise ConfigurationError(
                "connection {connection}: {variable} is not set, or is not JSON with the "
                "database's URL in its password: `python3 scheduler_manager.py start` makes the "
                "connection",
                connection=CONNECTION, variable=VARIABLE,
            ) from None  # fmt: skip

    def clean(self, before: datetime) -> dict[str, int]:
        """Remove what is older than a moment; returns how many rows went, by table.

        Raises:
            ExpectedError: Airflow's command failed; the text ends with its last lines.
        """
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                tables = _with_old_rows(connection, before)
                kept = jobs_to_spare(connection, before)
        finally:
            engine.dispose()
        # Leaving jobs out leaves also out what belongs to no job.
        of_runs = [name for name in tables if name in RUN_TABLES and kept]
        others = [name for name in tables if name not in of_runs]
        removed = self._run(others, [], before) if others else {}
        return removed | (self._run(of_runs, kept, before) if of_runs else {})

    def left_over(self) -> list[str]:
        """Return the tables that a cleaning left which was cut off: its rows on their way out."""
        engine = create_engine(self.url)
        try:
            names = inspect(engine).get_table_names()
        finally:
            engine.dispose()
        return sorted(name for name in names if name.startswith(ON_THE_WAY_OUT))

    def _run(self, tables: list[str], kept: list[str], before: datetime) -> dict[str, int]:
        command = [sys.executable, "-m", "airflow", "db", "clean", "--yes", "--skip-archive"]
        command += ["--clean-before-timestamp", before.isoformat(), "--tables", ",".join(tables)]
        command += ["--batch-size", str(BATCH), "--error-on-cleanup-failure"]
        command += ["--exclude-dag-ids", ",".join(kept)] if kept else []
        done = subprocess.run(
            command,
            env={**os.environ, **self._settings(tables)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
        )
        if done.returncode and not (kept and ONLY_DEADLINES in done.stderr):
            tail = (done.stdout + done.stderr).splitlines()[-TAIL_LINES:]
            raise ExpectedError(
                "{output}\n`airflow db clean` ended with {code}; the next run goes on with it",
                output="\n".join(f"  {line}" for line in tail), code=done.returncode,
            )  # fmt: skip
        return {table: int(rows) for table, rows in FOUND.findall(done.stdout) if rows != "0"}

    def _settings(self, tables: list[str]) -> dict[str, str]:
        settings = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.url,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        # Web sessions are cleaned only by an Airflow that knows who makes them.
        return settings | ({"AIRFLOW__CORE__AUTH_MANAGER": FAB} if "session" in tables else {})


def jobs_to_spare(connection: Connection, before: datetime) -> list[str]:
    """Return the jobs of which the run that Airflow goes on from would be removed.

    Airflow goes on from the newest period that was scheduled or backfilled; its command keeps the
    run that *began* last. After a backfill of an old day those are two runs. The runs of such a job
    stay until a newer one is there: else Airflow would take a period of long ago for the last one,
    or none at all, and what was missed since would not be made up.
    """
    automatic = RUNS.c.run_type.in_(("scheduled", "backfill")) & RUNS.c.partition_key.is_not(None)
    newest = (
        select(RUNS.c.dag_id, func.max(RUNS.c.partition_date).label("partition_date"))
        .where(automatic)
        .group_by(RUNS.c.dag_id)
        .subquery()
    )
    last = (
        select(RUNS.c.dag_id, func.max(RUNS.c.start_date).label("start_date"))
        .where(RUNS.c.run_type != "manual")
        .group_by(RUNS.c.dag_id)
        .subquery()
    )
    same_job = (newest.c.dag_id == RUNS.c.dag_id) & (last.c.dag_id == RUNS.c.dag_id)
    began = func.max(RUNS.c.start_date)
    query = (
        select(RUNS.c.dag_id)
        .where(same_job, automatic, RUNS.c.partition_date == newest.c.partition_date)
        .group_by(RUNS.c.dag_id)
        .having(began < func.max(last.c.start_date), began < _moment(connection, before))
        .order_by(RUNS.c.dag_id)
    )
    return list(connection.scalars(query))


def _with_old_rows(connection: Connection, before: datetime) -> list[str]:
    """Return the tables with something to remove; starting Airflow takes seconds."""
    there, moment = set(inspect(connection).get_table_names()), _moment(connection, before)
    found = []
    for name, recency in TABLES.items():
        if name in there:
            of_table = table(name, column(recency, DateTime(timezone=True)))
            query = select(literal(1)).where(of_table.c[recency] < moment).limit(1)
            if connection.scalar(query) is not None:
                found.append(name)
    return found


def _moment(connection: Connection, moment: datetime) -> datetime:
    """Return a moment as Airflow stores it: UTC, and only PostgreSQL keeps that it is."""
    utc = moment.astimezone(timezone.utc)
    return utc if connection.dialect.name == "postgresql" else utc.replace(tzinfo=None)
