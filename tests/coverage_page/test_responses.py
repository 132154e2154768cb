"""What the page is told: few letters, and every unit in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.coverage import Coverage, State
from include.coverage.judged_unit import Clock
from include.coverage.model import cells_of
from include.coverage.runs import Run, UnderWay
from include.coverage.unit_index import UnitIndex
from include.coverage_page import responses
from include.coverage_page.dates import column_of, since
from include.registry import Problem
from tests.coverage.registries import at, job, registry, row, shop

if TYPE_CHECKING:
    from include.registry import Registry

NOW = at("2025-10-10 12:00")
ERP = job("erp", platform="erp")
LONE = job("lone", cron="0 3 * * *")
HOURLY = job("hourly", cron="0 * * * *", period="tick")
SHOPS = [shop("erp-1"), shop("erp-2"), shop("erp-3", enabled=False)]
PROJECT = registry([ERP, LONE, HOURLY], SHOPS)
YESTERDAY = ERP.schedule.parse_key("2025-10-09")
ROWS = [
    row("erp", "erp-1", YESTERDAY, "ok"),
    row("erp", "erp-2", YESTERDAY, "failed", error="<b>503</b>"),
    row("lone", "-", LONE.schedule.parse_key("2025-10-09"), "empty"),
    row("hourly", "-", HOURLY.schedule.parse_key("2025-10-09T05:00"), "ok"),
]


def coverage(project: Registry = PROJECT, jobs: list[str] | None = None) -> Coverage:
    """Judge the rows at noon."""
    cells = cells_of(project, UnitIndex(ROWS), Clock(NOW), since(NOW, 1), None, jobs=jobs)
    return Coverage(NOW, [*cells], project.problems)


def told_of(name: str, visible: set[str] | None = None) -> dict[str, object]:
    """Return what the matrix says of a job."""
    found = responses.matrix(coverage(), PROJECT, visible or PROJECT.jobs.keys(), {"erp"})
    jobs = [one for group in found["groups"] for one in group["jobs"]]
    return next((one for one in jobs if one["id"] == name), {})


def test_a_cell_counts_its_units_by_state() -> None:
    """One shop landed, one failed, one is switched off."""
    [*_, cell, today] = told_of("erp")["cells"]  # type: ignore[misc]
    assert today is None, "only the ticks have begun it"
    assert cell == [{"o": 1, "f": 1, "d": 1}, 10]


def test_ticks_of_a_day_share_a_cell() -> None:
    """One of 24 has landed, and the others are missed."""
    group = responses.matrix(coverage(), PROJECT, PROJECT.jobs.keys(), ())["groups"][0]
    [hourly] = [one for one in group["jobs"] if one["id"] == "hourly"]
    counts, _ = hourly["cells"][group["axis"].index("2025-10-09")]
    assert counts == {"o": 1, "m": 23}


def test_a_job_that_one_may_not_see_is_not_told() -> None:
    """Neither in the matrix nor in the totals."""
    found = responses.matrix(coverage(), PROJECT, {"lone"}, ())
    assert [one["id"] for group in found["groups"] for one in group["jobs"]] == ["lone"]
    totals = found["totals"]
    assert (totals["landed"], totals["missing"], totals["platforms"]) == (1, 0, [])


def test_buttons_are_for_jobs_that_one_may_run() -> None:
    """The others are told to be looked at only."""
    assert told_of("erp")["runnable"] is True
    assert told_of("lone")["runnable"] is False


NOTHING_LATER = {"to_come": 0, "last_due": None}


def test_today_is_told_by_platform() -> None:
    """Units that landed and that are missing."""
    totals = responses.matrix(coverage(), PROJECT, {"erp"}, ())["totals"]
    counted = {"landed": 1, "missing": 1, "running": 0, **NOTHING_LATER}
    assert totals["platforms"] == [{"platform": "erp", **counted}]


def test_what_is_due_later_today_is_neither_missing_nor_running() -> None:
    """It is counted by itself, with the time by which the last of it is due."""
    late = job("late", cron="0 18 * * *", platform="erp")
    project = registry([ERP, late], SHOPS)
    early = row("late", "erp-1", YESTERDAY, "provisional")
    cells = [*cells_of(project, UnitIndex([*ROWS, early]), Clock(NOW), since(NOW, 1), None)]
    totals = responses.matrix(Coverage(NOW, cells), project, {"erp", "late"}, ())["totals"]
    counted = {"landed": 1, "missing": 1, "running": 0, "to_come": 2, "last_due": "18:00"}
    assert totals == {"known": True, "platforms": [{"platform": "erp", **counted}], **counted}


def test_what_a_run_sees_to_is_told_apart() -> None:
    """It is no gap on any button, and today's total has it on the way."""
    key = YESTERDAY.key
    told = {"dag_run_id": "a", "partition_key": key, "run_after": "2025-10-10T00:00:00Z"}
    said = {"state": "queued", "conf": {"shops": ["erp-2"]}}
    runs = UnderWay([Run.of(ERP, told | said)])
    found = responses.matrix(coverage(), PROJECT, {"erp"}, (), runs)
    [group] = found["groups"]
    counts, _ = group["jobs"][0]["cells"][group["axis"].index(key)]
    assert counts == {"o": 1, "w": 1, "d": 1}
    assert found["totals"]["platforms"] == [
        {"platform": "erp", "landed": 1, "missing": 0, "running": 1, **NOTHING_LATER}
    ]
    assert (found["totals"]["missing"], found["totals"]["running"]) == (0, 1)
    of_erp = coverage(jobs=["erp"])
    shops = responses.shops(of_erp, PROJECT, ERP, [key], runs)["shops"]
    assert {one["id"]: one["states"] for one in shops} == {"erp-1": "o", "erp-2": "w", "erp-3": "d"}
    units = [unit for unit in of_erp.units() if unit.period == YESTERDAY]
    [first, *_] = responses.units(units, PROJECT, runs)["units"]
    assert (first["code"], first["error"]) == ("w", "<b>503</b>"), "what it failed with is said"


