"""From a registry entry to a DAG."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pendulum
from airflow.sdk import DAG, TriggerRule
from airflow.sdk.configuration import conf

from include import PROJECT_ROOT
from include.language import N_, _
from include.registry import load_registry
from include.registry.contracts.schema import DAG_PREFIX
from include.registry.dated_scripts import said_by_entry
from include.running.environment import DISABLED, NO_DATA
from include.scheduling.check_operator import CheckOperator
from include.scheduling.job_docs import describe
from include.scheduling.operator import ScriptOperator
from include.scheduling.timetable import CalendarPartitionTimetable
from include.scheduling.trigger_params import form_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from include.registry import Job, Registry, Shop

DEFAULT_POOL = "default_pool"
# Tasks, each known by this and shown in the service's language.
RUN, CHECK = N_("run"), N_("check")
# More than a repair makes of one job (`include.coverage.repairing`): Airflow counts runs that wait,
# and makes none of the schedule's beside so many. Who goes first: `include.scheduling.priority`.
MAX_ACTIVE_RUNS = 1_000
# `include.scheduling.priority`, by its name: parsing a DAG file need not load it.
SCHEDULE_FIRST = "include.scheduling.priority.ScheduleFirst"
# In minutes, for a job that calls its platform itself: within a rate limit it takes minutes, where
# one that reads a feed, or nothing, takes seconds. Less than a day: no later day goes before.
HEAD_START, NO_HEAD_START = 24 * 60 - 1, 0

log = logging.getLogger(__name__)


class Unbuildable(NamedTuple):
    """A job of which no DAG could be made, though its entry is valid."""

    job: Job
    error: Exception


def build_dags(only: str | None = None) -> Iterator[DAG]:
    """Make the DAGs of the project's registry, or that of the `only` job that a task needs.

    What is wrong in it costs that entry alone.
    """
    for built in build(load_registry(only=only), only):
        if isinstance(built, DAG):
            yield built
        else:
            # Shown in the UI by dags/registry_errors.py; here it must not cost the other DAGs.
            log.error(_("no DAG for job {job}", job=built.job.id), exc_info=built.error)


def build(registry: Registry, only: str | None = None) -> Iterator[DAG | Unbuildable]:
    """Make a DAG of each job of a registry, or say why it could not be made."""
    for job in registry.jobs.values():
        if only in (None, job.id):
            try:
                yield build_dag(job, registry.shops_of(job))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this job's problem only
                yield Unbuildable(job, error)


def build_dag(job: Job, shops: list[Shop]) -> DAG:
    """Make the DAG of one job: a task that runs its script, and one that checks what landed."""
    said = said_by_entry(job)  # 1,000 scripts are not read to make their DAGs
    timetable = CalendarPartitionTimetable(
        job.cron,
        timezone=job.timezone,
        period=job.period,
        week_start=job.week_start,
        recover=job.recover,
        enabled=job.enabled,
        dated=said is None or said.dated,
        script="" if said else job.script,
        event=f"{DAG_PREFIX}{job.after}" if job.after else "",
    )
    dag = DAG(
        job.id,
        dag_display_name=job.name,
        description=job.description,
        doc_md=describe(job, shops),
        schedule=timetable,
        # Of a job without one the timetable knows where to begin.
        start_date=_midnight(job.start, job.timezone) if job.start else None,
        catchup=False,
        max_active_runs=MAX_ACTIVE_RUNS,
        tags=[
            *job.tags,
            *([] if job.enabled else [_(DISABLED)[:]]),
            *([] if job.data else [_(NO_DATA)[:]]),
        ],
        params=form_for(job.period, tuple(shop.id for shop in shops)),
        **_settings(),
    )
    _add_tasks(dag, job, shops)
    return dag


def _add_tasks(dag: DAG, job: Job, shops: list[Shop]) -> None:
    of_job: dict[str, Any] = {
        "owner": job.owner or "airflow",
        "retries": job.retries,
        "retry_delay": job.retry_delay,
        "weight_rule": SCHEDULE_FIRST,
        "priority_weight": HEAD_START if _calls_platform(job, shops) else NO_HEAD_START,
    }
    run = ScriptOperator(
        task_id=RUN,
        task_display_name=_(RUN)[:],
        job_id=job.id,
        schedule=job.schedule,
        connections=job.connection_ids,
        shops=[shop.id for shop in shops],
        project_root=str(PROJECT_ROOT),
        pool=job.platform or DEFAULT_POOL,
        max_active_tis_per_dag=1,
        execution_timeout=job.timeout,  # the runner is told, and ends the script just before
        **of_job,
    )
    # Made with `dag=`, a task would get a copy of the form, which is serialised with it.
    dag.add_task(run)
    if job.checks:
        check = CheckOperator(
            task_id=CHECK,
            task_display_name=_(CHECK)[:],
            job=job,
            checks=job.checks,
            shops=shops,
            script_task=RUN,
            pool=DEFAULT_POOL,  # it calls no platform
            trigger_rule=TriggerRule.ALL_DONE,
            execution_timeout=job.timeout,
            **of_job,
        )
        dag.add_task(check)
        check.set_upstream(run)


def _calls_platform(job: Job, shops: list[Shop]) -> bool:
    """Return whether a job has the connections of its shops, and not that of another service."""
    return not {shop.connection for shop in shops}.isdisjoint(job.connection_ids)


@lru_cache
def _settings() -> dict[str, Any]:
    """Read once what `DAG()` would look up for every DAG, a large part of what making one costs."""
    return {
        "max_active_tasks": conf.getint("core", "max_active_tasks_per_dag"),
        "max_consecutive_failed_dag_runs": conf.getint(
            "core", "max_consecutive_failed_dag_runs_per_dag"
        ),
        "disable_bundle_versioning": conf.getboolean("dag_processor", "disable_bundle_versioning"),
    }


@lru_cache
def _midnight(day: date, timezone: str) -> datetime:
    return pendulum.datetime(day.year, day.month, day.day, tz=timezone)
