"""What is said of a run of a repair when it has ended."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from include.coverage.repairing import RunUnderWay
from include.ledger import Ledger
from include.service.following import Started, _end
from include.warehouse import connect
from include.warehouse.migrating import migrate
from include.warehouse.tables import ledger
from tests.coverage.registries import job, row

if TYPE_CHECKING:
    from pathlib import Path

KEY = "2025-10-01"
ERP = job("erp_store", platform="erp", start=date(2025, 10, 1))
SAID = "exit code 1\nTraceback\nValueError: no such column"


@pytest.fixture
def told(tmp_path: Path) -> Ledger:
    """Give a ledger in which one shop has landed, one has failed, and one has no row."""
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
    return _end(told, one, lambda shop: shop == disabled, is_stuck=False), one.landed


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
