"""Which runs wait or work and can move, read from tables that Airflow has made."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from airflow.models import import_all_models
from airflow.models.base import Base
from sqlalchemy import create_engine, insert

from include.coverage.airflow_runs import NO_SCHEDULER, NOBODY_STARTS_IT, read_under_way
from include.coverage.judged_unit import JudgedUnit
from include.coverage.runs import Run, UnderWay
from include.language import speaking
from include.units.unit import State
from tests.coverage.registries import job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from include.registry import Job

DAILY = job("daily")
NOW = datetime(2025, 10, 10, 4, tzinfo=timezone.utc)
KEY = "2025-10-01"
MINUTE = timedelta(minutes=1)


class Airflow:
    """Airflow's own tables, with a scheduler that is well and one job."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.add("slot_pool", pool="default_pool", slots=128, include_deferred=False)
        self.add("slot_pool", pool="none", slots=0, include_deferred=False)

    def add(self, table: str, **said: Any) -> None:
        """Add a row."""
        connection, model = self.connection, Base.metadata.tables[table]
        connection.execute(insert(model).values(**said))

    def scheduler(self, *, began: timedelta = 60 * MINUTE, heard: timedelta = MINUTE) -> None:
        """Add one that began and gave its last sign of life so long ago."""
        self.add(
            "job",
            job_type="SchedulerJob",
            state="running",
            start_date=NOW - began,
            latest_heartbeat=NOW - heard,
        )

    def dag(self, **more: Any) -> None:
        """Add the job's DAG."""
        fixed = {
            "dag_id": "daily",
            "fileloc": "",
            "bundle_name": "dags",
            "is_paused": False,
            "is_stale": False,
            "has_task_concurrency_limits": False,
            "max_active_tasks": 1,
            "max_consecutive_failed_dag_runs": 0,
        }
        self.add("dag", **fixed | more)

    def run(self, state: str, waits: timedelta = MINUTE, run_id: str = "run", **more: Any) -> None:
        """Add a run that has waited so long."""
        fixed: dict[str, Any] = {
            "dag_id": "daily",
            "run_id": run_id,
            "state": state,
            "partition_key": KEY,
            "run_type": "manual",
            "run_after": NOW - waits,
            "queued_at": NOW - waits,
            "start_date": NOW - waits if state == "running" else None,
            "conf": {},
            "clear_number": 0,
        }
        self.add("dag_run", **fixed | more)

    def backfill(self, *, is_paused: bool, ended: bool) -> None:
        """Add one."""
        self.add(
            "backfill",
            id=1,
            dag_id="daily",
            from_date=NOW,
            to_date=NOW,
            is_paused=is_paused,
            completed_at=NOW if ended else None,
        )

    def task(self, state: str | None, pool: str = "default_pool", **more: Any) -> None:
        """Add a task of a run."""
        fixed: dict[str, Any] = {
            "id": uuid4(),
            "task_id": "run",
            "dag_id": "daily",
            "run_id": "run",
            "state": state,
            "pool": pool,
            "pool_slots": 1,
            "try_number": 0,
            "map_index": -1,
        }
        self.add("task_instance", **fixed | more)

    def runs(self) -> list[Run]:
        """Read what waits or works."""
        return list(read_under_way(self.connection, {"daily": DAILY}, NOW).all)

    def stuck(self) -> str:
        """Return why the only run cannot move."""
        (run,) = self.runs()
        return run.stuck


@pytest.fixture(scope="module")
def tables() -> Iterator[Connection]:
    """Make Airflow's tables."""
    import_all_models()
    with create_engine("sqlite://").connect() as connection:
        Base.metadata.create_all(connection)
        connection.commit()
        yield connection


@pytest.fixture
def airflow(tables: Connection) -> Iterator[Airflow]:
    """Return the tables, without a row of another test."""
    yield Airflow(tables)
    tables.rollback()


