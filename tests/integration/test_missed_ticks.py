"""A job of every minute whose service stops, and which is paused, for some: in real time."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from include.ledger import Ledger
from include.warehouse import connect
from tests.integration.installation import Service, copy_project, installed
from tests.integration.test_service import until

if TYPE_CHECKING:
    from collections.abc import Iterator

# Three minutes of waiting, and two starts of the service.
pytestmark = [pytest.mark.campaign, pytest.mark.timeout(900)]

SHANGHAI = ZoneInfo("Asia/Shanghai")
JOB = """
tasks:
  - {id: ticking, name: 每分钟, cron: "* * * * *", period: tick, script: tick.py}
"""
TICKS = 3


@pytest.fixture(scope="module")
def ticking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give an installation of its own with that job alone."""
    root = tmp_path_factory.mktemp("ticks") / "checkout"
    copy_project(root)
    for path in (root / "config/tasks").glob("*.yaml"):
        path.unlink()
    (root / "config/tasks/ticks.yaml").write_text(JOB, "utf-8")
    (root / "include/scripts/tick.py").write_text("print('tick')\n", "utf-8")
    with installed(root, root.parent) as service:
        service.start()
        yield service


def _key(moment: float) -> str:
    return datetime.fromtimestamp(moment, SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def _runs(service: Service) -> list[dict[str, Any]]:
    runs = service.api.runs("ticking", state=["success"])
    return sorted(runs, key=lambda run: run["start_date"])


def _check(service: Service, first: float, last: float) -> None:
    """See that each minute of a while has one run, in their order, and one attempt."""
    minutes = range(int(first) // 60 * 60, int(last) // 60 * 60, 60)
    wanted = [_key(minute) for minute in minutes]
    assert len(wanted) >= TICKS
    until(lambda: wanted[-1] in [run["partition_key"] for run in _runs(service)], 180)
    keys = [run["partition_key"] for run in _runs(service)]
    assert [key for key in keys if key in wanted] == wanted
    ledger = Ledger(connect(f"sqlite:///{service.layout.warehouse}"))
    rows = [row for key in wanted for row in ledger.rows("ticking", key)]
    assert [(row.state, row.attempts) for row in rows] == [("ok", 1)] * len(wanted)


def test_minutes_without_a_service_run_when_it_is_back(ticking: Service) -> None:
    """Each once, the oldest first."""
    until(lambda: _runs(ticking))
    assert ticking.manager("stop").returncode == 0
    stopped = time.time()
    time.sleep(TICKS * 60)
    ticking.start()
    _check(ticking, stopped, time.time())


def test_minutes_of_a_pause_run_when_it_is_over(ticking: Service) -> None:
    """The same."""
    assert ticking.manager("pause", "ticking").returncode == 0
    paused = time.time()
    time.sleep(TICKS * 60)
    assert ticking.manager("resume", "ticking").returncode == 0
    _check(ticking, paused, time.time())
