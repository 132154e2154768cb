"""What is said of the rows of a table, on a real warehouse."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from include.errors import ConfigurationError
from include.units.unit import NO_SHOP, Unit
from tests.row_checks.checked_run import COLUMNS, KEY, SHOPS, CheckedRun


@pytest.mark.every_warehouse
def test_a_shops_column_is_checked_within_the_period(run: CheckedRun) -> None:
    """To the day's last moment and no further; the shop is named, with figure and bound."""
    run.land(9)
    run.order("erp-1", 1, paid_amount=Decimal("-0.5"))
    run.order("erp-2", 2, pay_time=None)
    run.order("erp-2", 3, pay_time=None)
    run.order("erp-3", 4, pay_time=None)
    for hour, day in ((23, 1), (0, 3)):
        at = datetime(2025, 10, day, hour, 0)
        run.order("erp-3", 10 + day, at=at, paid_amount=Decimal(-1))
    told = run.judge(COLUMNS)
    assert "own erp-1 2025-10-02: paid_amount min is -0.5, at least 0 expected" in told
    assert "own erp-2 2025-10-02: pay_time null_check is 2, at most 1 expected" in told
    assert run.states() == {"erp-1": "failed", "erp-2": "failed", "erp-3": "ok"}


def test_rows_that_the_ledger_counts_must_be_there(run: CheckedRun) -> None:
    """None of a shop's period is a loss, unless none was counted; those of others do not help."""
    run.land(500)
    run.land(0, "erp-3")
    run.order("erp-1", 1)
    run.order("erp-2", 2, at=datetime(2025, 10, 3))
    told = run.judge({"min_rows": 0, **COLUMNS})
    assert told.count("0 rows in") == 1
    assert (
        "own erp-2 2025-10-02: 0 rows in erp_orders by modified_time, the ledger counts 500: "
        "the rows were deleted, or updated since and now belong to a later period, or " in told
    )
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "empty"}
    assert run.ledger.open_units([run.unit(shop) for shop in SHOPS]) == [run.unit("erp-2")]


def test_rows_of_a_tick_that_are_not_there(run: CheckedRun) -> None:
    """Those of the rest of its day are not its own."""
    tick = {"cron": "0 6,18 * * *", "period": "tick"}
    run.registry({"min_rows": 1}, **tick)
    run.land(9, "erp-1", key="2025-10-02T06:00")
    run.order("erp-1", 1, at=datetime(2025, 10, 2, 18))
    told = run.judge(COLUMNS, "2025-10-02T06:00", shops=["erp-1"], **tick)
    assert "0 rows in erp_orders by modified_time, the ledger counts 9" in told


@pytest.mark.parametrize("day", ["order_day", "modified_time"])
def test_the_day_may_be_a_date_or_a_time(run: CheckedRun, day: str) -> None:
    """Of a week, its first and its last day belong to it."""
    week = {"cron": "0 12 * * 6", "period": "week"}
    run.registry({"min_rows": 1}, **week)
    run.land(9, "erp-1", key="2025-09-27")
    for number, (month, date) in enumerate([(9, 26), (9, 27), (10, 3), (10, 4)]):
        amount = {"paid_amount": Decimal(-number)}
        run.order("erp-1", number, at=datetime(2025, month, date, 12), **amount)
    told = run.judge({**COLUMNS, "day": day}, "2025-09-27", shops=["erp-1"], **week)
    assert "own erp-1 2025-09-27: paid_amount min is -2, at least 0 expected" in told


@pytest.mark.every_warehouse
def test_a_view_can_be_checked(run: CheckedRun) -> None:
    """By the views' business day."""
    run.land(9)
    run.order("erp-1", 1, paid_amount=Decimal(-7))
    columns = {"paid_amount": {"min": {"geq_to": 0}}}
    told = run.judge({"table": "erp_store_daily", "day": "business_day", "columns": columns})
    assert told.count("own erp-1 2025-10-02: paid_amount min is -7") == 1