@pytest.mark.parametrize(
    ("backfill", "waits", "why"),
    [
        # Cleared after it was cancelled: apache/airflow#72337.
        ({"is_paused": True, "ended": True}, MINUTE, "its backfill was cancelled"),
        ({"is_paused": True, "ended": False}, MINUTE, "its backfill is paused"),
        ({"is_paused": False, "ended": True}, 2 * MINUTE, "its backfill has ended"),
        # Airflow starts it within seconds.
        ({"is_paused": False, "ended": True}, MINUTE / 2, ""),
        ({"is_paused": False, "ended": False}, MINUTE, ""),
        ({"is_paused": False, "ended": False}, 11 * MINUTE, NOBODY_STARTS_IT),
    ],
)
def test_a_run_of_a_backfill_starts_with_it_or_never(
    airflow: Airflow, backfill: dict[str, Any], waits: timedelta, why: str
) -> None:
    """One that is queued says nothing of whether it will start."""
    airflow.scheduler()
    airflow.dag()
    airflow.backfill(**backfill)
    airflow.run("queued", waits, backfill_id=1, run_type="backfill")
    assert airflow.stuck() == why
    runs = UnderWay(airflow.runs())
    gap = _gap(DAILY, KEY)
    assert runs.sees_to(gap) == (not why)
    assert bool(runs.stuck_before(gap)) == bool(why)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_nothing_of_a_paused_job_moves(airflow: Airflow, state: str) -> None:
    """But a task that works already goes on to its end."""
    airflow.scheduler()
    airflow.dag(is_paused=True)
    airflow.run(state)
    airflow.task("scheduled")
    (run,) = airflow.runs()
    assert (run.stuck, run.blocks) == ("its job is paused", True)
    assert run.trouble == "run run waits since 10-10 11:59 and cannot go on: its job is paused"
    airflow.run("running", run_id="other")
    airflow.task("running", run_id="other")
    assert [run.run_id for run in airflow.runs() if not run.stuck] == ["other"]


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ([("scheduled", "gone")], "its pool 'gone' is not there"),
        ([("scheduled", "none")], "its pool 'none' has no slots"),
        ([("running", "gone"), (None, "default_pool")], ""),
        ([("up_for_retry", "gone")], ""),
        ([("scheduled", "default_pool")], ""),
        ([("success", "gone")], ""),
    ],
)
def test_a_run_works_when_one_of_its_tasks_can(
    airflow: Airflow, tasks: list[tuple[str | None, str]], why: str
) -> None:
    """A pool that is missing, or has no slots, holds up what is scheduled in it for ever."""
    airflow.scheduler()
    airflow.dag()
    airflow.run("running")
    for number, (state, pool) in enumerate(tasks):
        airflow.task(state, pool, task_id=f"task-{number}")
    assert airflow.stuck() == why


def test_what_waits_for_its_turn_moves(airflow: Airflow) -> None:
    """However long, while others of its job or in its pool work, or have ended just now."""
    airflow.scheduler()
    airflow.dag()
    airflow.run("queued", 60 * MINUTE)
    assert airflow.stuck() == NOBODY_STARTS_IT
    airflow.run("success", run_id="other", start_date=NOW - MINUTE)
    assert airflow.stuck() == ""


def test_what_is_scheduled_for_nobody_is_stuck(airflow: Airflow) -> None:
    """Slots are free, and for ten minutes nobody has taken one: not so after a turn just now."""
    airflow.scheduler()
    airflow.dag()
    airflow.run("running", 60 * MINUTE)
    airflow.task("scheduled", scheduled_dttm=NOW - 11 * MINUTE)
    assert airflow.stuck() == NOBODY_STARTS_IT
    airflow.run("success", 90 * MINUTE, run_id="other")
    airflow.task("success", run_id="other", end_date=NOW - MINUTE)
    assert airflow.stuck() == ""


def test_nothing_moves_without_a_scheduler(airflow: Airflow) -> None:
    """None was there, or it has given no sign of life for minutes; a new one takes its time."""
    airflow.dag()
    airflow.run("queued", 60 * MINUTE)
    assert airflow.stuck() == NO_SCHEDULER
    airflow.scheduler(began=90 * MINUTE, heard=6 * MINUTE)
    assert airflow.stuck() == NO_SCHEDULER
    airflow.scheduler(began=2 * MINUTE)
    assert airflow.stuck() == ""


def test_what_starts_later_is_not_stuck(airflow: Airflow) -> None:
    """A repair waits behind the schedule's next run; and what has ended is not under way."""
    airflow.scheduler()
    airflow.dag()
    airflow.run("queued", -60 * MINUTE)
    airflow.run("failed", 60 * MINUTE, run_id="ended")
    assert airflow.stuck() == ""


def test_runs_that_wait_or_work_see_to_what_they_cover(airflow: Airflow) -> None:
    """Not those that have ended, nor those of a paused job, which wait for ever."""
    paused = job("paused")
    airflow.scheduler()
    airflow.dag()
    airflow.dag(dag_id="paused", is_paused=True)
    for key, state in (("01", "queued"), ("02", "running"), ("03", "failed")):
        airflow.run(state, run_id=key, partition_key=f"2025-10-{key}")
    several = {"from": "2025-10-05", "to": "2025-10-07"}
    airflow.run("running", run_id="several", partition_key=None, conf=several)
    airflow.run("queued", dag_id="paused")
    runs = read_under_way(airflow.connection, {"daily": DAILY, "paused": paused}, NOW)
    keys = [f"2025-10-0{day}" for day in range(1, 9)]
    assert [key[-1] for key in keys if runs.sees_to(_gap(DAILY, key))] == ["1", "2", "5", "6", "7"]
    assert not runs.sees_to(_gap(paused, KEY))


def _gap(of: Job, key: str) -> JudgedUnit:
    return JudgedUnit(of.id, "-", of.schedule.parse_key(key), State.MISSED, NOW)


def test_a_chinese_reader_sees_in_chinese_why_a_run_waits(airflow: Airflow) -> None:
    """The reason is a part of the sentence, in the same language."""
    airflow.scheduler()
    airflow.dag(is_paused=True)
    airflow.run("queued")
    with speaking("zh"):
        (run,) = airflow.runs()
        assert run.trouble == "运行 run 自 10-10 11:59 起一直在等待，无法继续：任务已暂停"
