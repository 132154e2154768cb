"""The judgement of what landed, on a real warehouse."""

from __future__ import annotations

import pytest

from tests.row_checks.checked_run import COLUMNS, KEY, SHOPS, CheckedRun


@pytest.mark.every_warehouse
def test_what_passes_stays(run: CheckedRun) -> None:
    """Every check is passed: the task succeeds and the ledger is as it was."""
    run.land(5)
    for shop in SHOPS:
        run.order(shop, 1)
    before = run.ledger.rows("own", KEY)
    assert run.judge({"min_rows": 5, "max_drop": "60%", **COLUMNS}) == ""
    assert run.ledger.rows("own", KEY) == before


def test_a_shop_that_landed_too_little_is_pulled_again(run: CheckedRun) -> None:
    """It alone is failed in the ledger, with figure and bound, and is open for the next run."""
    run.land(100)
    run.land(12, "erp-2")
    told = run.judge({"min_rows": 100})
    assert told == "own erp-2 2025-10-02: 12 rows, at least 100 expected"
    assert run.states() == {"erp-1": "ok", "erp-2": "failed", "erp-3": "ok"}
    row = run.row("erp-2")
    assert (row.exit_code, row.rows) == (None, 12)
    assert row.error == "12 rows, at least 100 expected"
    assert run.ledger.open_units([run.unit(shop) for shop in SHOPS]) == [run.unit("erp-2")]


def test_an_empty_shop_is_not_green(run: CheckedRun) -> None:
    """Also when its script said by its exit code that there was nothing, and counted no rows."""
    run.land(0, "erp-1")
    run.ledger.expect([run.unit("erp-2")])
    run.ledger.begin([run.unit("erp-2")])
    run.ledger.settle([run.unit("erp-2")], 99)
    run.land(1, "erp-3")
    told = run.judge({"min_rows": 1})
    assert told.count("0 rows, at least 1 expected") == 2
    assert run.states() == {"erp-1": "failed", "erp-2": "failed", "erp-3": "ok"}
    assert run.judge({"min_rows": 1}) == ""  # they have not landed any more


def test_a_drop_is_against_the_four_periods_before(run: CheckedRun) -> None:
    """Each shop against its own median; one without four periods before is not compared."""
    for day in (27, 28, 29, 30):
        run.land(400, "erp-1", "erp-2", key=f"2025-09-{day}")
    run.land(40, "erp-3", key="2025-09-30")
    run.land(160, "erp-1")
    run.land(40, "erp-2")
    run.land(1, "erp-3")
    told = run.judge({"max_drop": "60%"})
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
    days = [f"2025-09-{day}" for day in range(25, 31)]
    assert run.judge({"max_drop": "60%"}, *days, shops=["erp-1"]).count("a drop of 99 %") == 6


def test_each_of_many_shops_is_judged(run: CheckedRun) -> None:
    """And no other is rejected with it."""
    shops = [f"shop-{number}" for number in range(260)]
    run.write_shops(*shops)
    run.land(5, *shops)
    run.land(1, shops[0], shops[-1])
    told = run.judge({"min_rows": 2, "max_drop": "60%"}, shops=shops)
    assert told.count("1 rows, at least 2 expected") == 2
    assert [shop for shop, state in run.states().items() if state == "failed"] == [
        shops[0],
        shops[-1],
    ]


def test_what_is_provisional_is_not_judged(run: CheckedRun) -> None:
    """It is pulled again when it is due, and is then judged."""
    with run.engine.begin() as connection:
        run.ledger.land(connection, run.unit("erp-1"), 1, provisional=True)
    assert run.judge({"min_rows": 5}) == ""
    assert run.states() == {"erp-1": "provisional"}
