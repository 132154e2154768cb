"""The task that looks at what a run landed, on a real warehouse."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from sqlalchemy import Engine, insert, text

from include.ledger import NO_SHOP, Claim, Ledger, LedgerRow, Unit
from include.periods import Schedule
from include.registry import load_registry
from include.scheduling import factory
from include.warehouse import connect
from include.warehouse.tables import erp_orders
from tests.warehouses import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.registry import Registry

KEY = "2025-10-02"
NOW = datetime(2025, 10, 10, tzinfo=timezone.utc)
SHOPS = ("erp-1", "erp-2", "erp-3")
COLUMNS = {
    "table": "erp_orders",
    "day": "modified_time",
    "columns": {"paid_amount": {"min": {"geq_to": 0}}, "pay_time": {"null_check": {"leq_to": 1}}},
}


class Run:
    """A run of a job with the checks of a test, on a warehouse of its own."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self.engine = engine
        self.ledger = Ledger(engine)
        self.script_state = "success"
        self.schedule = Schedule("0 6 * * *", "day")
        (root / "config/tasks").mkdir(parents=True)
        (root / "include/scripts").mkdir(parents=True)
        (root / "include/scripts/own.py").touch()
        self.write_shops(*SHOPS)

    def write_shops(self, *shops: str, **more: Any) -> None:
        """Say which shops there are."""
        fields = {"platform": "erp", "connection": "e"}
        listed = [
            {"id": shop, "name": shop, "platform_id": number, **fields}
            for number, shop in enumerate(shops, start=1)
        ]
        path = self.root / "config/shops.yaml"
        path.write_text(json.dumps({"shops": [shop | more for shop in listed]}), "utf-8")

    def registry(self, checks: dict[str, Any], **keys: Any) -> Registry:
        """Give a registry with the one job."""
        entry = {"id": "own", "name": "x", "cron": "0 6 * * *", "script": "own.py"}
        entry |= {"platform": "erp", "checks": checks, **keys}
        path = self.root / "config/tasks/own.yaml"
        path.write_text(json.dumps({"tasks": [{k: v for k, v in entry.items() if v}]}), "utf-8")
        registry = load_registry(self.root)
        assert not registry.problems, registry.problems
        self.schedule = registry.jobs["own"].schedule
        return registry

    def check(self, checks: dict[str, Any], conf: dict[str, Any] | None = None, **k: Any) -> str:
        """Run the task `check` of the job's DAG; gives how it ended: nothing is good."""
        (dag,) = factory.build(self.registry(checks, **k))
        assert not isinstance(dag, factory.Unbuildable)
        try:
            dag.get_task("check").execute(_context(conf or {}, self.script_state))
        except AirflowFailException as error:
            return str(error)
        return ""

    def unit(self, shop: str, key: str = KEY) -> Unit:
        """Give a unit of the job."""
        return Unit("own", shop, self.schedule.parse_key(key))

    def land(self, rows: int, *shops: str, key: str = KEY) -> None:
        """Write down that shops have landed so many rows."""
        with self.engine.begin() as connection:
            for shop in shops or SHOPS:
                self.ledger.land(connection, self.unit(shop, key), rows)

    def order(self, shop: str, number: int, **values: Any) -> None:
        """Put an order of the day into the table."""
        moment = values.pop("at", datetime(2025, 10, 2, 23, 59, 59))
        row = {
            "shop_id": shop,
            "order_id": number,
            "status": "Sent",
            "order_time": moment,
            "order_day": moment.date(),
            "pay_time": moment,
            "pay_amount": Decimal(5),
            "paid_amount": Decimal(5),
            "freight": Decimal(0),
            "item_count": 1,
            "modified_time": moment,
            "version": 1,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(erp_orders).values(row | values))

    def states(self, key: str = KEY) -> dict[str, str]:
        """Give the ledger's states by shop."""
        return {row.shop_id: row.state for row in self.ledger.rows("own", key)}

    def row(self, shop: str, key: str = KEY) -> LedgerRow:
        """Give a row of the ledger."""
        return next(row for row in self.ledger.rows("own", key) if row.shop_id == shop)

    def journal(self) -> str:
        """Give what the journal says, without the moments."""
        text = (self.root / "var/logs/scheduler.log").read_text("utf-8")
        return re.sub(r"^\d{4}-\d\d-\d\d \S+ ", "", text, flags=re.MULTILINE)


