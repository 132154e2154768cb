"""Reading coverage from a real warehouse."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from include.coverage import State, read_coverage, units_of
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from include.warehouse.tables import ledger as table
from tests.coverage.registries import at, job, registry, row, shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

pytestmark = pytest.mark.every_warehouse

JOBS = [
    job("erp_store", "30 8 * * *", platform="erp"),
    job("prices", "0 */6 * * *", "tick"),
    job("erp_weekly", "0 12 * * 6", "week", platform="erp"),
    job("generate_daily", "5 0 * * *"),
]
SHOPS = [shop(f"erp-{number}") for number in range(1, 161)]  # more than MySQL's lists hold
REGISTRY = registry(JOBS, SHOPS)
SINCE, NOW = at("2025-10-01T00:00"), at("2025-10-05T08:00")
STATES = ("ok", "empty", "failed", "pending", "running", "nothing")


@cache
def _rows() -> list[dict[str, Any]]:
    units = units_of(REGISTRY, [], NOW, at("2025-09-20T00:00"))
    rows = []
    for number, unit in enumerate(units):
        # Most have landed, as it is.
        state = STATES[number % 7] if number % 5 == 0 and number % 7 < 6 else "ok"
        if state != "nothing":
            rows.append(row(unit.job_id, unit.shop_id, unit.period, state))
    return [vars(one) for one in rows]


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """Return a warehouse with rows of every state."""
    engine = connect(warehouse_url)
    with engine.begin() as connection:
        connection.execute(insert(table), _rows())
    yield engine
    engine.dispose()


def test_what_is_read_in_brief_and_in_full_is_the_same(engine: Engine) -> None:
    """Every unit that has not landed, and as many of each state in each cell."""
    brief = read_coverage(engine, REGISTRY, SINCE, now=NOW)
    full = read_coverage(engine, REGISTRY, SINCE, now=NOW, in_full=True)
    assert [cell.counts for cell in brief.cells] == [cell.counts for cell in full.cells]
    assert [cell.rows for cell in brief.cells] == [cell.rows for cell in full.cells]
    assert [*brief.units()] == [unit for unit in full.units() if not unit.landed]
    assert brief.gaps() == full.gaps() == [unit for unit in full.units() if unit.is_gap]
    assert {unit.state for unit in full.units()} == set(State) - {
        *(State.DISABLED, State.PROVISIONAL, State.UNREPAIRABLE, State.WAIVED),
        State.MISCOUNTED,
    }
    days = 4 * 161 + 160 + 17
    assert len([*full.units()]) == brief.totals().expected == days


def test_coverage_is_asked_for_less(engine: Engine) -> None:
    """Gaps by job, shop, platform and day; totals by day; only some jobs' rows are read."""
    coverage = read_coverage(engine, REGISTRY, SINCE, now=NOW)
    gaps = coverage.gaps()
    mine = coverage.gaps(job="erp_store", shop="erp-6")
    assert mine == [unit for unit in gaps if (unit.job_id, unit.shop_id) == ("erp_store", "erp-6")]
    late = coverage.gaps(platform="erp", since=date(2025, 10, 3))
    assert {unit.period.key for unit in late} == {"2025-09-27", "2025-10-03"}
    assert {unit.job_id for unit in late} == {"erp_store", "erp_weekly"}
    totals = coverage.totals(date(2025, 10, 4), platform="erp")
    assert totals.expected == totals.landed + totals.missing == 2 * 160
    one = read_coverage(engine, REGISTRY, SINCE, now=NOW, jobs=["prices"])
    assert [*one.units()] == [unit for unit in coverage.units() if unit.job_id == "prices"]


def test_each_kind_of_period_may_begin_elsewhere(engine: Engine) -> None:
    """Some days, more weeks."""
    since = {"day": at("2025-10-04T00:00"), "tick": at("2025-10-05T00:00"), "week": SINCE}
    coverage = read_coverage(engine, REGISTRY, since, now=NOW)
    assert [(cell.job.id, cell.period.key) for cell in coverage.cells] == [
        ("erp_store", "2025-10-04"),
        ("prices", "2025-10-05T00:00"),
        ("erp_weekly", "2025-09-27"),
        ("generate_daily", "2025-10-04"),
    ]


def test_the_warehouses_own_clock_counts(warehouse_url: str) -> None:
    """What runs is alive for as long as its signs of life are fresh by the clock they are of."""
    engine = connect(warehouse_url)
    daily = job("erp_store")
    coverage = read_coverage(engine, registry([daily]), at("2020-01-01T00:00"))
    period = coverage.cells[-1].period
    ledger = Ledger(engine, "run-1")
    ledger.expect([Unit("erp_store", "-", period)])
    ledger.begin([Unit("erp_store", "-", period)])
    only_it = engine, registry([daily]), period.start, period.end  # whatever has ended since
    (unit,) = read_coverage(*only_it).units()
    assert (unit.state, unit.run_id) == (State.RUNNING, "run-1")
    later = coverage.made_at + timedelta(minutes=5)
    (unit,) = read_coverage(*only_it, now=later).units()
    assert unit.state == State.LOST
    engine.dispose()


def test_ticks_under_another_cron_are_found_in_brief(engine: Engine) -> None:
    """Also where the first one began before the moment that is asked for."""
    twelve = registry([job("prices", "0 */12 * * *", "tick")])
    since = at("2025-10-02T07:00")
    brief = read_coverage(engine, twelve, since, now=NOW)
    full = read_coverage(engine, twelve, since, now=NOW, in_full=True)
    assert brief.cells[0].period.key == "2025-10-02T00:00"
    assert [str(unit.state) for unit in brief.units()] == [str(unit.state) for unit in full.units()]
    assert State.OK in {unit.state for unit in brief.units()}


def test_a_job_that_cannot_be_judged_costs_no_other(engine: Engine) -> None:
    """It becomes a problem that names its entry; all others are judged as ever."""
    endless = job("endless").model_copy(update={"start": date.max})
    found = read_coverage(engine, registry([endless, *JOBS], SHOPS), SINCE, now=NOW)
    assert found.cells == read_coverage(engine, REGISTRY, SINCE, now=NOW).cells
    (problem,) = found.problems
    assert problem.job_id == "endless"
    assert "OverflowError" in problem.message
