"""`status`: the components, the jobs and the disk, in under a second, without starting Airflow."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from manager.airflow.rest import Api
from manager.jobs_status import Overview, lines_of, look_over
from manager.lifecycle.health import describe, look
from manager.lifecycle.ports import remembered
from manager.lifecycle.supervisor_client import SupervisorGoneError, components
from manager.table import lined_up

if TYPE_CHECKING:
    from manager.layout import Layout
    from manager.lifecycle.health import Health
    from manager.lifecycle.ports import Ports

HEALTHY, DEGRADED, NOT_RUNNING = 0, 1, 3
# A busy machine may take some; without an answer nothing is known of the jobs.
ANSWER_SECONDS = 10.0
GIGABYTE = 1_000_000_000
# SQLite and the logs need room to go on; below this a day's work may not fit.
LITTLE_DISK = GIGABYTE


def status(layout: Layout, *, as_json: bool = False) -> int:
    """Print how the service is.

    Returns:
        0 healthy, 1 degraded (a component, the disk, a file that Airflow cannot import, or a job
        whose last run failed), 3 not running.
    """
    ports = remembered(layout)
    try:
        components(layout)
        with ThreadPoolExecutor(1) as beside:  # two questions at once take half the time
            asked = beside.submit(look_over, Api(layout, ports, ANSWER_SECONDS))
            healths, overview = look(layout, ports), asked.result()
    except SupervisorGoneError:
        return _without_supervisor(layout, ports, as_json=as_json)
    disk = shutil.disk_usage(layout.var)
    troubles = any(health.trouble for health in healths) or disk.free < LITTLE_DISK
    of_jobs = overview.import_errors or overview.trouble or overview.failed
    code = DEGRADED if troubles or of_jobs else HEALTHY
    state = "degraded" if code else "healthy"
    if as_json:
        disk_said = {"free_bytes": disk.free, "total_bytes": disk.total}
        print(_as_json(healths, ports, state, overview, disk_said))
        return code
    print(f"{state}  {ports.url}")
    print("\n".join([*component_lines(healths), *lines_of(overview)]))
    low = ", which is little: make room" if disk.free < LITTLE_DISK else ""
    free, total = disk.free / GIGABYTE, disk.total / GIGABYTE
    print(f"disk: {free:.1f} of {total:.0f} GB free in {layout.shown(layout.var)}{low}")
    return code


def component_lines(healths: list[Health]) -> list[str]:
    """Return what a person reads about the components; a trouble has a line of its own."""
    rows = [_row(health) for health in healths]
    lines = []
    for line, health in zip(lined_up(rows), healths, strict=True):
        lines.append(line.rstrip())
        if health.trouble:
            lines.append(f"    {health.component.name} {health.trouble}")
    return lines


def _row(health: Health) -> tuple[str, ...]:
    values = describe(health)
    up = values["pid"] is not None
    beat, memory = values["heartbeat_age_seconds"], values["memory_mb"]
    return (
        values["name"],
        values["state"],
        f"pid {values['pid']}" if up else "",
        f"up {_duration(values['uptime_seconds'])}" if up else "",
        "" if memory is None else f"{memory:.0f} MB",
        "" if beat is None else f"heartbeat {beat:.0f} s ago",
    )


def _as_json(
    healths: list[Health],
    ports: Ports,
    state: str,
    overview: Overview,
    disk: dict[str, int] | None = None,
) -> str:
    told: dict[str, Any] = {
        "state": state,
        "url": ports.url,
        "components": [describe(health) for health in healths],
        "jobs": None if overview.trouble else [job.as_dict() for job in overview.jobs],
        "jobs_trouble": overview.trouble or None,
        "import_errors": list(overview.import_errors),
        "disk": disk,
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _without_supervisor(layout: Layout, ports: Ports, *, as_json: bool) -> int:
    from manager.lifecycle.processes import service_processes  # noqa: PLC0415 -- rarely needed

    left = service_processes(layout)
    code = DEGRADED if left else NOT_RUNNING
    if as_json:
        silent = Overview(trouble="the service does not run")
        print(_as_json([], ports, "degraded" if left else "not running", silent))
    elif left:
        pids = ", ".join(str(process.pid) for process in left)
        print(
            f"degraded: supervisord does not answer, and {len(left)} processes of the service are "
            f"left (pids {pids}): `python3 scheduler_manager.py stop` ends them, `start` repairs",
            file=sys.stderr,
        )
    else:
        print("not running: `python3 scheduler_manager.py start` starts it")
    return code


def _duration(seconds: int) -> str:
    minutes, _ = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
