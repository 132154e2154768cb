"""`status`: one line per component, in under a second, without starting Airflow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from include.service.health import as_json, describe, look
from include.service.ports import remembered
from include.service.supervisor import SupervisorGoneError

if TYPE_CHECKING:
    from include.service.health import Health
    from include.service.layout import Layout
    from include.service.ports import Ports

HEALTHY, DEGRADED, NOT_RUNNING = 0, 1, 3


def status(layout: Layout, *, json: bool = False) -> int:
    """Print how the service is.

    Returns:
        0 healthy, 1 degraded, 3 not running.
    """
    ports = remembered(layout)
    try:
        healths = look(layout, ports)
    except SupervisorGoneError:
        return _without_supervisor(layout, ports, json=json)
    code = DEGRADED if any(health.trouble for health in healths) else HEALTHY
    state = "degraded" if code else "healthy"
    if json:
        print(as_json(healths, ports, state))
        return code
    print(f"{state}  {ports.url}")
    for health in healths:
        print(line_of(health))
    return code


def line_of(health: Health) -> str:
    """Return what a person reads about one component."""
    values = describe(health)
    parts = [f"  {values['name']:<14}{values['state']:<9}"]
    if values["pid"]:
        parts.append(f"pid {values['pid']:<8} up {_duration(values['uptime_seconds']):<10}")
    if values["heartbeat_age_seconds"] is not None:
        parts.append(f"heartbeat {values['heartbeat_age_seconds']:.0f} s ago")
    if health.trouble:
        parts.append(health.trouble)
    return " ".join(parts).rstrip()


def _without_supervisor(layout: Layout, ports: Ports, *, json: bool) -> int:
    from include.service.processes import service_processes  # noqa: PLC0415 -- rarely needed

    left = service_processes(layout)
    code = DEGRADED if left else NOT_RUNNING
    if json:
        print(as_json([], ports, "degraded" if left else "not running"))
    elif left:
        pids = ", ".join(str(process.pid) for process in left)
        print(
            f"degraded: supervisord does not answer, and {len(left)} processes of the service are "
            f"left (pids {pids}): `python3 scheduler_manager.py stop` ends them, `restart` repairs",
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
