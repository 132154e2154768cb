"""Who goes first in a pool."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from airflow.models.taskinstance import TaskInstance
from airflow.serialization.serialized_objects import DagSerialization

from include.coverage.runs import PREFIX
from include.registry import load_registry
from include.scheduling.factory import SCHEDULE_FIRST, build_dag
from include.scheduling.priority import REPAIR_PREFIX, ScheduleFirst


def test_a_repair_waits_for_the_schedule() -> None:
    """Its tasks weigh less than those of any other run, under the name that DAGs give the rule."""

    def weight(run_id: str) -> int:
        run: Any = SimpleNamespace(run_id=run_id)
        return ScheduleFirst().get_weight(run)

    assert REPAIR_PREFIX == PREFIX
    assert weight("repair__2025-10-02__1") < weight("scheduled__2025-10-03T00:00:00+00:00")
    assert weight("manual__1") == weight("scheduled__1")
    assert f"{ScheduleFirst.__module__}.{ScheduleFirst.__name__}" == SCHEDULE_FIRST


def test_the_scheduler_weighs_by_it() -> None:
    """It knows a DAG by its serialised form only."""
    registry = load_registry()
    job = registry.jobs["erp_store"]
    dag = build_dag(job, registry.shops_of(job))
    known = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    for task_id in ("run", "check"):
        task = known.get_task(task_id)
        weights = [
            task.weight_rule.get_weight(TaskInstance(task, run_id=run_id, dag_version_id=uuid4()))
            for run_id in ("repair__2025-10-02__1", "scheduled__1")
        ]
        assert weights == [1, 10]
