"""京东's sandbox orders are the same everywhere and behave as a shop's do."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest

from sandbox.chance import NEVER
from sandbox.jd_orders import CANCELLED, DONE, STATES, UNPAID_AFTER, Version, versions_of
from tests.jd_shops import NUMBERS

DAY = date(2025, 10, 2)
WEEK = [DAY + timedelta(days=number) for number in range(7)]


def all_versions() -> list[Version]:
    """Return what a week's orders of all shops ever are."""
    return [one for shop in NUMBERS for day in WEEK for one in versions_of(shop, day, 1)]


def test_the_data_is_that_of_every_python() -> None:
    """The same shop, day and seed give the same orders in every process and version of Python."""
    told = repr(versions_of(30002, DAY, 1)).encode()
    assert hashlib.sha256(told).hexdigest()[:16] == "93f443e4044ebca0"


def test_another_seed_shop_or_day_gives_other_orders() -> None:
    """Each of the three counts."""
    ones = [(30001, DAY, 1), (30001, DAY, 2), (30002, DAY, 1), (30001, WEEK[1], 1)]
    assert len({versions_of(*one)[0].order for one in ones}) == 4


@pytest.mark.parametrize("shop", NUMBERS)
def test_a_day_brings_a_few_hundred_orders(shop: int) -> None:
    """150 to 350 a day, of one to four lines each, all made on that day."""
    for day in WEEK:
        orders = {one.order for one in versions_of(shop, day, 1)}
        assert 150 <= len(orders) <= 350
        assert {order.start.date() for order in orders} == {day}
        assert {len(order.items) for order in orders} == {1, 2, 3, 4}


def test_an_order_has_exactly_one_version_at_any_moment() -> None:
    """Each version ends where the next begins, a second later at least; the last never ends."""
    histories: dict[int, list[Version]] = {}
    for one in all_versions():
        histories.setdefault(one.key, []).append(one)
    for history in histories.values():
        assert history[0].modified == history[0].order.start
        assert history[-1].superseded == NEVER
        for one, after in pairwise(history):
            assert one.modified < one.superseded == after.modified
            assert one.is_current(one.modified)
            assert not one.is_current(after.modified)
    assert len({history[0].shop_id for history in histories.values()}) == len(NUMBERS)


def test_orders_go_on_changing_for_some_days() -> None:
    """Every age from the same day to the sixth day after is there, and no later one."""
    ages = Counter((one.modified.date() - one.order.start.date()).days for one in all_versions())
    assert set(ages) == set(range(7))
    assert min(ages.values()) > 20


def test_states_are_those_of_a_shop() -> None:
    """Every state is there, locked and held ones too; most orders end well, some cancelled."""
    versions = all_versions()
    assert {one.state for one in versions} == STATES
    last = Counter(one.state for one in versions if one.superseded == NEVER)
    assert last[DONE] > last[CANCELLED] > 100


def test_who_has_paid_has_paid_everything_at_a_known_time() -> None:
    """Also those who pay on delivery, and those who cancel after they have paid."""
    cancelled_and_paid = paid_late = 0
    for one in all_versions():
        assert one.order.should_pay > 0
        if one.paid is None:
            assert one.actual_pay == 0
            assert one.order.paid_on_delivery or one.state in UNPAID_AFTER
        else:
            assert one.order.start < one.paid <= one.modified
            assert one.actual_pay == one.order.should_pay
            cancelled_and_paid += one.state == CANCELLED
            paid_late += one.order.paid_on_delivery
    assert min(cancelled_and_paid, paid_late) > 20


def test_time_runs_in_whole_seconds() -> None:
    """The gateway's times have no fractions."""
    assert not any(one.modified.microsecond for one in all_versions())


def test_one_more_change_is_of_now() -> None:
    """An order that drifts keeps what it is, at another time."""
    one = versions_of(30001, DAY, 1)[0]
    later = one.modified + timedelta(days=30)
    assert one.changed(later, 0) == one._replace(modified=later)
