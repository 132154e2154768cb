"""Which runs close some gaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.coverage import Coverage, JudgedUnit
from include.coverage.history import History, Landing
from include.coverage.judged_unit import Clock
from include.coverage.model import cells_of
from include.coverage.repairing import (
    AWAITING,
    BLOCKED,
    DISABLED,
    LATER,
    NO_DAG,
    PAUSED,
    SEEN_TO,
    UNREPAIRABLE,
    Hindrances,
    Plan,
    plan_of,
)
from include.coverage.runs import Run
from include.coverage.unit_index import UnitIndex
from tests.coverage.registries import at, job, registry, row, shop

if TYPE_CHECKING:
    from include.registry import Job

START = date(2025, 10, 1)
ERP = job("erp_store", platform="erp", start=START)
TASKS = job("generate_daily", cron="5 0 * * *", start=START)
SHOPS = [shop("erp-1"), shop("erp-2")]
KEYS = ("2025-10-01", "2025-10-02", "2025-10-03")
DAYS = [ERP.schedule.parse_key(key) for key in KEYS]
NOW = at("2025-10-04T12:00")


def _coverage(*rows: Any, jobs: Any = (ERP,), now: Any = NOW) -> Coverage:
    cells = cells_of(registry([*jobs], SHOPS), UnitIndex(rows), Clock(now), at("2025-09-01T00:00"))
    return Coverage(now, [*cells])


def _plan(
    coverage: Coverage, *runs: Run, gaps: list[JudgedUnit] | None = None, **more: Any
) -> Plan:
    paused = {cell.job.id: False for cell in coverage.cells}
    asked = coverage.gaps() if gaps is None else gaps
    hindrances = Hindrances(more.pop("paused", paused), more.pop("awaiting", ()))
    return plan_of(coverage, asked, hindrances, runs, **more)


def _told(job_: Job, run_id: str, state: str, key: str | None, **conf: Any) -> Run:
    told = {"dag_run_id": run_id, "state": state, "partition_key": key, "conf": conf}
    return Run.of(job_, {**told, "run_after": "2025-10-03T00:00:00Z"})


def test_missing_periods_are_runs_of_their_own_oldest_first() -> None:
    """Each has its period as partition key, and may start at once: their tasks take turns."""
    plan = _plan(_coverage(jobs=(ERP, TASKS)))
    mine = [run for run in plan.runs if run.job is ERP]
    assert [run.key for run in mine] == [*KEYS]
    for run in mine:
        assert run.body["partition_key"] == run.key
        assert (run.body["conf"], run.body["logical_date"]) == ({}, None)
        assert "run_after" not in run.body
    assert [run.shops for run in plan.runs if run.job is TASKS] == [("-",)] * 3
    assert plan.units == 9


def test_failed_ones_are_run_for_the_failed_shops_only() -> None:
    """What has landed is not asked for again."""
    rows = [row("erp_store", "erp-1", day, "ok") for day in DAYS[:2]]
    rows.append(row("erp_store", "erp-2", DAYS[0], "failed"))
    rows += [row("erp_store", one.id, DAYS[2], "ok") for one in SHOPS]
    plan = _plan(_coverage(*rows))
    assert [(run.key, run.body["conf"]) for run in plan.runs] == [
        (key, {"shops": ["erp-2"]}) for key in KEYS[:2]
    ]


def test_two_who_ask_at_once_ask_for_the_same_run() -> None:
    """Its name is made of the period and a number, which goes up when that run has ended."""
    coverage = _coverage()
    gaps = [gap for gap in coverage.gaps() if gap.period.key == KEYS[1]]
    (run,) = _plan(coverage, gaps=gaps).runs
    (other,) = _plan(coverage, gaps=gaps).runs
    assert run.run_id == other.run_id == "repair__2025-10-02__1"
    ended = [_told(ERP, f"repair__2025-10-02__{number}", "failed", KEYS[1]) for number in (9, 10)]
    (again,) = _plan(coverage, *ended, gaps=gaps).runs
    assert again.run_id == "repair__2025-10-02__11"


@pytest.mark.parametrize(
    ("run", "left"),
    [
        (_told(ERP, "scheduled__1", "running", KEYS[0]), 4),
        (_told(ERP, "scheduled__1", "failed", KEYS[0]), 6),
        (_told(ERP, "repair__1", "queued", KEYS[0], shops=["erp-2"]), 5),
        (_told(ERP, "manual__1", "queued", None, period=KEYS[0]), 4),
        (_told(ERP, "manual__1", "running", None, **{"from": KEYS[0], "to": KEYS[1]}), 2),
        (_told(ERP, "manual__1", "queued", None), 4),  # the last that had ended when it was made
        (_told(TASKS, "scheduled__1", "running", KEYS[0]), 6),
        # What makes no sense is refused by the run's own task, and stops no repair.
        (_told(ERP, "manual__1", "queued", KEYS[0], shops=5), 4),
        (_told(ERP, "manual__1", "queued", None, period={"$(id)": [0]}), 6),
    ],
    ids=str,
)
def test_a_unit_that_a_run_sees_to_gets_no_second_one(run: Run, left: int) -> None:
    """Whether it waits or works, by whatever way its period and shops were named."""
    plan = _plan(_coverage(), run)
    assert plan.units == left
    assert plan.held == ({("erp_store", SEEN_TO): 6 - left} if left < 6 else {})
    followed = {(one.run_id, one.key, shop) for one in plan.under_way for shop in one.shops}
    assert len(followed) == 6 - left
    assert {run_id for run_id, _, _ in followed} <= {run.run_id}


def test_a_run_that_cannot_start_is_replaced() -> None:
    """A cleared run of a cancelled backfill covers nothing."""
    run = replace(_told(ERP, "backfill__1", "queued", KEYS[0]), stuck="its backfill was cancelled")
    plan = _plan(_coverage(), run)
    assert (plan.units, plan.held, plan.under_way, plan.stuck) == (6, {}, [], [run])


def test_where_a_new_run_would_be_stuck_none_is_made() -> None:
    """The pool is missing: beside the run that the period has already another would wait, too."""
    run = replace(_told(ERP, "scheduled__1", "running", KEYS[0]), stuck="its pool …", blocks=True)
    plan = _plan(_coverage(), run)
    assert plan.held == {("erp_store", BLOCKED): 2}
    assert plan.stuck == [run]


def test_no_more_runs_wait_than_airflow_leaves_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are made, the others named: too many would keep the schedule's from being made."""
    monkeypatch.setattr("include.coverage.repairing.MOST_WAITING", 3)
    plan = _plan(_coverage(jobs=(ERP, TASKS)), _told(ERP, "manual__1", "queued", "2025-09-30"))
    assert [run.key for run in plan.runs if run.job is ERP] == [*KEYS[:2]]
    assert [run.key for run in plan.runs if run.job is TASKS] == [*KEYS]
    assert plan.held == {("erp_store", LATER): 2}


