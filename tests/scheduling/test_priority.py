"""Who goes first in a pool."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from include.coverage.runs import PREFIX
from include.scheduling.factory import SCHEDULE_FIRST
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
