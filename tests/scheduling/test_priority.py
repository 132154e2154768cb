"""Who goes first in a pool."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.models.taskinstance import TaskInstance
from airflow.serialization.serialized_objects import DagSerialization

from include.registry import load_registry
from include.registry.checks.project import feed_of
from include.scheduling.factory import HEAD_START, NO_HEAD_START, SCHEDULE_FIRST, build_dag
from include.scheduling.priority import ScheduleFirst


def _weight(run_id: str, head_start: int = NO_HEAD_START) -> int:
    run: Any = SimpleNamespace(run_id=run_id, task=SimpleNamespace(priority_weight=head_start))
    return ScheduleFirst().get_weight(run)


def test_a_repair_waits_for_the_schedule() -> None:
    """Its tasks weigh less than those of any other run, under the name that DAGs give the rule."""
    others = ["scheduled__2099-10-03T00:00:00+00:00", "manual__2099-01-01T00:00:00.1+00:00", "mine"]
    assert _weight("repair__2000-01-01__1", HEAD_START) < min(map(_weight, others))
    assert f"{ScheduleFirst.__module__}.{ScheduleFirst.__name__}" == SCHEDULE_FIRST


@pytest.mark.parametrize(
    "names",
    [
        [f"scheduled__{when}:00+00:00__Ab12" for when in ("2025-10-02T23:59", "2025-10-03T00:00")],
        ["scheduled__2025-12-31T23:59:00+00:00", "manual__2026-01-01T00:00:01.2+00:00__x", "mine"],
        ["repair__2025-09-30__2", "repair__2025-10-01__1", "repair__2025-10-31__1"],
        ["repair__2025-12__1", "repair__2026-01__1"],
        ["repair__2025-10-02T09:00__1", "repair__2025-10-02T10:00__1", "repair__2025-10-03__1"],
    ],
)
def test_the_oldest_goes_first(names: list[str]) -> None:
    """By the moment or the period in a run's name; all weights are ones that databases hold."""
    weights = [_weight(name) for name in names]
    assert weights == sorted(set(weights), reverse=True)
    assert 0 < min(weights) <= max(weights) < 2**31


def test_the_scheduler_weighs_by_it() -> None:
    """It knows a DAG by its serialised form only."""
    for job_id, head_start in (("erp_store", HEAD_START), ("pdd_chat", NO_HEAD_START)):
        for task_id in ("run", "check"):
            for run_id in ("repair__2025-10-02__1", "scheduled__2025-10-02T23:00:00+00:00"):
                assert _known(job_id, task_id, run_id).priority_weight == _weight(
                    run_id, head_start
                )


def _known(job_id: str, task_id: str, run_id: str) -> TaskInstance:
    """Return a delivered job's task as the scheduler makes it for a run."""
    registry = load_registry()
    job = registry.jobs[job_id]
    dag = build_dag(job, registry.shops_of(job))
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task(task_id)
    return TaskInstance(task, run_id=run_id, dag_version_id=uuid4())


def test_the_longest_job_of_a_pool_goes_before_those_due_up_to_a_day_earlier() -> None:
    """As when the service is first started in the morning; a day later it waits for its turn."""
    runs = {
        "pdd_review": "scheduled__2025-10-02T00:30:00+00:00",
        "pdd_chat": "scheduled__2025-10-02T01:00:00+00:00",
        "pdd_kpi_daily": "scheduled__2025-10-02T03:00:00+00:00",
    }
    others = [_known(job_id, "run", run_id) for job_id, run_id in runs.items()]
    assert {instance.task.pool for instance in others} == {"pdd"}
    weights = [instance.priority_weight for instance in others]
    for due, goes_first in (("2025-10-03T00:00", True), ("2025-10-04T00:00", False)):
        long = _known("pdd_quality", "run", f"scheduled__{due}:00+00:00")
        assert long.task.pool == "pdd"
        assert (long.priority_weight > max(weights)) is goes_first


def test_jobs_that_call_their_platform_themselves_have_a_head_start() -> None:
    """Those that read a feed, or no platform, have none."""
    registry = load_registry()
    dags = [build_dag(job, registry.shops_of(job)) for job in registry.jobs.values()]
    weights = {dag.dag_id: dag.get_task("run").priority_weight for dag in dags}
    long = {job_id for job_id, weight in weights.items() if weight == HEAD_START}
    reading = {job_id for job_id, job in registry.jobs.items() if feed_of(job) or not job.platform}
    assert long >= {"erp_store", "jd_store", "pdd_quality"}
    assert long == weights.keys() - reading
    assert {weights[job_id] for job_id in weights.keys() - long} == {NO_HEAD_START}
