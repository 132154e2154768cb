"""A job of every minute whose service stops, and which is paused, for some: in real time."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from include.units.ledger import Ledger
from include.warehouse import connect
from tests.integration.installation import Service, copy_project, installed, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.units.unit import LedgerRow

# Three minutes of waiting, and two starts of the service.
pytestmark = [pytest.mark.campaign, pytest.mark.timeout(900)]

SHANGHAI = ZoneInfo("Asia/Shanghai")
JOB = """
tasks:
  - {id: ticking, name: 每分钟, cron: "* * * * *", period: tick, script: tick.py,
     dated: true}
"""
TICKS = 3
REPAIRS = 20


@pytest.fixture(scope="module")
def ticking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return an installation of its own with that job alone."""
    root = tmp_path_factory.mktemp("ticks") / "checkout"
    copy_project(root)
    for path in (*(root / "config/tasks").glob("*.yaml"), root / "config/contracts.yaml"):
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
    until(lambda: wanted[-1] in [run["partition_key"] for run in _runs(service)])
    rows = _begun(service, wanted)
    assert [row.period_key for row in rows] == wanted
    assert [(row.state, row.attempts) for row in rows] == [("ok", 1)] * len(wanted)


def _begun(service: Service, keys: list[str]) -> list[LedgerRow]:
    """Return what the ledger has of ticks, in the order in which they were begun."""
    ledger = Ledger(connect(f"sqlite:///{service.layout.warehouse}"))
    rows = [row for key in keys for row in ledger.rows("ticking", key)]
    ledger.engine.dispose()
    return sorted(
        (row for row in rows if row.started_at), key=lambda row: row.started_at or row.period_end
    )


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


def test_a_repair_that_waits_holds_up_no_tick(ticking: Service) -> None:
    """While many of its runs wait, each new minute runs within the minute; then the oldest do."""
    script = ticking.root / "include/scripts/tick.py"
    script.write_text("import time; time.sleep(12)\n", "utf-8")
    now = time.time()
    old = [_key(now - 86_400 + 60 * number) for number in range(REPAIRS)]
    for number in reversed(range(REPAIRS)):  # as two people might, who ask for different days
        moment = datetime.fromtimestamp(now - number, SHANGHAI).isoformat()
        name = f"repair__{old[number]}__1"
        body = {"dag_run_id": name, "logical_date": None, "run_after": moment}
        ticking.api.make_run("ticking", {**body, "partition_key": old[number], "conf": {}})
    fresh = [_key(now + 60 * number) for number in range(TICKS)]
    until(
        lambda: (
            all(row.state == "ok" for row in _begun(ticking, fresh))
            and len(_begun(ticking, fresh)) == TICKS
        ),
    )
    waited = [row.started_at - row.period_end for row in _begun(ticking, fresh) if row.started_at]
    assert max(waited).total_seconds() < 60
    begun = [row.period_key for row in _begun(ticking, old)]
    assert len(begun) < REPAIRS, "too few repairs to prove anything"
    until(lambda: len(_begun(ticking, old)) == REPAIRS)
    begun = [row.period_key for row in _begun(ticking, old)]
    assert begun[1:] == [key for key in old if key != begun[0]]
