"""`status`: the components, the jobs and the disk, in under a second, without starting Airflow."""

import json
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from include.alerts.watching.health import GIGABYTE, LITTLE_DISK
from include.language import N_, _
from manager.airflow.rest import Api
from manager.airflow.tables import warehouse_trouble
from manager.jobs_status import Overview, lines_of, look_over
from manager.layout import Layout
from manager.lifecycle.health import Health, describe, look
from manager.lifecycle.ports import Ports, remembered
from manager.lifecycle.processes import service_processes
from manager.lifecycle.settings import component_environment
from manager.lifecycle.supervisor_client import SupervisorGoneError, components
from manager.table import lined_up, print_json

HEALTHY, DEGRADED, NOT_RUNNING = 0, 1, 3
STATES = (N_("healthy"), N_("degraded"), N_("not running"))


def status(layout: Layout, arguments: Namespace) -> int:
    """Print how the service is.

    Returns:
        0 healthy, 1 degraded (a component, the warehouse, the disk, a file that Airflow cannot
        import, a job whose last run failed, or a channel of alerts that takes no messages), 3 not
        running; with `--prometheus` always 0.
    """
    if arguments.prometheus:
        from manager.figures import figures  # noqa: PLC0415 -- loads what the rest needs not

        print(figures(layout), end="")
        return HEALTHY
    ports = remembered(layout)
    try:
        healths, overview, lost = _asked(layout, ports)
    except SupervisorGoneError:
        return _without_supervisor(layout, ports, as_json=arguments.json)
    disk = shutil.disk_usage(layout.var)
    troubles = any(health.trouble for health in healths) or lost or disk.free < LITTLE_DISK
    of_jobs = overview.import_errors or overview.trouble or overview.failed
    told = _alerts(layout)
    state = "degraded" if troubles or of_jobs or told.get("failing_channels") else "healthy"
    if arguments.json:
        whole: dict[str, Any] = {
            "state": state,
            "url": ports.url,
            "components": [describe(health) for health in healths],
            "jobs": None if overview.trouble else [job.as_dict() for job in overview.jobs],
            "jobs_trouble": overview.trouble or None,
            "warehouse_trouble": lost or None,
            "import_errors": list(overview.import_errors),
            "paused_contracts": list(overview.held),
            "disk": {"free_bytes": disk.free, "total_bytes": disk.total},
            "alerts": told or None,
        }
        print_json(whole)
    else:
        print("  ".join([_(state), ports.url]))
        lines = [*component_lines(healths), *lines_of(overview)]
        if lost:
            lines.append(_("warehouse: {trouble}", trouble=lost))
        lines += [_disk_line(layout, disk.free, disk.total), *_alert_lines(told)]
        print("\n".join(lines))
    return HEALTHY if state == "healthy" else DEGRADED


def _asked(layout: Layout, ports: Ports) -> tuple[list[Health], Overview, str]:
    """Return how the components and jobs are, and what is wrong with the warehouse.

    Raises:
        SupervisorGoneError: the service does not run.
    """
    components(layout)
    with ThreadPoolExecutor(2) as beside:  # what is asked at once takes less time
        jobs = beside.submit(look_over, Api(layout, ports))
        warehouse = beside.submit(warehouse_trouble, component_environment(layout, ports))
        return look(layout, ports), jobs.result(), warehouse.result()


def _disk_line(layout: Layout, free: int, total: int) -> str:
    text = N_("disk: {free:.1f} of {total:.0f} GB free in {folder}")
    if free < LITTLE_DISK:
        text = N_("disk: {free:.1f} of {total:.0f} GB free in {folder}, which is little: make room")
    folder = layout.shown(layout.var)
    return _(text, free=free / GIGABYTE, total=total / GIGABYTE, folder=folder)


def _alerts(layout: Layout) -> dict[str, Any]:
    """Return what the watchdog's last round has left; nothing before the first."""
    try:
        return dict(json.loads(layout.watchdog_heartbeat.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _alert_lines(told: dict[str, Any]) -> Iterator[str]:
    if told:
        count = len(told["open"])
        text = N_("alerts: {count} open: `{manager} alerts` lists them")
        if not count:
            text = N_("alerts: {count} open")
        yield _(text, count=count)
    for channel, why in told.get("failing_channels", {}).items():
        text = N_(
            "    channel {channel} takes no messages ({why}): `{manager} alerts test {channel}` "
            "shows what to do"
        )
        yield _(text, channel=channel, why=why)


def component_lines(healths: list[Health]) -> list[str]:
    """Return what a person reads about the components; a trouble has a line of its own."""
    lines = []
    rows = [_row(describe(health)) for health in healths]
    for line, health in zip(lined_up(rows), healths, strict=True):
        lines.append(line.rstrip())
        if health.trouble:
            trouble = _(
                "{component} {trouble}", component=health.component.name, trouble=health.trouble
            )
            lines.append(f"    {trouble}")
    return lines


def _row(values: dict[str, Any]) -> tuple[str, ...]:
    pid, beat, memory = values["pid"], values["heartbeat_age_seconds"], values["memory_mb"]
    return (
        values["name"],
        _(values["state"]),
        "" if pid is None else f"pid {pid}",
        "" if pid is None else _("up {time}", time=_duration(values["uptime_seconds"])),
        "" if memory is None else f"{memory:.0f} MB",
        "" if beat is None else _("heartbeat {seconds:.0f} s ago", seconds=beat),
    )


def _duration(seconds: int) -> str:
    """Write a duration in its largest unit, days and hours with the next one."""
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60
    if days:
        return _("{days} d {hours} h", days=days, hours=hours % 24)
    if hours:
        return _("{hours} h {minutes} min", hours=hours, minutes=minutes % 60)
    text = N_("{minutes} min") if minutes else N_("{seconds} s")
    return _(text, minutes=minutes, seconds=seconds)


def _without_supervisor(layout: Layout, ports: Ports, *, as_json: bool) -> int:
    left = service_processes(layout)
    if as_json:
        told: dict[str, Any] = {
            "state": "degraded" if left else "not running",
            "url": ports.url,
            "components": [],
            "jobs": None,
            "jobs_trouble": _("the service does not run"),
            "warehouse_trouble": None,
            "import_errors": [],
            "disk": None,
            "alerts": None,
        }
        print_json(told)
    elif left:
        text = N_(
            "degraded: supervisord does not answer, and {count} processes of the service are left "
            "(pids {pids}): `{manager} stop` ends them, `start` repairs"
        )
        pids = [process.pid for process in left]
        print(_(text, count=len(left), pids=pids), file=sys.stderr)
    else:
        print(_("not running: `{manager} start` starts it"))
    return DEGRADED if left else NOT_RUNNING