def test_where_something_is_broken_today_is_not_all() -> None:
    """Also a platform of which no shop is known is told of."""
    problem = Problem("config/shops.yaml", 1, 1, None, "is empty")
    totals = responses.matrix(coverage(), PROJECT, PROJECT.jobs.keys(), ())["totals"]
    assert totals["known"] is True
    broken = replace(PROJECT, problems=[problem], shops={})
    totals = responses.matrix(coverage(broken), broken, PROJECT.jobs.keys(), ())["totals"]
    assert totals["known"] is False
    counted = {"landed": 0, "missing": 0, "running": 0, **NOTHING_LATER}
    assert totals["platforms"] == [{"platform": "erp", **counted}]


def test_a_platform_that_is_switched_off_is_not_told_of() -> None:
    """Nothing of it was to land, and it would look as if everything had."""
    off = registry([ERP], [shop("erp-1", enabled=False)])
    book = [*cells_of(off, UnitIndex(), Clock(NOW), since(NOW, 1), None)]
    totals = responses.matrix(Coverage(NOW, book), off, {"erp"}, ())["totals"]
    assert totals["platforms"] == []


def test_a_shop_is_a_letter_for_each_period() -> None:
    """In the order of the axis; a shop that is switched off, too."""
    found = coverage(jobs=["erp"])
    axis = sorted({column_of(ERP, cell.period) for cell in found.cells})
    told = responses.shops(found, PROJECT, ERP, axis)
    assert {one["id"]: one["states"][-2:] for one in told["shops"]} == {
        "erp-1": "mo",
        "erp-2": "mf",
        "erp-3": "dd",
    }
    assert {len(one["states"]) for one in told["shops"]} == {len(axis)}


def test_the_worst_unit_is_told_first_with_its_error() -> None:
    """As text, whatever it looks like."""
    units = [unit for unit in coverage(jobs=["erp"]).units() if unit.period.key == "2025-10-09"]
    told = responses.units(units, PROJECT)
    assert [one["code"] for one in told["units"]] == ["f", "o", "d"]
    assert told["units"][0]["error"] == "<b>503</b>"
    assert told["units"][1]["finished_at"].endswith("+00:00")


@pytest.mark.parametrize("state", State)
def test_each_state_has_a_letter_and_a_rank(state: State) -> None:
    """A state that is added cannot be forgotten here."""
    assert len(responses.CODES[state]) == 1
    assert responses.worst({state}) is state


def test_three_times_as_far_is_three_times_as_far() -> None:
    """The reach of 90 days, 36 weeks and 36 months."""
    assert NOW - since(NOW, 3)["day"] == timedelta(days=90)
    assert NOW - since(NOW, 3)["week"] == timedelta(weeks=36)


def test_what_has_changed_since_it_landed_is_told() -> None:
    """How many rows there were, how many differ, and since when."""
    drift = {"rows_before": 5, "rows_changed": 4, "restated_at": NOW}
    book = UnitIndex([row("erp", "erp-1", YESTERDAY, "ok", rows=8, **drift)])
    cells = cells_of(PROJECT, book, Clock(NOW), since(NOW, 1), None, jobs=["erp"])
    units = [unit for cell in cells for unit in cell.units if unit.shop_id == "erp-1"]
    told = {one["key"]: one["restated"] for one in responses.units(units, PROJECT)["units"]}
    at = NOW.astimezone(timezone.utc).isoformat(timespec="seconds")
    assert told.pop(YESTERDAY.key) == {"drift": "5 -> 8 rows (+3), 4 changed", "at": at}
    assert not any(told.values())


def test_what_a_pull_found_worth_knowing_is_told_of_what_landed() -> None:
    """With the unit; of one that failed since, it says nothing any more."""
    notice = "2 orders without freight"
    for state, told in (("ok", notice), ("failed", None)):
        book = UnitIndex([row("erp", "erp-1", YESTERDAY, state, notice=notice)])
        cells = cells_of(PROJECT, book, Clock(NOW), since(NOW, 1), None, jobs=["erp"])
        found = [unit for cell in cells for unit in cell.units if unit.shop_id == "erp-1"]
        [unit] = [one for one in found if one.period == YESTERDAY]
        assert responses.units([unit], PROJECT)["units"][0]["notice"] == told