def _context(conf: dict[str, Any], script_state: str, run_id: str = "manual") -> Any:
    run = SimpleNamespace(partition_key=None, conf=conf, run_after=NOW, run_id=run_id)
    run.run_type = "manual"
    if not conf.keys() & {"period", "from"}:
        run.partition_key = KEY
    states = {run_id: {"run": script_state}}
    ti = SimpleNamespace(try_number=1, get_task_states=lambda **_: states)
    return {"dag_run": run, "ti": ti}


@pytest.fixture
def run(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Give it; the connection `warehouse` leads to its warehouse."""
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path / "project/var"))
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(fields_of(warehouse_url)))
    engine = connect(warehouse_url)
    yield Run(tmp_path / "project", engine)
    engine.dispose()


@pytest.mark.every_warehouse
def test_what_passes_stays(run: Run) -> None:
    """Every check is passed: the task succeeds and the ledger is as it was."""
    run.land(5)
    for shop in SHOPS:
        run.order(shop, 1)
    before = run.ledger.rows("own", KEY)
    assert run.check({"min_rows": 5, "max_drop": "60%", **COLUMNS}) == ""
    assert run.ledger.rows("own", KEY) == before
    assert not (run.root / "var").exists()


def test_a_shop_that_landed_too_little_is_pulled_again(run: Run) -> None:
    """It alone is failed in the ledger, with figure and bound, and is open for the next run."""
    run.land(100)
    run.land(12, "erp-2")
    told = run.check({"min_rows": 100})
    assert "own erp-2 2025-10-02: 12 rows, at least 100 expected\n" in told
    assert "change 'checks' in config/tasks/own.yaml:1" in told
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}
    row = run.row("erp-2")
    assert (row.exit_code, row.rows) == (1, 12)
    assert row.error == "12 rows, at least 100 expected"
    assert run.ledger.open_units([run.unit(shop) for shop in SHOPS]) == [run.unit("erp-2")]


def test_what_was_tried_once_more_is_checked_too(run: Run) -> None:
    """It is rejected and told; the run, whose own shops landed, is as green as it was."""
    run.land(100)
    unit = run.unit("erp-2", "2025-10-01")
    book = Ledger(run.engine, "manual")
    book.expect([unit])
    book.begin([unit], Claim(None, timedelta(), retry=True))
    with run.engine.begin() as connection:
        book.land(connection, unit, 3)
    assert run.check({"min_rows": 10}) == ""
    assert run.states("2025-10-01") == {"erp-2": "failed"}
    assert set(run.states().values()) == {"ok"}
    assert "own erp-2 2025-10-01: 3 rows, at least 10 expected" in run.journal()


SCRIPT = """
import os
from include.ledger import Ledger, Unit
from include.periods import Schedule
from include.warehouse import connect

ledger = Ledger(connect(os.environ["WAREHOUSE_URL"]), os.environ["RUN_ID"])
period = Schedule("0 6 * * *", "day").parse_key(os.environ["PERIOD_KEY"])
for shop in os.environ["SHOPS"].split(","):
    with ledger.engine.begin() as connection:
        rows = int(os.environ.get("ROWS_OF_2", 100)) if shop == "erp-2" else 100
        ledger.land(connection, Unit("own", shop, period), rows)
"""


def test_both_tasks_of_a_dag(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that landed too little turns the run red; the next run pulls that one only."""
    monkeypatch.setenv("SCHEDULER_ROOT", str(run.root))
    monkeypatch.setenv("AIRFLOW_CONN_E", json.dumps({"conn_type": "http"}))
    (run.root / "include/scripts/own.py").write_text(SCRIPT)
    (dag,) = factory.build(run.registry({"min_rows": 10, "max_drop": "60%"}))
    assert not isinstance(dag, factory.Unbuildable)
    monkeypatch.setenv("ROWS_OF_2", "3")
    dag.get_task("run").execute(_context({}, "running", "first"))
    with pytest.raises(AirflowFailException, match="own erp-2 2025-10-02: 3 rows, at least 10"):
        dag.get_task("check").execute(_context({}, "success", "first"))
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}
    # The journal does not end with what the script's task said of itself.
    _, landed, told = run.journal().rpartition("own 2025-10-02 landed 203 rows in ")
    assert landed
    assert told.partition("\n")[2] == (
        "own 2025-10-02 failed its checks:\n"
        "    own erp-2 2025-10-02: 3 rows, at least 10 expected\n"
    )
    monkeypatch.delenv("ROWS_OF_2")
    dag.get_task("run").execute(_context({}, "running", "second"))
    dag.get_task("check").execute(_context({}, "success", "second"))
    assert set(run.states().values()) == {"ok"}
    pulled = {row.shop_id: (row.run_id, row.attempts) for row in run.ledger.rows("own", KEY)}
    assert pulled == {"erp-1": ("first", 1), "erp-2": ("second", 2), "erp-3": ("first", 1)}


