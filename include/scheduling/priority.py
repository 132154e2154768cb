"""Who goes first in a platform's pool: the schedule's own runs, before those of a repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.task.priority_strategy import PriorityWeightStrategy

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

REPAIR_PREFIX = "repair__"
SCHEDULE, REPAIR = 10, 1


class ScheduleFirst(PriorityWeightStrategy):
    """Lets tasks of a repair's run wait for all others that want the same pool."""

    def get_weight(self, ti: TaskInstance) -> int:
        """Give a task's weight by the name of its run; the higher goes first."""
        return REPAIR if str(ti.run_id or "").startswith(REPAIR_PREFIX) else SCHEDULE
