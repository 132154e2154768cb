"""Who goes first: the schedule's own runs, before those of a repair; of each the oldest.

A long job has a head start: its task's `priority_weight` is how many minutes older its runs count
(`include.scheduling.factory`). So of jobs that wait for one pool the longest is not begun last, and
as a head start is bounded, nobody waits for ever.

All runs of a job are begun as soon as they are made, and of their scripts one works at a time. Were
they begun one by one, a repair that waits would keep the scheduler from making the run of the day:
Airflow counts it among the job's active runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow.task.priority_strategy import PriorityWeightStrategy

from include.units.unit import REPAIR_PREFIX

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

# What a run's age is taken from; all of it, with a head start of years, fits into 32 bits, and no
# repair comes near the schedule.
SCHEDULE, REPAIR = 2_000_000_000, 1_000_000_000
# Runs are named after the moment at which they were due, or the period that they repair.
MOMENT = re.compile(r"__(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d))?)?", re.ASCII)
NO_MOMENT = 990_000_000


class ScheduleFirst(PriorityWeightStrategy):
    """Makes a repair's tasks wait for all others, and every task for those of older runs."""

    def get_weight(self, ti: TaskInstance) -> int:
        """Return a task's weight by the name of its run and its head start; the higher is first."""
        run_id = str(ti.run_id or "")
        base = REPAIR if run_id.startswith(REPAIR_PREFIX) else SCHEDULE
        head_start = ti.task.priority_weight if ti.task else 0
        return base - _age(run_id) + head_start


def _age(run_id: str) -> int:
    """Return the minutes from the year 2000 to the moment in a name; months count 31 days."""
    found = MOMENT.search(run_id)
    if not found:
        return NO_MOMENT
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    age = ((((year - 2000) * 12 + month) * 31 + day) * 24 + hour) * 60 + minute
    return min(max(age, 0), NO_MOMENT)