def test_a_tick_is_checked_from_its_first_to_its_last_instant(run: CheckedRun) -> None:
    """On the wall clock, the end not included."""
    tick = {"cron": "0 6,18 * * *", "period": "tick"}
    run.registry({"min_rows": 1}, **tick)
    run.land(9, "erp-1", key="2025-10-02T06:00")
    for hour, amount in ((5, -1), (6, -2), (17, -3), (18, -4)):
        run.order("erp-1", hour, at=datetime(2025, 10, 2, hour), paid_amount=Decimal(amount))
    assert "paid_amount min is -3," in run.judge(
        COLUMNS, "2025-10-02T06:00", shops=["erp-1"], **tick
    )


def test_a_table_without_shops_is_checked_as_a_whole(run: CheckedRun) -> None:
    """Which shop it was cannot be told, so none of the period counts as landed."""
    with run.engine.begin() as connection:
        connection.execute(text("CREATE TABLE totals (day DATE, amount INTEGER)"))
        connection.execute(text("INSERT INTO totals VALUES ('2025-10-02', -1)"))
    run.land(9)
    checks = {"table": "totals", "day": "day", "columns": {"amount": {"min": {"geq_to": 0}}}}
    assert run.judge(checks).count("amount min is -1, at least 0 expected") == 3
    assert set(run.states().values()) == {"failed"}
    run.land(0)
    run.land(7, "erp-2")
    with run.engine.begin() as connection:
        connection.execute(text("DELETE FROM totals"))
    assert run.judge(checks).count("0 rows in totals by day, the ledger counts 7: ") == 3


def test_a_job_without_shops_has_one_unit_to_check(run: CheckedRun) -> None:
    """Its rows are all of the table's period."""
    run.registry({"min_rows": 1}, platform=None)
    run.land(9, NO_SHOP)
    run.order("erp-1", 1, paid_amount=Decimal(-1))
    assert "own 2025-10-02: paid_amount min is -1" in run.judge(COLUMNS, platform=None)
    assert run.states() == {NO_SHOP: "failed"}


def _end_uncounted(run: CheckedRun, *units: Unit, code: int = 0) -> None:
    """Do what an own script leads to that does not keep the ledger: its exit code is all."""
    run.ledger.expect(units)
    run.ledger.begin(units)
    run.ledger.settle(units, code)


def test_rows_that_nobody_counted_cannot_be_compared(run: CheckedRun) -> None:
    """A script that does not keep the ledger: the task says how to repair it, the data stays."""
    run.registry({"min_rows": 1})
    _end_uncounted(run, *(run.unit(shop) for shop in SHOPS))
    told = run.judge({"min_rows": 1, "max_drop": "60%"})
    assert told.count("its script reports no rows, so min_rows and max_drop can tell nothing") == 3
    assert "or add 'table' and 'day', whose rows then count for min_rows" in told
    assert set(run.states().values()) == {"ok"}
    for shop in SHOPS:
        run.order(shop, 1)
    assert run.judge(COLUMNS) == ""
    told = run.judge({"min_rows": 1, "max_drop": "60%", **COLUMNS})
    assert told.count("so max_drop can tell nothing") == 3


TOTALS = {
    "table": "totals",
    "day": "day",
    "columns": {"amount": {"min": {"geq_to": 0}, "null_check": {"equal_to": 0}}},
}


@pytest.fixture
def totals(run: CheckedRun) -> CheckedRun:
    """Return the run with a job without shops, and its empty table."""
    with run.engine.begin() as connection:
        connection.execute(text("CREATE TABLE totals (day DATE, amount INTEGER)"))
    run.registry({"min_rows": 1}, platform=None)
    return run


def test_an_own_script_that_loads_nothing_is_not_green(totals: CheckedRun) -> None:
    """It ended well and there is no row to look at: its unit fails and is open again."""
    _end_uncounted(totals, totals.unit(NO_SHOP))
    told = totals.judge(TOTALS, platform=None)
    assert "own 2025-10-02: 0 rows in totals by day: its script reports no rows" in told
    assert "let the script end with exit code 99, or write 'min_rows: 0' in checks" in told
    assert totals.states() == {NO_SHOP: "failed"}


