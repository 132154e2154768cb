"""What is said of a run of a repair when it has ended."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from include.coverage.repairing import RunUnderWay
from include.coverage.runs import Run
from include.units.ledger import Ledger
from include.warehouse import connect
from include.warehouse.migrating import migrate
from include.warehouse.tables import ledger
from manager.run_follower import Started, _end, follow
from tests.coverage.registries import job, row

if TYPE_CHECKING:
    from pathlib import Path

KEY = "2025-10-01"
ERP = job("erp_store", platform="erp", start=date(2025, 10, 1))
SAID = "exit code 1\nTraceback\nValueError: no such column"


@pytest.fixture
def told(tmp_path: Path) -> Ledger:
    """Return a ledger in which one shop has landed, one has failed, and one has no row."""
    url = f"sqlite:///{tmp_path / 'warehouse.db'}"
    migrate(url)
    engine = connect(url)
    period = ERP.schedule.parse_key(KEY)
    rows = [
        row("erp_store", "erp-1", period, "ok"),
        row("erp_store", "erp-2", period, "failed", exit_code=1, error=SAID),
    ]
    with engine.begin() as connection:
        connection.execute(insert(ledger), [vars(one) for one in rows])
    return Ledger(engine)


def _ended(told: Ledger, *shops: str, disabled: str = "") -> tuple[str, bool | None]:
    one = Started(RunUnderWay(ERP, KEY, shops, "repair__1"), new=True)
    return _end(told, one, lambda shop: shop == disabled), one.landed


def test_a_shop_that_was_switched_off_meanwhile_has_not_failed(told: Ledger) -> None:
    """Nobody expects it any more, and nothing else is missing."""
    assert _ended(told, "erp-1", "erp-3", disabled="erp-3") == (
        "landed, 10 rows, erp-3 is disabled by now",
        True,
    )
    assert _ended(told, "erp-1", "erp-3") == ("failed: 1 of 2 missing: erp-3", False)


def test_what_failed_says_what_its_script_said_last(told: Ledger) -> None:
    """Not only with which code it ended."""
    said = "failed: 1 of 2 missing: erp-2 ValueError: no such column"
    assert _ended(told, "erp-1", "erp-2") == (said, False)


def test_nobody_waits_for_a_run_that_cannot_move(
    told: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown as queued for ever; following ends with why, and what is missing."""
    one = Started(RunUnderWay(ERP, KEY, ("erp-3",), "backfill__1"), new=False)

    class Airflow:
        """An API that shows the run as queued."""

        def runs(self, **_: Any) -> list[dict[str, Any]]:
            """Return it."""
            return [{"dag_id": ERP.id, "dag_run_id": "backfill__1"}]

    run = Run(
        ERP.id,
        "backfill__1",
        under_way=True,
        first=KEY,
        last=KEY,
        stuck="its backfill was cancelled",
    )
    api: Any = Airflow()
    assert follow(api, told.engine, [one], lambda _: False, lambda: {run.name: run}) == [one]
    assert capsys.readouterr().out == (
        f"erp_store {KEY}: run backfill__1 waits and cannot go on: its backfill was cancelled: "
        "1 of 1 missing: erp-3 (1 of 1 runs)\n"
    )
