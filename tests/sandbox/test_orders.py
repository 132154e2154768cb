"""The sandbox's orders are the same everywhere and behave as a shop's do."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from sandbox.catalogue import SHOPS
from sandbox.chance import NEVER
from sandbox.orders import UNPAID_AFTER, Version, versions_of

DAY = date(2025, 10, 2)
WEEK = [DAY + timedelta(days=number) for number in range(7)]


def all_versions() -> list[Version]:
    """Return what a week's orders of all shops ever are."""
    return [one for shop in SHOPS for day in WEEK for one in versions_of(shop.shop_id, day, 1)]


def test_the_data_is_that_of_every_python() -> None:
    """The same shop, day and seed give the same orders in every process and version of Python."""
    told = repr(versions_of(10002, DAY, 1)).encode()
    assert hashlib.sha256(told).hexdigest()[:16] == "4ac165edc744fdba"


def test_another_seed_shop_or_day_gives_other_orders() -> None:
    """Each of the three counts."""
    ones = [(10001, DAY, 1), (10001, DAY, 2), (10002, DAY, 1), (10001, WEEK[1], 1)]
    assert len({versions_of(*one)[0].order for one in ones}) == 4


@pytest.mark.parametrize("shop", [shop.shop_id for shop in SHOPS])
def test_a_day_brings_a_few_hundred_orders(shop: int) -> None:
    """200 to 400 a day, of one to five lines each, all made on that day."""
    for day in WEEK:
        orders = {one.order for one in versions_of(shop, day, 1)}
        assert 200 <= len(orders) <= 400
        assert {order.order_date.date() for order in orders} == {day}
        assert {len(order.items) for order in orders} == {1, 2, 3, 4, 5}


def test_an_order_has_exactly_one_version_at_any_moment() -> None:
    """Each version ends where the next begins; the first is the making, the last never ends."""
    histories: dict[int, list[Version]] = {}
    for one in all_versions():
        histories.setdefault(one.order.o_id, []).append(one)
    for history in histories.values():
        assert history[0].modified == history[0].order.order_date
        assert history[-1].superseded == NEVER
        for one, following in pairwise(history):
            assert one.modified < one.superseded == following.modified
            assert one.ts < following.ts


def test_changes_come_up_to_six_days_later() -> None:
    """Every age from the same day to the sixth day after is there, and no later one."""
    ages = Counter(
        (one.modified.date() - one.order.order_date.date()).days for one in all_versions()
    )
    assert set(ages) == set(range(7))
    assert min(ages.values()) > 20


def test_versions_and_numbers_are_unique_and_grow_with_time() -> None:
    """No two changes share a `ts`, no two orders a number; a later change has a larger `ts`."""
    versions = sorted(all_versions(), key=lambda one: one.ts)
    assert len({one.ts for one in versions}) == len(versions)
    assert [one.modified for one in versions] == sorted(one.modified for one in versions)
    orders = {one.order for one in versions}
    assert len({order.o_id for order in orders}) == len({o.so_id for o in orders}) == len(orders)


def test_states_are_those_of_a_shop() -> None:
    """Most orders are sent, some cancelled; who has paid has paid everything, at a known time."""
    last = Counter(one.status for one in all_versions() if one.superseded == NEVER)
    assert last["Sent"] > last["Cancelled"] > 100
    for one in all_versions():
        assert one.order.pay_amount > 0
        if one.pay_date is None:
            assert one.status in UNPAID_AFTER
            assert one.paid_amount == 0
        else:
            assert one.order.order_date < one.pay_date <= one.modified
            assert one.paid_amount == one.order.pay_amount


def test_time_runs_in_whole_seconds() -> None:
    """The gateway's times have no fractions."""
    assert all(isinstance(one.modified, datetime) for one in all_versions())
    assert not any(one.modified.microsecond for one in all_versions())
