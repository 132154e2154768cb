"""How the service is: what supervisord says of the processes, and the API of the heartbeats."""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.service.ports import HOST
from include.service.supervisor import SupervisorGoneError, components

if TYPE_CHECKING:
    from include.service.layout import Layout
    from include.service.ports import Ports
    from include.service.supervisor import Component

# Component, and its name in the health answer and of its heartbeat there.
HEARTBEATS = {
    "scheduler": ("scheduler", "latest_scheduler_heartbeat"),
    "dag-processor": ("dag_processor", "latest_dag_processor_heartbeat"),
    "triggerer": ("triggerer", "latest_triggerer_heartbeat"),
}
STALE_SECONDS = 30  # as Airflow itself judges
ANSWER_SECONDS = 2.0  # answered in milliseconds, save on a machine that is busy with a start


@dataclass(frozen=True)
class Health:
    """One component: its process, and what is wrong with it (empty: nothing)."""

    component: Component
    heartbeat: float | None  # epoch seconds of the last one; None for what has none
    trouble: str


def look(layout: Layout, ports: Ports) -> list[Health]:
    """Return the health of every component.

    Args:
        layout: the installation.
        ports: where it listens.

    Raises:
        SupervisorGoneError: nothing runs, or supervisord itself was killed.
    """
    processes = components(layout)
    answer = _ask_api(ports)
    return [_judge(process, answer, ports) for process in processes]


def running(layout: Layout) -> bool:
    """Return whether supervisord answers."""
    try:
        components(layout)
    except SupervisorGoneError:
        return False
    return True


def describe(health: Health) -> dict[str, Any]:
    """Return a component's health as plain values, for `status --json`."""
    component = health.component
    return {
        "name": component.name,
        "state": component.state.lower(),
        "pid": component.pid if component.up else None,
        "uptime_seconds": component.now - component.started if component.up else None,
        "heartbeat_age_seconds": (
            None if health.heartbeat is None else round(time.time() - health.heartbeat, 1)
        ),
        "trouble": health.trouble or None,
    }


def _ask_api(ports: Ports) -> dict[str, Any]:
    """Return the API's own view of Airflow's components; empty when it does not answer.

    Straight from the standard library: importing an HTTP client would cost `status` more time than
    all the rest.
    """
    connection = http.client.HTTPConnection(HOST, ports.api, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        return dict(json.load(connection.getresponse()))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()


def _judge(process: Component, answer: dict[str, Any], ports: Ports) -> Health:
    if not process.up:
        return Health(process, None, f"is {process.state.lower()}: {process.error}")
    if process.name == "api-server":
        return Health(process, None, _api_trouble(answer))
    if process.name == "sandbox":
        there = answers(ports.sandbox)
        return Health(process, None, "" if there else f"does not answer on {ports.sandbox_url}")
    return _judge_heartbeat(process, answer)


def _judge_heartbeat(process: Component, answer: dict[str, Any]) -> Health:
    if not answer:
        return Health(process, None, "its heartbeat is unknown while the api-server is silent")
    section, key = HEARTBEATS[process.name]
    latest = answer.get(section, {}).get(key)
    beat = datetime.fromisoformat(latest).timestamp() if latest else None
    # A heartbeat from before the process began is its predecessor's.
    if beat is None or beat < process.started:
        return Health(process, None, "has not sent its first heartbeat yet")
    age = time.time() - beat
    trouble = f"sent its last heartbeat {age:.0f} s ago" if age > STALE_SECONDS else ""
    return Health(process, beat, trouble)


def _api_trouble(answer: dict[str, Any]) -> str:
    if "metadatabase" not in answer:
        return "does not answer"
    database = answer["metadatabase"]["status"]
    return "" if database == "healthy" else f"says that its database is {database}"


def answers(port: int) -> bool:
    """Return whether something listens on a port of this machine."""
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER_SECONDS):
            return True
    except OSError:
        return False


def as_json(healths: list[Health], ports: Ports, state: str) -> str:
    """Return the whole status as one JSON text."""
    listed = [describe(health) for health in healths]
    return json.dumps({"state": state, "url": ports.url, "components": listed}, indent=2)
