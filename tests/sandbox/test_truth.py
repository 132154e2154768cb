"""The truth of a day is what its orders are as of a moment, and nothing else."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.orders import versions_of
from sandbox.truth import orders_on, yuan

DAY = date(2025, 10, 2)
LATER = datetime(2025, 11, 1)


def by_hand(shop_id: int, day: date, as_of: datetime) -> list[int]:
    """Return the `ts` of a day's rows the slow way: the last version of every order near it."""
    last = {}
    for age in range(-1, 10):
        for one in versions_of(shop_id, day - timedelta(days=age), 1):
            if one.modified <= as_of:
                last[one.order.o_id] = one
    return sorted(one.ts for one in last.values() if one.modified.date() == day)


def test_a_day_holds_the_last_versions_of_its_orders() -> None:
    """Counted another way, the rows are the same, whenever one looks."""
    for as_of in (LATER, datetime(2025, 10, 2, 15), datetime(2025, 10, 4)):
        rows = orders_on(10003, DAY, 1, as_of)
        assert [row["ts"] for row in rows] == by_hand(10003, DAY, as_of)


def test_orders_that_change_later_leave_the_day() -> None:
    """Of the orders that a day has at its end, some are gone later, and none has come."""
    at_its_end = {row["ts"] for row in orders_on(10001, DAY, 1, datetime(2025, 10, 3))}
    much_later = {row["ts"] for row in orders_on(10001, DAY, 1, LATER)}
    assert much_later < at_its_end
    assert len(much_later) > 200


def test_every_order_is_in_exactly_one_day() -> None:
    """Over all days an order made on one of them is true once."""
    first = DAY + timedelta(days=7)
    rows = [
        row for number in range(14) for row in orders_on(10001, DAY + timedelta(number), 1, LATER)
    ]
    made = {one.order.o_id for one in versions_of(10001, first, 1)}
    assert sorted(row["o_id"] for row in rows if row["o_id"] in made) == sorted(made)


def test_a_day_to_come_is_empty() -> None:
    """The sandbox knows nothing of tomorrow."""
    assert orders_on(10001, DAY, 1, datetime(2025, 10, 1, 23, 59, 59)) == []


def test_amounts_are_exact() -> None:
    """Cents become 元 with two places."""
    assert (yuan(5), yuan(1230), str(yuan(100))) == (Decimal("0.05"), Decimal("12.30"), "1.00")


def test_a_day_that_was_asked_for_before_is_quick() -> None:
    """A warm answer takes less than 30 ms."""
    orders_on(10001, DAY, 1, LATER)
    began = time.process_time()
    orders_on(10001, DAY, 1, LATER)
    assert time.process_time() - began < 0.03
