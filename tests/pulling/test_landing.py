"""What a pull puts into the warehouse, and which rows are a unit's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.periods import Schedule
from include.pulling import Listed, Upsert
from include.units.unit import Unit
from include.warehouse import connect
from include.warehouse.tables import erp_orders
from tests.warehouse.test_loading import _order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SCHEDULE = Schedule("0 7 * * *", "day")
UNIT = Unit("erp_store", "erp-1", SCHEDULE.parse_key("2025-10-02"))
NOON = datetime(2025, 10, 2, 12)
SETTLED = datetime(2025, 10, 9, 7)


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    """Return a transaction on an empty warehouse."""
    engine = connect(warehouse_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _row(number: int, made: datetime, **more: Any) -> dict[str, Any]:
    row = _order(number, shop_id="erp-1", order_time=made, order_day=made.date())
    return {**row, "modified_time": made, **more}


def _put(connection: Connection, rows: list[dict[str, Any]], listed: set[int] | None = None) -> int:
    known = None if listed is None else Listed(listed, "modified_time", SETTLED)
    upsert = Upsert(erp_orders, rows, "version", "order_time", "order_day", known)
    return upsert.put(connection, UNIT)


def _numbers(connection: Connection) -> set[int]:
    return set(connection.scalars(select(erp_orders.c.order_id)))


@pytest.mark.every_warehouse
def test_a_units_own_rows_are_those_of_its_days(connection: Connection) -> None:
    """Wherever they came from; neither another day's, nor another shop's, nor those before it."""
    midnight = datetime(2025, 10, 2)
    rows = [
        _row(1, midnight - timedelta(seconds=1)),
        _row(2, midnight),
        _row(3, midnight + timedelta(days=1) - timedelta(seconds=1)),
        _row(4, midnight + timedelta(days=1)),
        {**_row(5, NOON), "shop_id": "erp-2"},
    ]
    assert _put(connection, rows) == 2
    assert _put(connection, [_row(6, NOON)]) == 3
    assert _put(connection, []) == 3
    assert _numbers(connection) == {1, 2, 3, 4, 5, 6}


def test_a_day_of_another_zone_is_its_own_stretch_of_the_platforms_clock(
    connection: Connection,
) -> None:
    """A day in UTC begins at 08:00 in Shanghai, where the platforms' clocks stand."""
    rows = [_row(number, datetime(2025, 10, 2, 7, 59, 59)) for number in (1, 2)]
    rows += [_row(3, datetime(2025, 10, 2, 8)), _row(4, datetime(2025, 10, 3, 7, 59))]
    _put(connection, rows)
    unit = Unit("erp_store", "erp-1", Schedule("0 7 * * *", "day", "UTC").parse_key("2025-10-02"))
    assert Upsert(erp_orders, [], "version", "order_time", "order_day").put(connection, unit) == 2


@pytest.mark.every_warehouse
def test_a_row_that_the_source_no_longer_lists_is_removed(connection: Connection) -> None:
    """A deleted order goes; what the pull brought, and what has changed since, stays."""
    late = {"modified_time": SETTLED}
    _put(connection, [_row(1, NOON), _row(2, NOON), _row(3, NOON, **late), _row(4, NOON)])
    other_day, other_shop = NOON + timedelta(days=1), {**_row(6, NOON), "shop_id": "erp-2"}
    _put(connection, [_row(5, other_day), other_shop])
    assert _put(connection, [_row(4, NOON)], listed={1}) == 3
    assert _numbers(connection) == {1, 3, 4, 5, 6}