def test_an_empty_shop_is_not_green(run: Run) -> None:
    """Also when its script said by its exit code that there was nothing, and counted no rows."""
    run.land(0, "erp-1")
    run.ledger.expect([run.unit("erp-2")])
    run.ledger.begin([run.unit("erp-2")])
    run.ledger.settle([run.unit("erp-2")], 99)
    run.land(1, "erp-3")
    told = run.check({"min_rows": 1})
    assert told.count("0 rows, at least 1 expected") == 2
    assert run.states() == {"erp-1": "failed", "erp-2": "failed", "erp-3": "ok"}
    assert run.check({"max_drop": "60%"}).count("has not landed: failed, 0 rows, at least 1") == 2


def test_a_drop_is_against_the_four_periods_before(run: Run) -> None:
    """Each shop against its own median; one without four periods before is not compared."""
    for day in (27, 28, 29, 30):
        run.land(400, "erp-1", "erp-2", key=f"2025-09-{day}")
    run.land(40, "erp-3", key="2025-09-30")
    run.land(160, "erp-1")
    run.land(40, "erp-2")
    run.land(1, "erp-3")
    told = run.check({"max_drop": "60%"})
    assert (
        "own erp-2 2025-10-02: 40 rows, the median of the last four is 400: a drop of 90 %" in told
    )
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}


def test_what_is_rejected_is_no_measure_for_the_next_period(run: Run) -> None:
    """A run over several days does not get used to what is wrong."""
    for day in range(21, 25):
        run.land(400, "erp-1", key=f"2025-09-{day}")
    for day in range(25, 31):
        run.land(4, "erp-1", key=f"2025-09-{day}")
    conf = {"from": "2025-09-25", "to": "2025-09-30", "shops": ["erp-1"]}
    assert run.check({"max_drop": "60%"}, conf).count("a drop of 99 %") == 6
    journal = run.journal()
    for day in range(25, 31):  # each period has a line of its own, with its own reasons
        assert (
            f"own 2025-09-{day} failed its checks:\n    own erp-1 2025-09-{day}: 4 rows" in journal
        )


@pytest.mark.every_warehouse
def test_a_shops_column_is_checked_within_the_period(run: Run) -> None:
    """To the day's last moment and no further; the shop is named, with figure and bound."""
    run.land(9)
    run.order("erp-1", 1, paid_amount=Decimal("-0.5"))
    run.order("erp-2", 2, pay_time=None)
    run.order("erp-2", 3, pay_time=None)
    run.order("erp-3", 4, pay_time=None)
    for hour, day in ((23, 1), (0, 3)):
        at = datetime(2025, 10, day, hour, 0)
        run.order("erp-3", 10 + day, at=at, paid_amount=Decimal(-1))
    told = run.check(COLUMNS)
    assert "own erp-1 2025-10-02: paid_amount min is -0.5, at least 0 expected" in told
    assert "own erp-2 2025-10-02: pay_time null_check is 2, at most 1 expected" in told
    assert run.states() == {"erp-1": "failed", "erp-2": "failed", "erp-3": "ok"}


def test_rows_that_the_ledger_counts_must_be_there(run: Run) -> None:
    """None of a shop's period is a loss, unless none was counted; those of others do not help."""
    run.land(500)
    run.land(0, "erp-3")
    run.order("erp-1", 1)
    run.order("erp-2", 2, at=datetime(2025, 10, 3))
    told = run.check({"min_rows": 0, **COLUMNS})
    assert told.count("0 rows in") == 1
    assert (
        "own erp-2 2025-10-02: 0 rows in erp_orders by modified_time, the ledger counts 500: "
        "they are gone, or all have changed since and belong to a later period, or " in told
    )
    assert "to pull them again, clear the task 'run'" in told
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "empty"}
    assert run.ledger.open_units([run.unit(shop) for shop in SHOPS]) == [run.unit("erp-2")]


