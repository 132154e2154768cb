"""The sandbox's after-sales are the same everywhere and behave as a shop's do."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest

from sandbox.chance import NEVER
from sandbox.credentials import SHOPS_OF
from sandbox.pdd_refunds import (
    FIRST_STATUS,
    REFUND,
    REFUNDED,
    RETURN,
    STATUSES,
    Version,
    is_sale,
    versions_of,
)

SHOPS = SHOPS_OF["pdd"]
DAY = date(2025, 10, 2)
WEEK = [DAY + timedelta(days=number) for number in range(7)]
# All that the platform documents for a case; 0 means that an order has none.
DOCUMENTED = {*range(2, 19), 21, 22, 24, 25, 27, 31, 32, 33}


def all_versions() -> list[Version]:
    """Return what a week's cases of all shops ever are."""
    return [one for shop in SHOPS for day in WEEK for one in versions_of(shop, day, 1)]


def test_the_data_is_that_of_every_python() -> None:
    """The same shop, day and seed give the same cases in every process and version of Python."""
    told = repr(versions_of(20002, DAY, 1)).encode()
    assert hashlib.sha256(told).hexdigest()[:16] == "a19c923c9de8db71"


def test_another_seed_shop_or_day_gives_other_cases() -> None:
    """Each of the three counts."""
    ones = [(20001, DAY, 1), (20001, DAY, 2), (20002, DAY, 1), (20001, WEEK[1], 1)]
    assert len({versions_of(*one)[0].case for one in ones}) == 4


@pytest.mark.parametrize("shop", SHOPS)
def test_a_day_brings_60_to_200_cases_and_a_sale_many_more(shop: int) -> None:
    """Of every kind, all made on that day; one day of a week is a sale."""
    kinds: set[int] = set()
    for day in WEEK:
        cases = {one.case for one in versions_of(shop, day, 1)}
        least, most = (280, 520) if is_sale(shop, day) else (60, 200)
        assert least <= len(cases) <= most
        assert {case.created.date() for case in cases} == {day}
        kinds |= {case.kind for case in cases}
    assert kinds == {2, 3, 4, 5, 6}
    assert sum(is_sale(shop, day) for day in WEEK) == 1


def test_a_case_has_exactly_one_version_at_any_moment() -> None:
    """Each ends where the next begins, some in the same second; the last never ends."""
    histories: dict[int, list[Version]] = {}
    for one in all_versions():
        histories.setdefault(one.case.id, []).append(one)
    in_one_second = 0
    for history in histories.values():
        assert history[0].modified == history[0].case.created
        assert history[0].status == FIRST_STATUS[history[0].case.kind]
        assert history[-1].superseded == NEVER
        for one, following in pairwise(history):
            assert one.modified <= one.superseded == following.modified
            assert one.status != following.status
            assert one.disputed <= following.disputed
            in_one_second += one.modified == following.modified
    assert in_one_second > 20


def test_changes_come_up_to_six_days_later() -> None:
    """Every age from the same day to the sixth day after is there, and no later one."""
    ages = Counter((one.modified.date() - one.case.created.date()).days for one in all_versions())
    assert set(ages) == set(range(7))


def test_every_status_of_the_platform_is_there() -> None:
    """So that a status which nobody asks for is missed by the truth."""
    assert set(STATUSES) == DOCUMENTED
    seen = Counter(one.status for one in all_versions())
    assert set(seen) == DOCUMENTED
    last = Counter(one.status for one in all_versions() if one.superseded == NEVER)
    assert last[REFUNDED] > sum(last.values()) / 2


def test_amounts_and_numbers_are_those_of_a_shop() -> None:
    """Nobody gets more back than was paid, only a refund gives money, and numbers are unique."""
    cases = {one.case for one in all_versions()}
    assert len({case.id for case in cases}) == len({case.order_sn for case in cases}) == len(cases)
    for case in cases:
        assert 0 <= case.refund_amount <= case.order_amount
        assert (case.refund_amount > 0) == (case.kind in (REFUND, RETURN))
    assert sum(one.disputed for one in all_versions()) > 100
