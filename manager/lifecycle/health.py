"""How the service is: what supervisord says of the processes, and the API of the heartbeats."""

import http.client
import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from include.language import N_, _, clauses
from manager.airflow.rest import ask
from manager.layout import Layout
from manager.lifecycle.ports import LOOPBACK, Ports
from manager.lifecycle.supervisor_client import Component, SupervisorGoneError, components

# Component, and its name in the health answer and of its heartbeat there.
HEARTBEATS = {
    "scheduler": ("scheduler", "latest_scheduler_heartbeat"),
    "dag-processor": ("dag_processor", "latest_dag_processor_heartbeat"),
    "triggerer": ("triggerer", "latest_triggerer_heartbeat"),
}
STALE_SECONDS = 30  # as Airflow itself judges
# Those that touch a file of their name in `var/run`; the watchdog makes a round every 30 s, which
# waits for channels that hang.
FILE_HEARTBEATS = {
    **dict.fromkeys(("config-watcher", "contract-events"), STALE_SECONDS),
    "watchdog": 180,
}
LAST_LINE_BYTES = 4_000
# Of the ends of components that are remembered.
SECONDS_KEPT = 3600.0
LATELY_SECONDS = 600.0
# Of processes, as supervisord calls them; `_` translates them.
STATES = (
    N_("stopped"),
    N_("starting"),
    N_("running"),
    N_("backoff"),
    N_("stopping"),
    N_("exited"),
    N_("fatal"),
    N_("unknown"),
)
OFTEN = 3  # a single end is repaired by the restart; so many lately are a trouble
HEALTH_TIMEOUT = 2.0  # answered in milliseconds, save on a machine that is busy with a start


@dataclass(frozen=True)
class Health:
    """One component: its process, and what is wrong with it (empty: nothing)."""

    component: Component
    heartbeat: float | None  # epoch seconds of the last one; None for what has none
    trouble: str
    deaths: int = 0  # how often it ended within the last ten minutes


def look(layout: Layout, ports: Ports, *, deaths: bool = True) -> list[Health]:
    """Return the health of every component.

    Args:
        layout: the installation.
        ports: where it listens.
        deaths: also count as a trouble that a component which is well now has ended again and
            again; a start, which has its own count, does not wait for that to be forgotten.

    Raises:
        SupervisorGoneError: nothing runs, or supervisord itself was killed.
    """
    processes = components(layout)
    answer = _ask_api(ports)
    healths = [_judge(process, layout, ports, answer) for process in processes]
    if not deaths:
        return healths
    ended = deaths_lately(layout, time.time())
    return [_with_deaths(health, ended.get(health.component.name, 0)) for health in healths]


def running(layout: Layout) -> bool:
    """Return whether supervisord answers."""
    try:
        components(layout)
    except SupervisorGoneError:
        return False
    return True


def describe(health: Health) -> dict[str, Any]:
    """Return a component's health as plain values, for `status --json`."""
    from manager.lifecycle.processes import memory_mb  # noqa: PLC0415 -- others need no psutil

    component = health.component
    return {
        "name": component.name,
        "state": component.state.lower(),
        "pid": component.pid if component.up else None,
        "uptime_seconds": component.now - component.started if component.up else None,
        "heartbeat_age_seconds": (
            None if health.heartbeat is None else round(time.time() - health.heartbeat, 1)
        ),
        "memory_mb": memory_mb(component.pid) if component.up else None,
        "ended_lately": health.deaths,
        "trouble": health.trouble or None,
    }


def _with_deaths(health: Health, deaths: int) -> Health:
    """Add as a trouble that a component keeps ending, and how its log ends."""
    if deaths < OFTEN:
        return replace(health, deaths=deaths)
    often = _(
        "ended {deaths} times in the last {minutes:.0f} minutes",
        deaths=deaths,
        minutes=LATELY_SECONDS / 60,
    )
    last = _last_line(health.component.log)
    ends = _("its log ends: {last}", last=last) if last else ""
    return replace(health, deaths=deaths, trouble=clauses(health.trouble, often, ends))


def _last_line(log: str) -> str:
    try:
        with Path(log).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_LINE_BYTES))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def _ask_api(ports: Ports) -> dict[str, Any]:
    """Return the API's own view of Airflow's components; empty when it does not answer."""
    try:
        return dict(json.loads(ask(ports, "/api/v2/monitor/health", HEALTH_TIMEOUT)[1]))
    except (OSError, http.client.HTTPException, ValueError):
        return {}


def _judge(process: Component, layout: Layout, ports: Ports, answer: dict[str, Any]) -> Health:
    if not process.up:
        state = _(process.state.lower())
        return Health(process, None, _("is {state}: {error}", state=state, error=process.error))
    if process.name == "api-server":
        return Health(process, None, _api_trouble(answer))
    if process.name == "sandbox":
        silent = _("does not answer on {url}", url=ports.sandbox_url)
        return Health(process, None, "" if answers(ports.sandbox) else silent)
    if process.name in FILE_HEARTBEATS:
        beat = None
        with suppress(OSError):
            beat = (layout.run / process.name).stat().st_mtime
        return _judge_beat(process, beat, FILE_HEARTBEATS[process.name])
    return _judge_heartbeat(process, answer)


def _judge_heartbeat(process: Component, answer: dict[str, Any]) -> Health:
    if process.name not in HEARTBEATS:
        return Health(process, None, "")
    if not answer:
        return Health(process, None, _("its heartbeat is unknown while the api-server is silent"))
    section, key = HEARTBEATS[process.name]
    latest = answer.get(section, {}).get(key)
    return _judge_beat(process, datetime.fromisoformat(latest).timestamp() if latest else None)


def _judge_beat(process: Component, beat: float | None, stale: float = STALE_SECONDS) -> Health:
    # A heartbeat from before the process began is its predecessor's.
    if beat is None or beat < process.started:
        return Health(process, None, _("has not sent its first heartbeat yet"))
    age = time.time() - beat
    trouble = _("sent its last heartbeat {age:.0f} s ago", age=age) if age > stale else ""
    return Health(process, beat, trouble)


def _api_trouble(answer: dict[str, Any]) -> str:
    if "metadatabase" not in answer:
        return _("does not answer")
    database = answer["metadatabase"]["status"]
    return (
        ""
        if database == "healthy"
        else _("says that its database is {database}", database=database)
    )


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Return whether something listens on a port of this machine."""
    try:
        with socket.create_connection((host, port), timeout=HEALTH_TIMEOUT):
            return True
    except OSError:
        return False


def remember_death(layout: Layout, name: str, moment: float) -> None:
    """Add that a component ended at `moment` (epoch seconds); only the listener writes."""
    known = _read_deaths(_deaths(layout))
    known[name] = [*known.get(name, []), moment]
    kept = {
        component: [when for when in moments if when > moment - SECONDS_KEPT]
        for component, moments in known.items()
    }
    draft = _deaths(layout).with_suffix(".draft")
    try:
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(_deaths(layout))
    except OSError:
        return  # on a full disk there is worse to tell


def deaths_lately(layout: Layout, now: float) -> dict[str, int]:
    """Return how often each component ended within the last ten minutes."""
    return {
        name: sum(when > now - LATELY_SECONDS for when in moments)
        for name, moments in _read_deaths(_deaths(layout)).items()
    }


def _deaths(layout: Layout) -> Path:
    return layout.run / "deaths.json"


def _read_deaths(path: Path) -> dict[str, list[float]]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