def test_rows_of_a_tick_that_are_not_there(run: Run) -> None:
    """Those of the rest of its day are not its own."""
    tick = {"cron": "0 6,18 * * *", "period": "tick"}
    run.registry({"min_rows": 1}, **tick)
    run.land(9, "erp-1", key="2025-10-02T06:00")
    run.order("erp-1", 1, at=datetime(2025, 10, 2, 18))
    conf = {"period": "2025-10-02T06:00", "shops": ["erp-1"]}
    told = run.check(COLUMNS, conf, **tick)
    assert "0 rows in erp_orders by modified_time, the ledger counts 9" in told


@pytest.mark.parametrize("day", ["order_day", "modified_time"])
def test_the_day_may_be_a_date_or_a_time(run: Run, day: str) -> None:
    """Of a week, its first and its last day belong to it."""
    week = {"cron": "0 12 * * 6", "period": "week"}
    run.registry({"min_rows": 1}, **week)
    run.land(9, "erp-1", key="2025-09-27")
    for number, (month, date) in enumerate([(9, 26), (9, 27), (10, 3), (10, 4)]):
        amount = {"paid_amount": Decimal(-number)}
        run.order("erp-1", number, at=datetime(2025, month, date, 12), **amount)
    conf = {"period": "2025-09-27", "shops": ["erp-1"]}
    told = run.check({**COLUMNS, "day": day}, conf, **week)
    assert "own erp-1 2025-09-27: paid_amount min is -2, at least 0 expected" in told


@pytest.mark.every_warehouse
def test_a_view_can_be_checked(run: Run) -> None:
    """By the views' business day."""
    run.land(9)
    run.order("erp-1", 1, paid_amount=Decimal(-7))
    columns = {"paid_amount": {"min": {"geq_to": 0}}}
    told = run.check({"table": "erp_store_daily", "day": "business_day", "columns": columns})
    assert told.count("own erp-1 2025-10-02: paid_amount min is -7") == 1


def test_a_tick_is_checked_from_its_first_to_its_last_instant(run: Run) -> None:
    """On the wall clock, the end not included."""
    tick = {"cron": "0 6,18 * * *", "period": "tick"}
    run.registry({"min_rows": 1}, **tick)
    run.land(9, "erp-1", key="2025-10-02T06:00")
    for hour, amount in ((5, -1), (6, -2), (17, -3), (18, -4)):
        run.order("erp-1", hour, at=datetime(2025, 10, 2, hour), paid_amount=Decimal(amount))
    conf = {"period": "2025-10-02T06:00", "shops": ["erp-1"]}
    assert "paid_amount min is -3," in run.check(COLUMNS, conf, **tick)


def test_a_table_without_shops_is_checked_as_a_whole(run: Run) -> None:
    """Which shop it was cannot be told, so none of the period counts as landed."""
    with run.engine.begin() as connection:
        connection.execute(text("CREATE TABLE totals (day DATE, amount INTEGER)"))
        connection.execute(text("INSERT INTO totals VALUES ('2025-10-02', -1)"))
    run.land(9)
    checks = {"table": "totals", "day": "day", "columns": {"amount": {"min": {"geq_to": 0}}}}
    assert run.check(checks).count("amount min is -1, at least 0 expected") == 3
    assert set(run.states().values()) == {"failed"}
    run.land(0)
    run.land(7, "erp-2")
    with run.engine.begin() as connection:
        connection.execute(text("DELETE FROM totals"))
    assert run.check(checks).count("0 rows in totals by day, the ledger counts 7: ") == 3


def test_a_job_without_shops_has_one_unit_to_check(run: Run) -> None:
    """Its rows are all of the table's period."""
    run.registry({"min_rows": 1}, platform=None)
    run.land(9, NO_SHOP)
    run.order("erp-1", 1, paid_amount=Decimal(-1))
    assert "own 2025-10-02: paid_amount min is -1" in run.check(COLUMNS, platform=None)
    assert run.states() == {NO_SHOP: "failed"}


