"""Who goes first in a pool."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.models.taskinstance import TaskInstance
from airflow.serialization.serialized_objects import DagSerialization

from include.registry import load_registry
from include.scheduling.factory import SCHEDULE_FIRST, build_dag
from include.scheduling.priority import ScheduleFirst


def _weight(run_id: str) -> int:
    run: Any = SimpleNamespace(run_id=run_id)
    return ScheduleFirst().get_weight(run)


def test_a_repair_waits_for_the_schedule() -> None:
    """Its tasks weigh less than those of any other run, under the name that DAGs give the rule."""
    others = ["scheduled__2099-10-03T00:00:00+00:00", "manual__2099-01-01T00:00:00.1+00:00", "mine"]
    assert _weight("repair__2000-01-01__1") < min(map(_weight, others))
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
    registry = load_registry()
    job = registry.jobs["erp_store"]
    dag = build_dag(job, registry.shops_of(job))
    known = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    for task_id in ("run", "check"):
        task = known.get_task(task_id)
        for run_id in ("repair__2025-10-02__1", "scheduled__2025-10-02T23:00:00+00:00"):
            instance = TaskInstance(task, run_id=run_id, dag_version_id=uuid4())
            assert task.weight_rule.get_weight(instance) == _weight(run_id)
