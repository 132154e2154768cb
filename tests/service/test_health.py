"""What counts as healthy."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest

from include.service.health import Health, _judge, describe
from include.service.ports import Ports
from include.service.status import line_of
from include.service.supervisor import Component

NOWHERE = Ports(1)  # nobody listens there


def component(name: str, state: str = "RUNNING", age: int = 100) -> Component:
    """Give a component as supervisord would; `age` is how many seconds ago it started."""
    now = int(time.time())
    return Component(name, state, 4242, now - age, now, "exited too quickly", "/var/x.log")


def beaten(seconds_ago: float) -> dict[str, Any]:
    """Give the API's answer when the scheduler's last heartbeat is that old."""
    beat = datetime.fromtimestamp(time.time() - seconds_ago, timezone.utc).isoformat()
    return {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": beat},
    }


@pytest.mark.parametrize(
    ("seconds_ago", "trouble"),
    [
        (3, ""),
        (45, "sent its last heartbeat 45 s ago"),
        (150, "has not sent its first heartbeat yet"),  # its predecessor's
    ],
)
def test_a_heartbeat_must_be_fresh_and_its_own(seconds_ago: float, trouble: str) -> None:
    """An old heartbeat is a trouble, and one from before the process began is none at all."""
    assert _judge(component("scheduler"), beaten(seconds_ago), NOWHERE).trouble == trouble


def test_a_silent_api_hides_the_heartbeats() -> None:
    """Without the API nothing counts as fresh."""
    assert _judge(component("api-server"), {}, NOWHERE).trouble == "does not answer"
    assert "unknown" in _judge(component("triggerer"), {}, NOWHERE).trouble


def test_a_dead_component_says_why() -> None:
    """What supervisord gave up on is named with supervisord's reason."""
    health = _judge(component("scheduler", "FATAL"), beaten(1), NOWHERE)
    assert health.trouble == "is fatal: exited too quickly"
    assert describe(health)["pid"] is None


def test_a_sandbox_that_does_not_answer_is_a_trouble() -> None:
    """The process alone is not enough."""
    assert "does not answer" in _judge(component("sandbox"), beaten(1), NOWHERE).trouble


def test_a_line_says_name_state_pid_and_age() -> None:
    """A person reads all there is to know in one line."""
    line = line_of(Health(component("scheduler", age=7_500), time.time() - 2, ""))
    assert line.replace("  ", " ").endswith("up 2 h 5 min heartbeat 2 s ago")
    assert line.split()[:4] == ["scheduler", "running", "pid", "4242"]
