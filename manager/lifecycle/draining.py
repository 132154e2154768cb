"""Before the service stops: no new runs, and what runs may end."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from manager.airflow.rest import Api, ApiError
from manager.lifecycle.ports import remembered
from manager.lifecycle.supervisor_client import (
    SCHEDULER,
    SupervisorGoneError,
    components,
    stop_component,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.layout import Layout

DRAIN_LOOK_SECONDS = 0.5
API_TIMEOUT = 3.0


def drain(layout: Layout, seconds: float, say: Callable[[str], None]) -> list[str]:
    """Stop the scheduler, which lets its running tasks end first, and wait for it.

    What does not end in time is killed without a word to Airflow. So its tasks count as orphaned:
    the next scheduler runs them again, whatever number of retries they have left, and the ledger
    knows what of them has landed.

    Args:
        layout: the installation; supervisord runs.
        seconds: how long to wait.
        say: shows a line.

    Returns:
        the job and period of what was interrupted.
    """
    pid = _scheduler_pid(layout)
    if pid is None:
        return []
    api = Api(layout, remembered(layout), API_TIMEOUT)
    tasks = _running(api, [])
    with suppress(SupervisorGoneError):
        stop_component(layout, SCHEDULER)
    deadline = time.monotonic() + seconds
    said: list[str] = []
    while _scheduler_pid(layout) == pid and time.monotonic() < deadline:
        if tasks and tasks != said:
            say(f"waiting up to {deadline - time.monotonic():.0f} s for {', '.join(tasks)}")
            said = tasks
        time.sleep(DRAIN_LOOK_SECONDS)
        tasks = _running(api, tasks)
    if _scheduler_pid(layout) != pid:
        return []
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # supervisord makes each component the head of its group
    if tasks:
        say(f"interrupted {', '.join(tasks)}: the next start runs it again")
    return tasks


def _scheduler_pid(layout: Layout) -> int | None:
    """Return the scheduler's process id, or None when it has ended."""
    try:
        found = [one for one in components(layout) if one.name == "scheduler"]
    except SupervisorGoneError:
        return None
    return found[0].pid or None if found else None


def _running(api: Api, before: list[str]) -> list[str]:
    """Name what runs, by job and period; as before when nobody can tell."""
    try:
        runs = dict.fromkeys((task["dag_id"], task["dag_run_id"]) for task in api.running_tasks())
        return sorted(f"{dag_id} {api.period_of(dag_id, run_id)}" for dag_id, run_id in runs)
    except ApiError:
        return before
