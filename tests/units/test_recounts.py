"""Which units are counted again, and when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.periods import Schedule
from include.units.ledger import Ledger
from include.units.retries import due_for_a_recount, write_recount
from include.units.unit import Unit
from include.warehouse import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

pytestmark = pytest.mark.every_warehouse

DAYS = Schedule("0 7 * * *", "day")
FIRST = datetime(2025, 10, 1, tzinfo=timezone.utc)
MORNING = timedelta(days=1, hours=7)


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """Return a warehouse."""
    engine = connect(warehouse_url)
    yield engine
    engine.dispose()


def _key(number: int) -> str:
    return f"{FIRST + timedelta(days=number):%Y-%m-%d}"


def _land(engine: Engine, number: int, shop: str, counted_at: datetime | None) -> None:
    unit = Unit("erp_store", shop, DAYS.parse_key(_key(number)))
    with engine.begin() as connection:
        Ledger(engine).land(connection, unit, 5, source_rows=5, counted_at=counted_at)


def test_each_unit_is_counted_again_when_it_is_3_and_30_days_old(engine: Engine) -> None:
    """Once each, morning after morning; never one that its source has not counted."""
    seen: dict[str, list[int]] = {}
    for number in range(50):
        now = FIRST + timedelta(days=number) + MORNING
        _land(engine, number, "erp-1", now)
        _land(engine, number, "erp-2", None)
        _land(engine, number, "erp-3", now)
        for row in due_for_a_recount(engine, "erp_store", ["erp-1", "erp-2"], now, 16):
            assert row.shop_id == "erp-1"
            seen.setdefault(row.period_key, []).append((now - row.period_end).days)
            assert write_recount(engine, row, 5, 5, now)
    assert seen[_key(0)] == [3, 30]
    assert all(ages == [3, 30][: len(ages)] for ages in seen.values())
    assert seen.keys() == {_key(number) for number in range(47)}


def test_after_an_outage_what_is_due_is_counted_late(engine: Engine) -> None:
    """The latest first and only so many at once; what is too old is left alone."""
    for number in range(60):
        _land(engine, number, "erp-1", FIRST + timedelta(days=number) + MORNING)
    now = FIRST + timedelta(days=60)
    found = due_for_a_recount(engine, "erp_store", ["erp-1"], now, 4)
    # The day ends at 16:00 by UTC.
    assert [row.period_key for row in found] == [_key(number) for number in (56, 55, 54, 53)]
    keys = {row.period_key for row in due_for_a_recount(engine, "erp_store", ["erp-1"], now, 99)}
    assert keys == {_key(number) for number in (*range(15, 30), *range(42, 57))}
