"""The truth of a day is what its orders are as of a moment, and nothing else."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.jd_orders import Version, versions_of
from sandbox.jd_truth import changes_between, orders_on, row, yuan

DAY = date(2025, 10, 2)
LATER = datetime(2025, 11, 1)


def by_hand(number: int, day: date, as_of: datetime) -> list[int]:
    """Return the ids of a day's rows the slow way: the last version of every order near it."""
    last: dict[int, Version] = {}
    for age in range(-1, 10):
        for one in versions_of(number, day - timedelta(days=age), 1):
            if one.modified <= as_of:
                last[one.key] = one
    found = [one for one in last.values() if one.modified.date() == day]
    return [one.key for one in sorted(found, key=lambda one: (one.modified, one.key))]


def test_a_day_holds_the_last_versions_of_its_orders() -> None:
    """Counted another way, the rows are the same, whenever one looks."""
    for as_of in (LATER, datetime(2025, 10, 2, 15), datetime(2025, 10, 4)):
        rows = orders_on(30003, DAY, 1, as_of)
        assert [one["orderId"] for one in rows] == by_hand(30003, DAY, as_of)


def test_orders_that_change_later_leave_the_day() -> None:
    """Of the orders that a day has at its end, some are gone later, and none has come."""
    at_its_end = {one["orderId"] for one in orders_on(30001, DAY, 1, datetime(2025, 10, 3))}
    much_later = {one["orderId"] for one in orders_on(30001, DAY, 1, LATER)}
    assert much_later < at_its_end
    assert len(much_later) > 100


def test_every_order_is_in_exactly_one_day() -> None:
    """Over all days an order made on one of them is true once."""
    first = DAY + timedelta(days=7)
    days = [DAY + timedelta(number) for number in range(14)]
    rows = [one for day in days for one in orders_on(30001, day, 1, LATER)]
    made = {one.key for one in versions_of(30001, first, 1)}
    assert sorted(one["orderId"] for one in rows if one["orderId"] in made) == sorted(made)


def test_a_window_holds_both_its_ends() -> None:
    """Every change from one second to another, over midnight too, in order."""
    first, last = datetime(2025, 10, 1, 20), datetime(2025, 10, 3, 4)
    changes = list(changes_between(30001, first, last, 1))
    births = [date(2025, 9, 24) + timedelta(days=number) for number in range(11)]
    every = [one for birth in births for one in versions_of(30001, birth, 1)]
    assert set(changes) == {one for one in every if first <= one.modified <= last}
    moments = [one.modified for one in changes]
    assert moments == sorted(moments)
    again = list(changes_between(30001, moments[0], moments[-1], 1))
    assert again == changes
    assert len(changes) > 500


def test_a_row_has_the_gateways_names_and_exact_amounts() -> None:
    """元 with two places; who has not paid has no time of payment."""
    unpaid = versions_of(30001, DAY, 1)[0]
    assert unpaid.paid is None
    assert row(unpaid)["paymentConfirmTime"] is None
    assert row(unpaid)["actualPay"] == Decimal("0.00")
    assert row(unpaid)["shouldPay"] == Decimal(unpaid.order.should_pay) / 100
    assert (yuan(5), str(yuan(100))) == (Decimal("0.05"), "1.00")


def test_a_day_to_come_is_empty() -> None:
    """The sandbox knows nothing of tomorrow."""
    assert orders_on(30001, DAY, 1, datetime(2025, 10, 1, 23, 59, 59)) == []


def test_a_day_that_was_asked_for_before_is_quick() -> None:
    """A warm answer takes less than 30 ms."""
    orders_on(30001, DAY, 1, LATER)
    began = time.process_time()
    orders_on(30001, DAY, 1, LATER)
    assert time.process_time() - began < 0.03
