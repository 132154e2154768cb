"""The task that looks at what a run landed, on a real warehouse."""

from __future__ import annotations

import json

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from sqlalchemy import text

from include.scheduling import factory
from tests.row_checks.checked_run import KEY, SHOPS
from tests.scheduling.checked_dag_run import CheckedDagRun, context_of

SCRIPT = """
import os
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.periods import Schedule
from include.warehouse import connect

ledger = Ledger(connect(os.environ["WAREHOUSE_URL"]), os.environ["RUN_ID"])
period = Schedule("0 6 * * *", "day").parse_key(os.environ["PERIOD_KEY"])
for shop in os.environ["SHOPS"].split(","):
    with ledger.engine.begin() as connection:
        rows = int(os.environ.get("ROWS_OF_2", 100)) if shop == "erp-2" else 100
        ledger.land(connection, Unit("own", shop, period), rows)
"""


def test_both_tasks_of_a_dag(run: CheckedDagRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that landed too little turns both red; the next run pulls that one only."""
    monkeypatch.setenv("SCHEDULER_ROOT", str(run.root))
    monkeypatch.setenv("AIRFLOW_CONN_E", json.dumps({"conn_type": "http"}))
    (run.root / "include/scripts/own.py").write_text(SCRIPT)
    (dag,) = factory.build(run.registry({"min_rows": 10, "max_drop": "60%"}))
    assert not isinstance(dag, factory.Unbuildable)
    monkeypatch.setenv("ROWS_OF_2", "3")
    with pytest.raises(AirflowException, match="exit code 1"):
        dag.get_task("run").execute(context_of({}, "running", "first"))
    with pytest.raises(AirflowFailException, match="erp-2 2025-10-02: has not landed: failed, 3 r"):
        dag.get_task("check").execute(context_of({}, "failed", "first"))
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}
    monkeypatch.delenv("ROWS_OF_2")
    dag.get_task("run").execute(context_of({}, "running", "second"))
    dag.get_task("check").execute(context_of({}, "success", "second"))
    assert set(run.states().values()) == {"ok"}
    pulled = {row.shop_id: (row.run_id, row.attempts) for row in run.ledger.rows("own", KEY)}
    assert pulled == {"erp-1": ("first", 1), "erp-2": ("second", 2), "erp-3": ("first", 1)}


@pytest.mark.parametrize("script_state", ["failed", "success"])
def test_a_shop_that_has_not_landed_keeps_the_run_red(
    run: CheckedDagRun, script_state: str
) -> None:
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


def test_a_unit_that_nobody_tried_has_not_landed(run: CheckedDagRun) -> None:
    """A run that was ended before it began leaves no row, and is not green."""
    assert run.check({"min_rows": 1}).count("has not landed: nothing was tried") == 3


def test_a_script_that_failed_is_not_made_green(run: CheckedDagRun) -> None:
    """All units landed, but its task failed: a shop may have been left out."""
    run.land(9)
    run.script_state = "failed"
    assert "task 'run' is failed, though all landed: see its log" in run.check({"min_rows": 1})
    run.script_state = "skipped"
    assert run.check({"min_rows": 1}) == ""


def test_only_the_shops_of_the_run_are_checked(run: CheckedDagRun) -> None:
    """A run that was narrowed to one says nothing of the others."""
    run.land(9, "erp-2")
    assert run.check({"min_rows": 1}, {"period": KEY, "shops": ["erp-2"]}) == ""


def test_a_run_without_an_open_shop_has_nothing_to_check(run: CheckedDagRun) -> None:
    """It is skipped, as the script's task was."""
    run.write_shops(*SHOPS, **{"from": "2026-01-01"})
    with pytest.raises(AirflowSkipException, match="no shop was open"):
        run.check({"min_rows": 1})


@pytest.mark.every_warehouse
def test_a_warehouse_that_does_not_answer_is_asked_again(run: CheckedDagRun) -> None:
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


def test_a_journal_that_cannot_be_written_does_not_hide_what_failed(run: CheckedDagRun) -> None:
    """The check fails for what it found."""
    (run.root / "var").touch()
    run.land(1)
    assert run.check({"min_rows": 5}).count("1 rows, at least 5 expected") == 3


def test_what_landed_since_the_runner_judged_is_judged(run: CheckedDagRun) -> None:
    """A unit is rejected, with figure and bound, by whichever of the two sees it first."""
    run.land(100)
    run.land(12, "erp-2")
    told = run.check({"min_rows": 100})
    assert "own erp-2 2025-10-02: 12 rows, at least 100 expected\n" in told
    assert "change 'checks' in config/tasks/own.yaml:1" in told
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}
    assert "own 2025-10-02 failed its checks:\n    own erp-2 2025-10-02: 12 rows" in run.journal()


def test_what_is_provisional_keeps_no_run_red(run: CheckedDagRun) -> None:
    """It is not due yet; nothing is said of it."""
    with run.engine.begin() as connection:
        for shop in SHOPS:
            run.ledger.land(connection, run.unit(shop), 1, provisional=True)
    assert run.check({"min_rows": 5}) == ""


def test_checks_that_name_what_is_not_there(run: CheckedDagRun) -> None:
    """The task fails at once and says what to correct, and where; the journal says it too."""
    run.land(9)
    told = "checks.table 'nowhere' is no table or view of the warehouse: correct it"
    message = run.check({"min_rows": 1, "table": "nowhere", "day": "day"})
    assert f"{told} (config/tasks/own.yaml:1)" in message
    header, reason = run.journal().splitlines()
    assert header == "own 2025-10-02 failed its checks:"
    assert told in reason