def test_what_waits_for_its_contract_is_left_out() -> None:
    """It runs by itself as soon as that is complete; of a period that is complete it is run."""
    plan = _plan(_coverage(), awaiting={("erp_store", KEYS[0])})
    assert plan.held == {("erp_store", AWAITING): 2}
    assert [run.key for run in plan.runs] == [*KEYS[1:]]


def test_what_would_wait_for_ever_is_named() -> None:
    """Paused, disabled, or no DAG: no run is made of it."""
    coverage = _coverage()
    assert _plan(coverage, paused={"erp_store": True}).held == {("erp_store", PAUSED): 6}
    assert _plan(coverage, paused={}).held == {("erp_store", NO_DAG): 6}
    disabled = _coverage(jobs=[job("erp_store", platform="erp", start=START, enabled=False)])
    plan = _plan(disabled)
    assert not plan.runs
    assert plan.held == {("erp_store", DISABLED): 6}


def _history(seconds: float, calls: int | None = None) -> History:
    begun = datetime(2025, 9, 1, tzinfo=timezone.utc)
    ended = begun + timedelta(seconds=2 * seconds)
    return History(
        Landing("erp_store", one.id, f"2025-09-0{number}", "run", calls, begun, ended)
        for number in (1, 2, 3)
        for one in SHOPS
    )


def test_the_plan_says_what_it_costs() -> None:
    """By what the same shops have cost; nothing is made up where nothing is known."""
    coverage = _coverage()
    unknown = _plan(coverage)
    assert (unknown.calls, unknown.minutes) == (None, None)
    timed = _plan(coverage, history=_history(seconds=25.0))
    assert timed.calls is None
    assert timed.minutes == pytest.approx(3 * (2 * 25 + 5) / 60)
    assert _plan(coverage, history=_history(25.0, calls=12)).calls == 3 * 2 * 12


def test_what_cannot_be_pulled_again_is_left_out_and_named() -> None:
    """Also where a run waits for it, which will be refused; the last period is repaired."""
    old = job("erp_store", platform="erp", start=START, dated=False)
    coverage = _coverage(jobs=(old,))
    plan = _plan(coverage, _told(old, "backfill__1", "queued", KEYS[0]))
    assert [run.key for run in plan.runs] == [KEYS[2]]
    assert plan.held == {("erp_store", UNREPAIRABLE): 4}
