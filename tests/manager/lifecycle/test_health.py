"""What counts as healthy."""

import os
import re
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from manager.commands.status import component_lines
from manager.layout import Layout
from manager.lifecycle.health import (
    Health,
    _judge,
    _with_deaths,
    deaths_lately,
    describe,
    remember_death,
)
from manager.lifecycle.ports import Ports
from manager.lifecycle.supervisor_client import Component

NOWHERE = Ports(1)  # nobody listens there


def component(name: str, state: str = "RUNNING", age: int = 100) -> Component:
    """Return a component as supervisord would; `age` is how many seconds ago it started."""
    now = int(time.time())
    return Component(name, state, 4242, now - age, now, "exited too quickly", "/var/x.log")


def judged(process: Component, answer: dict[str, Any]) -> Health:
    """Return how a component is by what the API answers."""
    return _judge(process, Layout(), NOWHERE, answer)


def beaten(seconds_ago: float) -> dict[str, Any]:
    """Return the API's answer when the scheduler's last heartbeat is that old."""
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
    assert judged(component("scheduler"), beaten(seconds_ago)).trouble == trouble


def test_a_silent_api_hides_the_heartbeats() -> None:
    """Without the API nothing counts as fresh."""
    assert judged(component("api-server"), {}).trouble == "does not answer"
    assert "unknown" in judged(component("triggerer"), {}).trouble


def test_a_dead_component_says_why() -> None:
    """What supervisord gave up on is named with supervisord's reason."""
    health = judged(component("scheduler", "FATAL"), beaten(1))
    assert health.trouble == "is fatal: exited too quickly"
    assert describe(health)["pid"] is None


def test_a_sandbox_that_does_not_answer_is_a_trouble() -> None:
    """The process alone is not enough."""
    assert "does not answer" in judged(component("sandbox"), beaten(1)).trouble


@pytest.mark.parametrize(
    ("name", "seconds_ago", "trouble"),
    [
        ("config-watcher", None, "has not sent its first heartbeat yet"),
        ("config-watcher", 2, ""),
        ("config-watcher", 45, "sent its last heartbeat 45 s ago"),
        ("contract-events", 45, "sent its last heartbeat 45 s ago"),
        ("watchdog", 95, ""),
        ("watchdog", 185, "sent its last heartbeat 185 s ago"),
    ],
)
def test_some_components_beat_by_a_file(
    tmp_path: Path, name: str, seconds_ago: float | None, trouble: str
) -> None:
    """One that hangs is a trouble, though its process is there."""
    layout = Layout(root=tmp_path, var=tmp_path)
    if seconds_ago is not None:
        layout.run.mkdir()
        (layout.run / name).touch()
        os.utime(layout.run / name, (time.time() - seconds_ago,) * 2)
    assert _judge(component(name, age=1_000), layout, NOWHERE, {}).trouble == trouble


def test_a_component_of_ours_has_no_heartbeat() -> None:
    """What Airflow does not know is well as long as its process is there."""
    assert judged(component("journal"), {}).trouble == ""


def test_a_component_that_keeps_ending_is_a_trouble(tmp_path: Path) -> None:
    """Once is repaired by the restart; three times in ten minutes are told, with the log's end."""
    log = tmp_path / "triggerer.log"
    log.write_text("Traceback\nMemoryError: 店铺\n\n", "utf-8")
    well = Health(replace(component("triggerer"), log=str(log)), time.time(), "")
    assert _with_deaths(well, 2).trouble == ""
    trouble = _with_deaths(well, 3).trouble
    assert trouble == "ended 3 times in the last 10 minutes; its log ends: MemoryError: 店铺"


def test_deaths_are_counted_for_ten_minutes(tmp_path: Path) -> None:
    """Older ones are no longer news, and each component has its own."""
    layout = Layout(var=tmp_path)
    layout.make_var()
    for moment in (1_000.0, 1_500.0, 1_900.0):
        remember_death(layout, "scheduler", moment)
    remember_death(layout, "sandbox", 1_950.0)
    assert deaths_lately(layout, 2_000.0) == {"scheduler": 2, "sandbox": 1}
    assert deaths_lately(Layout(var=tmp_path / "none"), 2_000.0) == {}


def test_a_line_says_name_state_pid_and_age() -> None:
    """A person reads all there is to know of a component in one line."""
    (line,) = component_lines([Health(component("scheduler", age=7_500), time.time() - 2, "")])
    assert re.sub(" +", " ", line).endswith("up 2 h 5 min heartbeat 2 s ago")
    assert line.split()[:4] == ["scheduler", "running", "pid", "4242"]
