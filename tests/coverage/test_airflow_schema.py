"""The runs under way, read from tables as Airflow itself makes them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.jobs.job import Job
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from include.coverage.airflow_runs import read_under_way
from include.coverage.judged_unit import JudgedUnit
from include.units.unit import State
from tests.coverage.registries import at, job, registry

DAILY, PAUSED = job("daily"), job("paused")
SEVERAL = {"from": "2025-10-05", "to": "2025-10-07"}
# What Airflow's tables want to have said, whatever it is.
NAMES: dict[str, Any] = {
    "fileloc": "",
    "bundle_name": "dags",
    "is_stale": False,
    "has_task_concurrency_limits": False,
    "max_active_tasks": 1,
    "max_consecutive_failed_dag_runs": 0,
}
PROJECT = registry([DAILY, PAUSED])


def _unit(of: Any, key: str) -> JudgedUnit:
    return JudgedUnit(of.id, "-", of.schedule.parse_key(key), State.MISSED, at("2025-10-10"))


def _row(job_id: str, key: str, state: str, **more: Any) -> dict[str, Any]:
    said = {"dag_id": job_id, "run_id": f"{key}-{state}", "partition_key": key, "conf": {}}
    fixed = {"run_type": "manual", "run_after": datetime(2025, 10, 10, tzinfo=timezone.utc)}
    return {**said, **fixed, "_state": state, "clear_number": 0, **more}


def test_runs_that_wait_or_work_see_to_what_they_cover() -> None:
    """Not those that have ended, nor those of a paused job, which wait for ever."""
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        import_all_models()
        Base.metadata.create_all(session.connection())
        now = datetime.now(timezone.utc)
        well = {"job_type": "SchedulerJob", "latest_heartbeat": now, "start_date": now}
        session.execute(insert(Job).values(state="running", **well))
        session.execute(
            insert(DagModel),
            [{"dag_id": one.id, "is_paused": one is PAUSED, **NAMES} for one in (DAILY, PAUSED)],
        )
        rows = [
            _row("daily", "2025-10-01", "queued"),
            _row("daily", "2025-10-02", "running"),
            _row("daily", "2025-10-03", "failed"),
            _row("paused", "2025-10-01", "queued"),
            _row(
                "daily",
                "x",
                "running",
                partition_key=None,
                conf={"from": "2025-10-05", "to": "2025-10-07"},
            ),
        ]
        session.execute(insert(DagRun), rows)
        runs = read_under_way(session.connection(), PROJECT.jobs)
    seen = [key for day in range(1, 9) if runs.sees_to(_unit(DAILY, key := f"2025-10-0{day}"))]
    assert [key[-1] for key in seen] == ["1", "2", "5", "6", "7"]
    assert not runs.sees_to(_unit(PAUSED, "2025-10-01"))
