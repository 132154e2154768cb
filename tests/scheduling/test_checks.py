"""The task that looks at what a run landed, on a real warehouse."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from sqlalchemy import text

from include.ledger import Claim, Ledger
from include.scheduling import factory
from tests.scheduling.checked_run import COLUMNS, KEY, SHOPS, CheckedRun, context_of

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


@pytest.mark.every_warehouse
def test_what_passes_stays(run: CheckedRun) -> None:
    """Every check is passed: the task succeeds and the ledger is as it was."""
    run.land(5)
    for shop in SHOPS:
        run.order(shop, 1)
    before = run.ledger.rows("own", KEY)
    assert run.check({"min_rows": 5, "max_drop": "60%", **COLUMNS}) == ""
    assert run.ledger.rows("own", KEY) == before
    assert not (run.root / "var").exists()


def test_a_shop_that_landed_too_little_is_pulled_again(run: CheckedRun) -> None:
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


def test_what_was_tried_once_more_is_checked_too(run: CheckedRun) -> None:
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


def test_both_tasks_of_a_dag(run: CheckedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that landed too little turns the run red; the next run pulls that one only."""
    monkeypatch.setenv("SCHEDULER_ROOT", str(run.root))
    monkeypatch.setenv("AIRFLOW_CONN_E", json.dumps({"conn_type": "http"}))
    (run.root / "include/scripts/own.py").write_text(SCRIPT)
    (dag,) = factory.build(run.registry({"min_rows": 10, "max_drop": "60%"}))
    assert not isinstance(dag, factory.Unbuildable)
    monkeypatch.setenv("ROWS_OF_2", "3")
    dag.get_task("run").execute(context_of({}, "running", "first"))
    with pytest.raises(AirflowFailException, match="own erp-2 2025-10-02: 3 rows, at least 10"):
        dag.get_task("check").execute(context_of({}, "success", "first"))
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}
    # The journal does not end with what the script's task said of itself.
    _, landed, told = run.journal().rpartition("own 2025-10-02 landed 203 rows in ")
    assert landed
    assert told.partition("\n")[2] == (
        "own 2025-10-02 failed its checks:\n"
        "    own erp-2 2025-10-02: 3 rows, at least 10 expected\n"
    )
    monkeypatch.delenv("ROWS_OF_2")
    dag.get_task("run").execute(context_of({}, "running", "second"))
    dag.get_task("check").execute(context_of({}, "success", "second"))
    assert set(run.states().values()) == {"ok"}
    pulled = {row.shop_id: (row.run_id, row.attempts) for row in run.ledger.rows("own", KEY)}
    assert pulled == {"erp-1": ("first", 1), "erp-2": ("second", 2), "erp-3": ("first", 1)}


def test_an_empty_shop_is_not_green(run: CheckedRun) -> None:
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


def test_a_drop_is_against_the_four_periods_before(run: CheckedRun) -> None:
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


def test_what_is_rejected_is_no_measure_for_the_next_period(run: CheckedRun) -> None:
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


@pytest.mark.parametrize("script_state", ["failed", "success"])
def test_a_shop_that_has_not_landed_keeps_the_run_red(run: CheckedRun, script_state: str) -> None:
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


def test_a_unit_that_nobody_tried_has_not_landed(run: CheckedRun) -> None:
    """A run that was ended before it began leaves no row, and is not green."""
    assert run.check({"min_rows": 1}).count("has not landed: nothing was tried") == 3


def test_a_script_that_failed_is_not_made_green(run: CheckedRun) -> None:
    """All units landed, but its task failed: a shop may have been left out."""
    run.land(9)
    run.script_state = "failed"
    assert "task 'run' is failed, though all landed: see its log" in run.check({"min_rows": 1})
    run.script_state = "skipped"
    assert run.check({"min_rows": 1}) == ""


def test_only_the_shops_of_the_run_are_checked(run: CheckedRun) -> None:
    """A run that was narrowed to one says nothing of the others."""
    run.land(9, "erp-2")
    assert run.check({"min_rows": 1}, {"period": KEY, "shops": ["erp-2"]}) == ""


def test_a_run_without_an_open_shop_has_nothing_to_check(run: CheckedRun) -> None:
    """It is skipped, as the script's task was."""
    run.write_shops(*SHOPS, **{"from": "2026-01-01"})
    with pytest.raises(AirflowSkipException, match="no shop was open"):
        run.check({"min_rows": 1})


@pytest.mark.every_warehouse
def test_a_warehouse_that_does_not_answer_is_asked_again(run: CheckedRun) -> None:
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


def test_a_journal_that_cannot_be_written_does_not_hide_what_failed(run: CheckedRun) -> None:
    """The check fails for what it found."""
    (run.root / "var").touch()
    run.land(1)
    assert run.check({"min_rows": 5}).count("1 rows, at least 5 expected") == 3


def test_many_shops_are_checked_in_few_queries(run: CheckedRun) -> None:
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
