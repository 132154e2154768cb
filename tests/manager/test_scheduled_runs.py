"""Runs that the schedule makes by itself are found and followed; others are made."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from include.coverage.runs import Run
from include.errors import ExpectedError
from include.units.ledger import Ledger
from include.warehouse import connect
from manager import run_follower, scheduled_runs
from manager.followed import Followed
from manager.layout import Layout
from manager.run_follower import Follower
from manager.scheduled_runs import ScheduledRuns
from tests.coverage.registries import job
from tests.warehouses import make_warehouse

ERP, KEY = job("erp_store", platform="erp", start=date(2025, 10, 1)), "2025-10-01"
SCHEDULED = "scheduled__1"
MADE = "manual__1"


@dataclass
class Airflow:
    """An API whose runs have one state for each look, the last of them from then on."""

    states: dict[str, list[str]] = field(default_factory=dict)
    paused: bool = False
    retried: bool = False
    looks: int = 0

    def _state(self, run_id: str) -> str:
        states = self.states[run_id]
        return states[min(self.looks, len(states) - 1)]

    def dags(self) -> dict[str, Any]:
        """Return the one that there is."""
        return {ERP.id: self.dag()}

    def dag(self, *_: str) -> dict[str, Any]:
        """Return it."""
        return {"is_paused": self.paused}

    def runs(self, dag_id: str = "~", state: object = None, **_: Any) -> list[dict[str, Any]]:
        """Return its runs; one that comes later has no state at first."""
        self.looks += dag_id == "~"
        told = [
            {"dag_id": ERP.id, "dag_run_id": run_id, "partition_key": KEY, "state": said}
            for run_id in self.states
            if (said := self._state(run_id))
        ]
        return [one for one in told if state is None or one["state"] in ("queued", "running")]

    def run_state(self, _: str, run_id: str) -> str:
        """Return what has become of a run."""
        return self._state(run_id)

    def tasks(self, _: str) -> list[dict[str, Any]]:
        """Return the task that waits for its retry, if one does."""
        return [{"dag_id": ERP.id, "dag_run_id": SCHEDULED}] if self.retried else []

    def unfinished_runs(self, *_: str) -> list[str]:
        """Return those that could be taken in place of a new one."""
        return []

    def trigger(self, *_: Any) -> str:
        """Make a run."""
        self.states[MADE] = ["success"]
        return MADE


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Return a new warehouse."""
    monkeypatch.setattr(run_follower, "LOOK_SECONDS", 0)
    url = f"sqlite:///{tmp_path / 'warehouse.db'}"
    make_warehouse(url)
    engine = connect(url)
    yield engine
    engine.dispose()


def _followed(engine: Engine, airflow: Airflow, *stuck: Run, by_schedule: bool = True) -> Followed:
    def no_run_can_move() -> dict[Any, Run]:
        return {run.name: run for run in stuck}

    api, shown = cast("Any", airflow), []
    follower = Follower(api, Ledger(engine), no_run_can_move, Layout())
    run = Followed(ERP, KEY, "", by_schedule=by_schedule)
    ScheduledRuns(follower, api, no_run_can_move, shown.append).follow([run])
    assert shown[-1] == [(run, [])]
    return run


@pytest.mark.parametrize(
    "states", [["", "", "queued", "running", "success"], ["running", "success"], ["success"]]
)
def test_the_run_of_the_schedule_is_followed(engine: Engine, states: list[str]) -> None:
    """Whether it comes a little later, goes on or has ended: none is made beside it."""
    airflow = Airflow({SCHEDULED: states})
    run = _followed(engine, airflow)
    assert (run.run_id, run.landed) == (SCHEDULED, True)
    assert MADE not in airflow.states


@pytest.mark.parametrize("states", [{}, {SCHEDULED: ["failed"]}])
def test_a_run_is_made_where_none_comes(
    engine: Engine, states: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule has made none for long enough, or the one that it made has failed for good."""
    monkeypatch.setattr(scheduled_runs, "SCHEDULE_SECONDS", 0.0 if not states else 1000.0)
    run = _followed(engine, Airflow(states))
    assert (run.run_id, run.landed) == (MADE, True)


def test_another_period_is_made_at_once(engine: Engine) -> None:
    """Nobody waits for a run that the schedule does not make."""
    run = _followed(engine, Airflow({SCHEDULED: ["success"]}), by_schedule=False)
    assert run.run_id == MADE


def test_a_paused_job_is_said_at_once(engine: Engine) -> None:
    """Its runs would wait for ever."""
    with pytest.raises(ExpectedError, match=r"'erp_store' is paused.*resume"):
        _followed(engine, Airflow(paused=True))


def test_what_does_not_go_on_has_not_landed(engine: Engine) -> None:
    """A task that waits for its retry, a run that failed, and one that cannot move."""
    assert _followed(engine, Airflow({SCHEDULED: ["running"]}, retried=True)).landed is False
    assert _followed(engine, Airflow({SCHEDULED: ["running", "failed"]})).landed is False
    stuck = Run(
        ERP.id, SCHEDULED, under_way=True, first=KEY, last=KEY, stuck="its backfill was cancelled"
    )
    run = _followed(engine, Airflow({SCHEDULED: ["queued"]}), stuck)
    assert (run.landed, run.stuck) == (False, stuck.trouble)
