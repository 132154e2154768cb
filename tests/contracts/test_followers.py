"""A job that runs after a contract has one run per period that is complete, and none before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from include.contracts.followers import awaiting
from include.registry import load_registry
from include.units.unit import NO_SHOP, Drift
from include.warehouse.tables import contracts
from manager.airflow.rest import NotThereError
from tests.contracts.contracted import DAY, KEY
from tests.contracts.watched import Killed, last_key

if TYPE_CHECKING:
    from tests.contracts.watched import Watched

WEEK = ["2025-09-27", "2025-09-28", "2025-09-29", "2025-09-30", "2025-10-01", KEY, "2025-10-03"]
FIRST = ("report", f"after__{KEY}__r1", KEY)


@pytest.fixture
def report(watched: Watched) -> dict[str, Any]:
    """Return the entry of a job after the contract, which is in the registry."""
    entry = {"id": "report", "name": "报表", "script": "good.py", "after": "day"}
    entry |= {"start": "2025-01-01"}
    watched.project.jobs["report"] = entry
    watched.project.write()
    return entry


def _started(watched: Watched) -> list[tuple[str, str, str]]:
    watched.events.look()
    return [run for run in watched.runs.made if run[0] == "report"]


def _restate(watched: Watched, rows: int, key: str = KEY) -> None:
    """Land other rows of a unit, and write down that the period is complete again."""
    watched.project.land("orders", "o-1", rows=rows, key=key, revision=rows)
    watched.project.completed(
        lately=False, periods=[watched.project.unit("orders", "o-1", key).period]
    )


def _complete(watched: Watched, *keys: str) -> None:
    for key in keys:
        watched.project.land_all(key)
        period = watched.project.unit("orders", "o-1", key).period
        watched.project.completed(periods=[period])


@pytest.mark.every_warehouse
@pytest.mark.usefixtures("report")
def test_it_runs_once_when_the_period_is_complete(watched: Watched) -> None:
    """Not while a shop is missing, as behind a paused job; nor again when it is restated."""
    watched.project.land_all(but=("c-1",))
    watched.project.completed()
    assert _started(watched) == []
    watched.project.land("chats", "c-1")
    watched.project.completed()
    assert _started(watched) == [FIRST]
    watched.project.land("report", NO_SHOP)
    _restate(watched, 7)
    watched.restart()
    assert (_started(watched), watched.runs.conf) == ([FIRST], {})


@pytest.mark.every_warehouse
def test_it_runs_again_if_it_restates(watched: Watched, report: dict[str, Any]) -> None:
    """Also what has landed; once for each revision."""
    report["restate"] = True
    watched.project.write()
    _complete(watched, KEY)
    assert _started(watched) == [FIRST]
    watched.project.land("report", NO_SHOP)
    _restate(watched, 7)
    again = f"after__{KEY}__r2"
    for _ in range(2):
        assert _started(watched) == [FIRST, ("report", again, KEY)]
        watched.restart()
    assert watched.runs.conf == {again: {"again": True}}


@pytest.mark.usefixtures("report")
def test_an_outage_of_three_days(watched: Watched) -> None:
    """What was complete meanwhile has its runs, the oldest first."""
    days = WEEK[3:6]
    _complete(watched, *reversed(days))
    assert [run[2] for run in _started(watched)] == days


@pytest.mark.usefixtures("report")
def test_a_gap_that_is_waived(watched: Watched) -> None:
    """It is waited for no longer."""
    watched.project.land_all(but=("c-1",))
    watched.project.waive("chats", "c-1")
    watched.project.completed(job_id="chats")
    assert _started(watched) == [FIRST]


def test_a_job_that_is_disabled_for_a_while(watched: Watched, report: dict[str, Any]) -> None:
    """It has no run until it is enabled."""
    report["enabled"] = False
    watched.project.write()
    _complete(watched, KEY)
    assert _started(watched) == []
    del report["enabled"]
    watched.project.write()
    assert _started(watched) == [FIRST]


@pytest.mark.usefixtures("report")
def test_a_contract_that_changes(watched: Watched) -> None:
    """With one job more it is another contract of old days, which are not run once more."""
    watched.project.write(DAY | {"jobs": ["orders", "refunds"]})
    _complete(watched, KEY)
    assert _started(watched) == [FIRST]
    watched.project.land("report", NO_SHOP)
    watched.project.write(DAY)
    assert _started(watched) == [FIRST]
    _complete(watched, "2025-10-03")
    assert [run[2] for run in _started(watched)] == [KEY, "2025-10-03"]


@pytest.mark.every_warehouse
def test_a_week_waits_for_all_its_days(watched: Watched, report: dict[str, Any]) -> None:
    """Its run is named after the revisions of all of them."""
    report |= {"period": "week", "restate": True}
    watched.project.write()
    _complete(watched, *WEEK[1:])
    assert _started(watched) == []
    _complete(watched, WEEK[0])
    first = ("report", f"after__{WEEK[0]}__r1", WEEK[0])
    assert _started(watched) == [first]
    week = watched.project.job("report").schedule.parse_key(WEEK[0])
    watched.project.land("report", NO_SHOP, key=week.key)
    _restate(watched, 8, WEEK[3])
    assert _started(watched) == [first, ("report", f"after__{WEEK[0]}__r2", WEEK[0])]


@pytest.mark.usefixtures("report")
def test_what_is_killed_or_refused_in_between(watched: Watched) -> None:
    """A run whose DAG is not there yet comes when it is; one of a name is made."""
    _complete(watched, KEY)
    watched.runs.trouble = NotThereError("no such DAG")
    assert _started(watched) == []
    watched.runs.trouble, watched.runs.kill_after = None, True
    for _ in range(2):  # after the event's run, and after the job's
        with pytest.raises(Killed):
            watched.events.look()
        watched.restart()
    watched.runs.kill_after = False
    assert _started(watched) == [FIRST]


@pytest.mark.usefixtures("report")
def test_what_is_past_recovering(watched: Watched) -> None:
    """It was complete eight days ago: that is left to a repair."""
    _complete(watched, KEY)
    with watched.project.engine.begin() as connection:
        old = contracts.c.complete_at
        (moment,) = connection.scalars(contracts.select().with_only_columns(old))
        connection.execute(update(contracts).values(complete_at=moment - timedelta(days=8)))
    assert _started(watched) == []


@pytest.mark.usefixtures("report")
def test_a_run_that_fails_is_left_to_a_repair(watched: Watched) -> None:
    """It is not made once more; a later change of the period is a reason to try again."""
    _complete(watched, KEY)
    assert _started(watched) == [FIRST]
    unit = watched.project.unit("report", NO_SHOP)
    watched.project.ledger.expect([unit])
    watched.project.ledger.fail(unit, 1, "no mail server")
    watched.restart()
    assert _started(watched) == [FIRST]
    _restate(watched, 7)
    assert _started(watched) == [FIRST, ("report", f"after__{KEY}__r2", KEY)]


def test_a_script_that_takes_no_period(watched: Watched, report: dict[str, Any]) -> None:
    """It can bring what ended last alone: there is no run of the days before."""
    report["dated"] = False
    watched.project.write()
    last = last_key(watched)
    _complete(watched, KEY, last)
    assert [run[2] for run in _started(watched)] == [last]


@pytest.mark.usefixtures("report")
def test_what_a_repair_leaves_to_the_contract(watched: Watched) -> None:
    """Periods of the job that are not complete; and nothing of jobs that run by a cron."""
    project = watched.project
    registry = load_registry(project.root)
    asked = [(job_id, project.unit("orders", "o-1").period) for job_id in ("report", "orders")]
    assert awaiting(project.engine, project.root, registry, asked) == {("report", KEY)}
    _complete(watched, KEY)
    assert awaiting(project.engine, project.root, registry, asked) == set()


@pytest.mark.every_warehouse
@pytest.mark.usefixtures("report")
def test_what_landed_while_it_was_complete_no_more(watched: Watched) -> None:
    """It runs once more when it is complete again, also with the rows that it had."""
    project, again = watched.project, ("report", f"after__{KEY}__r1__1", KEY)
    _complete(watched, KEY)
    assert _started(watched) == [FIRST]
    chats = project.unit("chats", "c-1")
    project.ledger.begin([chats])
    project.ledger.fail(chats, 77, "token expired")
    report = project.unit("report", NO_SHOP)
    registry = load_registry(project.root)
    asked = [("report", report.period)]
    assert awaiting(project.engine, project.root, registry, asked) == {("report", KEY)}
    project.ledger.expect([report])
    project.ledger.begin([report])
    project.land("report", NO_SHOP, provisional=True)
    watched.seconds += 100
    assert _started(watched) == [FIRST]
    project.land("chats", "c-1", drift=Drift(5, 5, 0))
    project.completed(job_id="chats", periods=[chats.period])
    watched.seconds += 100
    assert (_started(watched), project.written()) == ([FIRST, again], [("day", KEY, 1, 5)])
    watched.restart()
    assert _started(watched) == [FIRST, again]
    project.land("report", NO_SHOP)
    watched.restart()
    assert _started(watched) == [FIRST, again]