def test_an_own_script_may_say_that_there_is_nothing(totals: CheckedRun) -> None:
    """By exit code 99 for a day, or by the entry for every day; the second is no wish for rows."""
    unit = totals.unit(NO_SHOP)
    _end_uncounted(totals, unit, code=99)
    assert totals.judge(TOTALS, platform=None) == ""
    _end_uncounted(totals, unit)
    assert totals.judge({"min_rows": 0, **TOTALS}, platform=None) == ""
    assert "0 rows in totals by day: its" in totals.judge(TOTALS, platform=None)


def test_min_rows_counts_in_the_table_what_the_ledger_does_not(totals: CheckedRun) -> None:
    """The period's rows and no others; no column is needed for it."""
    unit = totals.unit(NO_SHOP)
    checks = {"min_rows": 2, "table": "totals", "day": "day"}
    add = text("INSERT INTO totals VALUES (:day, 1)")
    with totals.engine.begin() as connection:
        connection.execute(add, [{"day": f"2025-10-0{day}"} for day in (1, 2, 3)])
    _end_uncounted(totals, unit)
    told = totals.judge(checks, platform=None)
    assert "own 2025-10-02: 1 rows in totals by day, at least 2 expected" in told
    assert totals.states() == {NO_SHOP: "failed"}
    with totals.engine.begin() as connection:
        connection.execute(add, {"day": KEY})
    _end_uncounted(totals, unit)
    assert totals.judge(checks, platform=None) == ""
    assert totals.judge({**checks, **TOTALS}, platform=None) == ""


def test_min_rows_counts_the_table_for_each_shop(run: CheckedRun) -> None:
    """Where it has a column for the shop; the rows of one do not stand for another's."""
    run.registry({"min_rows": 1})
    _end_uncounted(run, run.unit("erp-1"), run.unit("erp-2"))
    run.land(5, "erp-3")
    for number in range(3):
        run.order("erp-1", number)
    run.order("erp-2", 1)
    run.order("erp-3", 1)
    told = run.judge({"min_rows": 2, "table": "erp_orders", "day": "modified_time"})
    assert told.count("at least 2 expected") == 1
    assert "own erp-2 2025-10-02: 1 rows in erp_orders by modified_time, at least 2" in told
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ({"table": "erp_order"}, "checks.table 'erp_order' is no table or view of the warehouse"),
        ({"day": "modified"}, "checks name column 'modified', and 'erp_orders' has only shop_id,"),
        ({"columns": {"paid": {"min": {"geq_to": 0}}}}, "checks name column 'paid'"),
        ({"columns": {"status": {"min": {"geq_to": 0}}}}, "a column of 'erp_orders' that holds no"),
    ],
)
def test_checks_that_name_what_is_not_there(
    run: CheckedRun, checks: dict[str, Any], told: str
) -> None:
    """It is said what to correct; nothing is rejected for it."""
    run.land(9)
    run.order("erp-1", 1)
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        run.judge({**COLUMNS, **checks})
    assert set(run.states().values()) == {"ok"}


def test_names_that_a_database_would_fold_or_reserve(run: CheckedRun) -> None:
    """They are found as the table has them, however the entry writes them."""
    with run.engine.begin() as connection:
        name = run.engine.dialect.identifier_preparer.quote_identifier
        columns = f"{name('Day')} DATE, {name('order')} INTEGER"
        connection.execute(text(f"CREATE TABLE totals ({columns})"))
        connection.execute(text("INSERT INTO totals VALUES ('2025-10-02', -1)"))
    run.land(9)
    columns = {"ORDER": {"min": {"geq_to": 0}}}
    told = run.judge({"table": "totals", "day": "day", "columns": columns})
    assert told.count("ORDER min is -1, at least 0 expected") == 3
