"""Which of Airflow's runs wait or work, and which of them cannot move: asked of its database.

A state that Airflow shows is not progress. A run that was cleared after its backfill was cancelled
stays `queued` for ever (apache/airflow#72337), and a task whose pool is not there `scheduled`.
Imports no Airflow: the commands would wait seconds for it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Select, and_, column, func, select, table

from include.coverage.runs import UNDER_WAY, Run, UnderWay
from include.language import N_, _
from include.periods import PUNCTUAL

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from include.registry import Job

MOMENT = DateTime(timezone=True)
RUNS = table(
    "dag_run",
    *(column(name) for name in ("dag_id", "run_id", "state", "partition_key", "conf")),
    column("backfill_id"),
    *(column(name, MOMENT) for name in ("logical_date", "run_after", "queued_at", "start_date")),
)
DAGS = table("dag", column("dag_id"), column("is_paused"), column("is_stale"))
BACKFILLS = table("backfill", column("id"), column("is_paused"), column("completed_at", MOMENT))
TASKS = table(
    "task_instance",
    *(column(name) for name in ("dag_id", "run_id", "task_id", "state", "pool")),
    *(column(name, MOMENT) for name in ("scheduled_dttm", "end_date")),
)
POOLS = table("slot_pool", column("pool"), column("slots"))
SCHEDULERS = table(
    "job",
    *(column(name) for name in ("job_type", "state")),
    *(column(name, MOMENT) for name in ("latest_heartbeat", "start_date")),
)
# Those that the scheduler has yet to hand to a worker; all others that have not ended move.
WAITING = (None, "scheduled")
UNFINISHED = (
    *("scheduled", "queued", "running", "restarting", "deferred"),
    *("up_for_retry", "up_for_reschedule", "awaiting_input"),
)
# A scheduler that is well gives one every few seconds.
SILENT = timedelta(minutes=5)
# In which what can start has started, and what has run after the end of a backfill.
SOON = timedelta(minutes=1)
# Why a run cannot move.
JOB_PAUSED = N_("its job is paused")
JOB_GONE = N_("its job is no DAG any more")
NO_POOL = N_("its pool {pool!r} is not there")
NO_SLOTS = N_("its pool {pool!r} has no slots")
NO_SCHEDULER = N_("no scheduler gives a sign of life")
NOBODY_STARTS_IT = N_("nothing holds it up, and the scheduler does not start it")


@dataclass(frozen=True)
class _World:
    """What decides whether runs move."""

    now: datetime  # the moment (aware)
    slots: Mapping[str, int]  # of each pool; a negative number for any
    heard_at: datetime | None  # when a scheduler gave its last sign of life; none where none runs
    # When the scheduler began: what waited before waits for it no longer than since then
    since: datetime | None
    # Of each run that works, those that have not ended
    tasks: Mapping[tuple[str, str], Sequence[Any]]

    def tasks_of(self, run: Any) -> Sequence[Any]:
        """Return the tasks of a run that have not ended."""
        return self.tasks.get((run.dag_id, run.run_id), ())


def read_under_way(
    connection: Connection, jobs: Mapping[str, Job], now: datetime | None = None
) -> UnderWay:
    """Return the runs of jobs that wait or work, with those that cannot move marked so.

    Args:
        connection: to Airflow's database.
        jobs: those of the registry; others are left out.
        now: the moment (aware); by default that of this machine.
    """
    world = _world(connection, now or datetime.now(timezone.utc))
    busy = cache(lambda: _busy(connection, world))  # asked for only where something waits long
    runs = []
    for row in connection.execute(_runs()).all():
        if row.dag_id not in jobs:
            continue
        job = jobs[row.dag_id]
        why, blocks = _stuck(row, world)
        if not why and _waits_long(row, world):
            names = {row.dag_id, *(task.pool for task in world.tasks_of(row))}
            why = "" if busy() & names else _(NOBODY_STARTS_IT)
        since = max(filter(None, map(_aware, (row.run_after, row.queued_at))))
        since = since.astimezone(job.schedule.zone)
        runs.append(replace(Run.of(job, _told(row)), stuck=why, since=since, blocks=blocks))
    return UnderWay(runs)


def read_runs_of(
    connection: Connection, jobs: Mapping[str, Job], keys: Collection[str]
) -> list[Run]:
    """Return the runs, ended or not, that may cover some periods.

    Args:
        connection: to Airflow's database.
        jobs: whose.
        keys: of the periods; a run that names none, but a range or nothing at all, is returned too.
    """
    wanted = RUNS.c.partition_key.in_(keys) | RUNS.c.partition_key.is_(None)
    rows = connection.execute(select(RUNS).where(RUNS.c.dag_id.in_(jobs), wanted))
    return [Run.of(jobs[row.dag_id], _told(row)) for row in rows]


def _runs() -> Select[Any]:
    of_backfill = BACKFILLS.c.id == RUNS.c.backfill_id
    return (
        select(
            RUNS,
            DAGS.c.is_paused,
            DAGS.c.is_stale,
            BACKFILLS.c.is_paused.label("backfill_paused"),
            BACKFILLS.c.completed_at.label("backfill_ended"),
        )
        .select_from(
            RUNS.join(DAGS, DAGS.c.dag_id == RUNS.c.dag_id).outerjoin(BACKFILLS, of_backfill)
        )
        .where(RUNS.c.state.in_(UNDER_WAY))
        .order_by(RUNS.c.dag_id, RUNS.c.run_after)
    )


def _world(connection: Connection, now: datetime) -> _World:
    tasks: dict[tuple[str, str], list[Any]] = defaultdict(list)
    same_run = and_(RUNS.c.dag_id == TASKS.c.dag_id, RUNS.c.run_id == TASKS.c.run_id)
    unfinished = TASKS.c.state.is_(None) | TASKS.c.state.in_(UNFINISHED)
    query = select(TASKS).select_from(TASKS.join(RUNS, same_run))
    for task in connection.execute(query.where(RUNS.c.state == "running", unfinished)):
        tasks[task.dag_id, task.run_id].append(task)
    heard_at, since = connection.execute(
        select(func.max(SCHEDULERS.c.latest_heartbeat), func.max(SCHEDULERS.c.start_date)).where(
            SCHEDULERS.c.job_type == "SchedulerJob", SCHEDULERS.c.state == "running"
        )
    ).one()
    return _World(
        now=now,
        slots={row.pool: row.slots for row in connection.execute(select(POOLS))},
        heard_at=_aware(heard_at),
        since=_aware(since),
        tasks=tasks,
    )


def _stuck(row: Any, world: _World) -> tuple[str, bool]:
    """Return why a run cannot move, none if it may, and whether a new one of the job could not."""
    if row.is_stale:
        return _(JOB_GONE), True
    tasks = world.tasks_of(row)
    works = any(task.state not in WAITING for task in tasks)
    if row.is_paused and not any(task.state in ("queued", "running") for task in tasks):
        return _(JOB_PAUSED), True
    if world.heard_at is None or world.now - world.heard_at > SILENT:
        return _(NO_SCHEDULER), True
    if row.state == "queued":
        return _held_by_backfill(row, world), False
    if not works:
        for task in tasks:
            if task.state == "scheduled" and world.slots.get(task.pool, 0) == 0:
                why = NO_SLOTS if task.pool in world.slots else NO_POOL
                return _(why, pool=task.pool), True
    return "", False


def _held_by_backfill(row: Any, world: _World) -> str:
    if row.backfill_paused:
        return (
            _("its backfill was cancelled") if row.backfill_ended else _("its backfill is paused")
        )
    if row.backfill_ended and world.now - _waiting_since(row, world) > SOON:
        return _("its backfill has ended")
    return ""


def _waits_long(row: Any, world: _World) -> bool:
    """Return whether a run waits although it could have started long ago, as far as it goes."""
    tasks = world.tasks_of(row)
    is_waiting = all(task.state in WAITING for task in tasks)
    if row.state == "running" and not tasks:
        return False
    return is_waiting and world.now - _waiting_since(row, world) > PUNCTUAL


def _busy(connection: Connection, world: _World) -> frozenset[str]:
    """Return the pools and the jobs in which something has been done lately: turns come there."""
    lately = world.now - PUNCTUAL
    tasks = select(TASKS.c.pool).where(TASKS.c.end_date > lately)
    runs = select(RUNS.c.dag_id).where(RUNS.c.start_date > lately, RUNS.c.state != "queued")
    working = (task for of_run in world.tasks.values() for task in of_run)
    return frozenset(
        (
            *connection.scalars(tasks.distinct()),
            *connection.scalars(runs.distinct()),
            *(
                name
                for task in working
                if task.state not in WAITING
                for name in (task.pool, task.dag_id)
            ),
        )
    )


def _waiting_since(row: Any, world: _World) -> datetime:
    """Return from when on a run could have started, or its tasks."""
    moments = (row.run_after, row.queued_at, row.start_date if row.state == "running" else None)
    tasks = world.tasks_of(row)
    scheduled = (task.scheduled_dttm for task in tasks)
    return max(filter(None, (*map(_aware, (*moments, *scheduled)), world.since)))


def _aware(moment: datetime | None) -> datetime | None:
    """Return a moment as Airflow means it: in UTC, whether the database keeps that or not."""
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc) if moment else None


def _told(row: Any) -> dict[str, Any]:
    """Return a run as the API tells it; a database may give JSON as text."""
    date = _aware(row.logical_date)
    run_after = _aware(row.run_after)
    return {
        "dag_run_id": row.run_id,
        "partition_key": row.partition_key,
        "logical_date": date.isoformat() if date else None,
        "run_after": run_after.isoformat() if run_after else None,
        "conf": json.loads(row.conf) if isinstance(row.conf, str) else row.conf,
        "state": row.state,
    }