def _end_uncounted(run: Run, *units: Unit, code: int = 0) -> None:
    """Do what an own script leads to that does not keep the ledger: its exit code is all."""
    run.ledger.expect(units)
    run.ledger.begin(units)
    run.ledger.settle(units, code)


def test_rows_that_nobody_counted_cannot_be_compared(run: Run) -> None:
    """A script that does not keep the ledger: the task says how to repair it, the data stays."""
    run.registry({"min_rows": 1})
    _end_uncounted(run, *(run.unit(shop) for shop in SHOPS))
    told = run.check({"min_rows": 1, "max_drop": "60%"})
    assert told.count("its script reports no rows, so min_rows and max_drop can tell nothing") == 3
    assert "or add 'table' and 'day', whose rows then count for min_rows" in told
    assert set(run.states().values()) == {"ok"}
    for shop in SHOPS:
        run.order(shop, 1)
    assert run.check(COLUMNS) == ""
    told = run.check({"min_rows": 1, "max_drop": "60%", **COLUMNS})
    assert told.count("so max_drop can tell nothing") == 3


TOTALS = {
    "table": "totals",
    "day": "day",
    "columns": {"amount": {"min": {"geq_to": 0}, "null_check": {"equal_to": 0}}},
}


@pytest.fixture
def totals(run: Run) -> Run:
    """Give the run with a job without shops, and its empty table."""
    with run.engine.begin() as connection:
        connection.execute(text("CREATE TABLE totals (day DATE, amount INTEGER)"))
    run.registry({"min_rows": 1}, platform=None)
    return run


def test_an_own_script_that_loads_nothing_is_not_green(totals: Run) -> None:
    """It ended well and there is no row to look at: its unit fails and is open again."""
    _end_uncounted(totals, totals.unit(NO_SHOP))
    told = totals.check(TOTALS, platform=None)
    assert "own 2025-10-02: 0 rows in totals by day: its script reports no rows" in told
    assert "let the script end with exit code 99, or write 'min_rows: 0' in checks" in told
    assert totals.states() == {NO_SHOP: "failed"}


def test_an_own_script_may_say_that_there_is_nothing(totals: Run) -> None:
    """By exit code 99 for a day, or by the entry for every day; the second is no wish for rows."""
    unit = totals.unit(NO_SHOP)
    _end_uncounted(totals, unit, code=99)
    assert totals.check(TOTALS, platform=None) == ""
    _end_uncounted(totals, unit)
    assert totals.check({"min_rows": 0, **TOTALS}, platform=None) == ""
    assert "0 rows in totals by day: its" in totals.check(TOTALS, platform=None)


def test_min_rows_counts_in_the_table_what_the_ledger_does_not(totals: Run) -> None:
    """The period's rows and no others; no column is needed for it."""
    unit = totals.unit(NO_SHOP)
    checks = {"min_rows": 2, "table": "totals", "day": "day"}
    add = text("INSERT INTO totals VALUES (:day, 1)")
    with totals.engine.begin() as connection:
        connection.execute(add, [{"day": f"2025-10-0{day}"} for day in (1, 2, 3)])
    _end_uncounted(totals, unit)
    told = totals.check(checks, platform=None)
    assert "own 2025-10-02: 1 rows in totals by day, at least 2 expected" in told
    assert totals.states() == {NO_SHOP: "failed"}
    with totals.engine.begin() as connection:
        connection.execute(add, {"day": KEY})
    _end_uncounted(totals, unit)
    assert totals.check(checks, platform=None) == ""
    assert totals.check({**checks, **TOTALS}, platform=None) == ""


def test_min_rows_counts_the_table_for_each_shop(run: Run) -> None:
    """Where it has a column for the shop; the rows of one do not stand for another's."""
    run.registry({"min_rows": 1})
    _end_uncounted(run, run.unit("erp-1"), run.unit("erp-2"))
    run.land(5, "erp-3")
    for number in range(3):
        run.order("erp-1", number)
    run.order("erp-2", 1)
    run.order("erp-3", 1)
    told = run.check({"min_rows": 2, "table": "erp_orders", "day": "modified_time"})
    assert told.count("at least 2 expected") == 1
    assert "own erp-2 2025-10-02: 1 rows in erp_orders by modified_time, at least 2" in told
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}


