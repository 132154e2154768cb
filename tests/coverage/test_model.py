"""The state of every unit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from include.coverage import JudgedUnit, State, units_of
from include.heartbeats import PATIENCE
from include.periods import PUNCTUAL
from tests.coverage.registries import at, job, registry, row, shop

ERP = job("erp_store", platform="erp", start=date(2025, 1, 1))
SHOPS = [shop("erp-1"), shop("erp-2")]
DAY = ERP.schedule.parse_key("2025-10-02")
DUE = at("2025-10-03T07:00")


def _states(units: list[JudgedUnit]) -> dict[tuple[str, str], State]:
    return {(unit.shop_id, unit.period.key): unit.state for unit in units}


def _state(now: Any, row_: Any = None, registry_: Any = None) -> State:
    """Return the state of the unit erp-1 of 2025-10-02."""
    rows = [row_] if row_ else []
    units = units_of(registry_ or registry([ERP], SHOPS), rows, now, DAY.start, DAY.end)
    return _states(units)["erp-1", "2025-10-02"]


@pytest.mark.parametrize(
    ("now", "nothing", "pending"),
    [
        (DAY.end, State.NOT_DUE, State.PENDING),
        (DUE - timedelta(seconds=1), State.NOT_DUE, State.PENDING),
        (DUE, State.PENDING, State.PENDING),
        (DUE + PUNCTUAL - timedelta(seconds=1), State.PENDING, State.PENDING),
        (DUE + PUNCTUAL, State.MISSED, State.MISSED),
        (DUE + timedelta(days=9), State.MISSED, State.MISSED),
    ],
)
def test_what_nobody_has_begun_waits_until_it_is_late(
    now: Any, nothing: State, pending: State
) -> None:
    """It is missed ten minutes after its run was to start, also when it was written down."""
    assert _state(now) == nothing
    assert _state(now, row("erp_store", "erp-1", DAY, "pending")) == pending


@pytest.mark.parametrize("state", ["ok", "empty", "failed"])
def test_what_has_ended_is_as_the_ledger_says(state: str) -> None:
    """What somebody ran by hand and failed before it was due is no gap yet: it is tried again."""
    ended = row("erp_store", "erp-1", DAY, state)
    assert _state(DUE, ended) == _state(DUE + timedelta(days=9), ended) == state
    assert _state(DAY.end, ended) == ("pending" if state == "failed" else state)


def test_what_runs_is_lost_when_nothing_is_heard_of_it() -> None:
    """As soon as another machine might take it over."""
    running = row("erp_store", "erp-1", DAY, "running", heartbeat_at=DUE)
    assert _state(DUE + PATIENCE, running) == State.RUNNING
    assert _state(DUE + PATIENCE + timedelta(seconds=1), running) == State.LOST


def test_a_period_that_goes_on_is_no_unit() -> None:
    """Units are of periods that have ended; one whose end is `since` is not looked at."""
    now = at("2025-10-03T23:59")
    units = units_of(registry([ERP], SHOPS), [], now, at("2025-10-02T00:00"))
    assert {unit.period.key for unit in units} == {"2025-10-02"}
    assert {unit.due_at for unit in units} == {DUE}


def test_shops_are_expected_from_their_first_day_to_their_last() -> None:
    """And none of a job before its start; another platform's never."""
    shops = [
        shop("erp-1"),
        shop("erp-2", **{"from": date(2025, 10, 2)}),
        shop("erp-3", until=date(2025, 10, 2)),
        shop("jd-1"),
    ]
    late = job("erp_store", platform="erp", start=date(2025, 10, 1))
    units = units_of(registry([late], shops), [], at("2025-10-04T12:00"), at("2025-09-20T00:00"))
    assert [(unit.period.key, unit.shop_id) for unit in units] == [
        ("2025-10-01", "erp-1"),
        ("2025-10-01", "erp-3"),
        ("2025-10-02", "erp-1"),
        ("2025-10-02", "erp-2"),
        ("2025-10-02", "erp-3"),
        ("2025-10-03", "erp-1"),
        ("2025-10-03", "erp-2"),
    ]
    assert {unit.state for unit in units} == {State.MISSED}


@pytest.mark.parametrize(
    "registry_",
    [
        registry([job("erp_store", platform="erp", enabled=False)], SHOPS),
        registry([ERP], [shop("erp-1", enabled=False), *SHOPS[1:]]),
        registry([ERP], [shop("erp-1", **{"from": date(2025, 10, 3)}), *SHOPS[1:]]),
    ],
    ids=["job", "shop", "not open"],
)
def test_what_is_not_expected_is_no_gap(registry_: Any) -> None:
    """It has landed or runs all the same, or it is disabled."""
    now = DUE + timedelta(days=1)
    for state in ("ok", "empty"):
        assert _state(now, row("erp_store", "erp-1", DAY, state), registry_) == state
    running = row("erp_store", "erp-1", DAY, "running", heartbeat_at=now)
    assert _state(now, running, registry_) == State.RUNNING
    assert _state(now + timedelta(days=1), running, registry_) == State.DISABLED
    for state in ("pending", "failed"):
        row_ = row("erp_store", "erp-1", DAY, state)
        assert _state(now, row_, registry_) == State.DISABLED


def test_what_is_switched_off_is_shown_so() -> None:
    """Of a disabled shop or job every day is a unit; of a shop that is not open none is."""
    off = registry([ERP], [shop("erp-1", enabled=False)])
    assert _state(DUE, None, off) == State.DISABLED
    closed = registry([ERP], [shop("erp-1", **{"from": date(2025, 10, 3)})])
    assert units_of(closed, [], DUE, DAY.start) == []


def test_a_job_without_shops_has_one_unit() -> None:
    """As the ledger writes it down."""
    generate = job("generate_weekly", "10 0 * * 6", "week")
    week = generate.schedule.parse_key("2025-09-27")
    now = at("2025-10-04T00:30")
    (unit,) = units_of(registry([generate]), [], now, week.start)
    assert (unit.shop_id, unit.period, unit.state) == ("-", week, State.MISSED)
    (unit,) = units_of(
        registry([generate]), [row("generate_weekly", "-", week, "ok")], now, week.start
    )
    assert (unit.state, unit.rows, unit.attempts, unit.run_id) == (State.OK, 10, 1, "run-1")


def test_rows_of_shops_and_jobs_that_are_gone_are_not_looked_at() -> None:
    """Nobody expects them, and nothing could repair them."""
    gone = [row("erp_store", "erp-9", DAY, "failed"), row("old_job", "erp-1", DAY, "failed")]
    units = units_of(registry([ERP], SHOPS), gone, DUE, DAY.start)
    assert {unit.shop_id for unit in units} == {"erp-1", "erp-2"}


def test_what_landed_for_another_window_has_not_landed() -> None:
    """A week and its first day share a key; so do the days of two time zones."""
    week = job("kpi", "0 12 * * 6", "week").schedule.parse_key("2025-09-27")
    (unit,) = units_of(
        registry([job("kpi")]),
        [row("kpi", "-", week, "ok")],
        DUE,
        at("2025-09-27T00:00"),
        at("2025-09-28T00:00"),
    )
    assert (unit.state, unit.row) == (State.MISSED, None)


def test_what_the_ledger_no_longer_keeps_is_no_gap() -> None:
    """Housekeeping has removed its row, whether it had landed or not."""
    tidy = job("housekeeping", env={"HOUSEKEEPING_LEDGER_DAYS": "400"}, start=date(2023, 1, 1))
    old = job("erp_store", start=date(2023, 1, 1))
    now = at("2025-10-03T12:00")
    units = units_of(registry([old, tidy]), [], now, at("2023-01-01T00:00"))
    assert min(unit.period.end for unit in units) > now - timedelta(days=400)
    assert len(units) == 2 * 400
    kept = job("housekeeping", env={"HOUSEKEEPING_LEDGER_DAYS": "0"}, start=date(2023, 1, 1))
    units = units_of(registry([old, kept]), [], now, at("2023-01-01T00:00"))
    assert units[0].period.key == "2023-01-01"


def test_units_come_by_job_period_and_shop() -> None:
    """Jobs and shops in the order of the registry's files."""
    jobs = [job("z_first", platform="erp"), job("a_second", platform="erp")]
    shops = [shop("erp-9"), shop("erp-10")]
    units = units_of(registry(jobs, shops), [], at("2025-10-03T12:00"), at("2025-10-01T00:00"))
    assert [str(unit) for unit in units] == [
        f"{job_id} {shop_id} {day}"
        for job_id in ("z_first", "a_second")
        for day in ("2025-10-01", "2025-10-02")
        for shop_id in ("erp-9", "erp-10")
    ]


def test_ticks_that_landed_under_another_cron_have_landed() -> None:
    """When a cron changes, so do the names and the lengths of all ticks of the past."""
    hourly, two_hourly = (job("prices", f"0 */{hours} * * *", "tick") for hours in (1, 2))
    keys = [f"2025-10-02T{hour:02}:00" for hour in range(6)]
    states = ["ok", "empty", "empty", "empty", "ok", "failed"]
    rows = [
        row("prices", "-", hourly.schedule.parse_key(key), state)
        for key, state in zip(keys, states, strict=True)
    ]
    units = units_of(registry([two_hourly]), rows, at("2025-10-02T06:30"), at("2025-10-02T00:00"))
    assert {unit.period.key: str(unit.state) for unit in units} == {
        "2025-10-02T00:00": "ok",
        "2025-10-02T02:00": "empty",
        "2025-10-02T04:00": "missed",
    }


def test_what_a_script_without_a_period_missed_cannot_be_pulled_again() -> None:
    """Until the next day has ended it is a gap like others; what landed, runs or is off stays."""
    old = registry([job("erp_store", platform="erp", dated=False)], SHOPS)
    failed = row("erp_store", "erp-1", DAY, "failed")
    midnight = at("2025-10-04T00:00")
    assert _state(midnight - timedelta(seconds=1), None, old) == State.MISSED
    assert _state(midnight - timedelta(seconds=1), failed, old) == State.FAILED
    assert _state(midnight, None, old) == State.UNREPAIRABLE
    assert _state(midnight, failed, old) == State.UNREPAIRABLE
    silent = row("erp_store", "erp-1", DAY, "running", heartbeat_at=DUE)
    assert _state(midnight, silent, old) == State.UNREPAIRABLE
    for landed in ("ok", "empty"):
        assert _state(midnight, row("erp_store", "erp-1", DAY, landed), old) == landed
    off = registry([job("erp_store", platform="erp", dated=False, enabled=False)], SHOPS)
    assert _state(midnight, None, off) == State.DISABLED