@pytest.mark.parametrize("script_state", ["failed", "success"])
def test_a_shop_that_has_not_landed_keeps_the_run_red(run: Run, script_state: str) -> None:
    """Whatever the script's task says; the others are checked all the same."""
    run.script_state = script_state
    run.land(9, "erp-1")
    run.land(1, "erp-2")
    run.ledger.expect([run.unit("erp-3")])
    run.ledger.begin([run.unit("erp-3")])
    run.ledger.fail(run.unit("erp-3"), 77, "token expired: renew it\nmore")
    told = run.check({"min_rows": 5})
    assert "own erp-3 2025-10-02: has not landed: failed, token expired: renew it\n" in told
    assert "own erp-2 2025-10-02: 1 rows, at least 5 expected\n" in told
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "failed"}


def test_a_unit_that_nobody_tried_has_not_landed(run: Run) -> None:
    """A run that was ended before it began leaves no row, and is not green."""
    assert run.check({"min_rows": 1}).count("has not landed: nothing was tried") == 3


def test_a_script_that_failed_is_not_made_green(run: Run) -> None:
    """All units landed, but its task failed: a shop may have been left out."""
    run.land(9)
    run.script_state = "failed"
    assert "task 'run' is failed, though all landed: see its log" in run.check({"min_rows": 1})
    run.script_state = "skipped"
    assert run.check({"min_rows": 1}) == ""


def test_only_the_shops_of_the_run_are_checked(run: Run) -> None:
    """A run that was narrowed to one says nothing of the others."""
    run.land(9, "erp-2")
    assert run.check({"min_rows": 1}, {"period": KEY, "shops": ["erp-2"]}) == ""


def test_a_run_without_an_open_shop_has_nothing_to_check(run: Run) -> None:
    """It is skipped, as the script's task was."""
    run.write_shops(*SHOPS, **{"from": "2026-01-01"})
    with pytest.raises(AirflowSkipException, match="no shop was open"):
        run.check({"min_rows": 1})


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ({"table": "erp_order"}, "checks.table 'erp_order' is no table or view of the warehouse"),
        ({"day": "modified"}, "checks name column 'modified', and 'erp_orders' has only shop_id,"),
        ({"columns": {"paid": {"min": {"geq_to": 0}}}}, "checks name column 'paid'"),
        ({"columns": {"status": {"min": {"geq_to": 0}}}}, "a column of 'erp_orders' that holds no"),
    ],
)
def test_checks_that_name_what_is_not_there(run: Run, checks: dict[str, Any], told: str) -> None:
    """They fail at once and say what to correct, and where; nothing is rejected for it."""
    run.land(9)
    run.order("erp-1", 1)
    message = run.check({**COLUMNS, **checks})
    assert told in message
    assert "(config/tasks/own.yaml:1)" in message
    header, reason = run.journal().splitlines()
    assert header == "own 2025-10-02 failed its checks:"
    assert told in reason
    assert set(run.states().values()) == {"ok"}


@pytest.mark.every_warehouse
def test_a_warehouse_that_does_not_answer_is_asked_again(run: Run) -> None:
    """It is temporary: the task is retried as the entry says."""
    run.registry({"min_rows": 1})
    with run.engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger RENAME TO away"))
    with pytest.raises(
        AirflowException, match=r"cannot be asked: .*(no such|not exist|n't exist)"
    ) as raised:
        run.check({"min_rows": 1})
    assert not isinstance(raised.value, AirflowFailException)
    assert "own 2025-10-02 failed its checks:\n    the warehouse cannot be asked" in run.journal()


def test_a_journal_that_cannot_be_written_does_not_hide_what_failed(run: Run) -> None:
    """The check fails for what it found."""
    (run.root / "var").touch()
    run.land(1)
    assert run.check({"min_rows": 5}).count("1 rows, at least 5 expected") == 3


def test_many_shops_are_checked_in_few_queries(run: Run) -> None:
    """More than SQLite can join at once; each failing shop is found."""
    shops = [f"shop-{number}" for number in range(260)]
    run.write_shops(*shops)
    run.land(5, *shops)
    run.land(1, shops[0], shops[-1])
    told = run.check({"min_rows": 2, "max_drop": "60%"})
    assert told.count("1 rows, at least 2 expected") == 2
    assert [shop for shop, state in run.states().items() if state == "failed"] == [
        shops[0],
        shops[-1],
    ]
