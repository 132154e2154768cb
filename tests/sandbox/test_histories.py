"""The sandbox's orders and after-sales are the same everywhere and behave as a shop's do."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sandbox import jd_orders, orders, pdd_refunds
from sandbox.chance import NEVER
from sandbox.credentials import SHOPS_OF
from sandbox.pdd_refunds import FIRST_STATUS, REFUND, REFUNDED, RETURN, STATUSES, is_sale

if TYPE_CHECKING:
    from types import ModuleType

DAY = date(2025, 10, 2)
WEEK = [DAY + timedelta(days=number) for number in range(7)]
# All that the platform documents for a case; 0 means that an order has none.
DOCUMENTED = {*range(2, 19), 21, 22, 24, 25, 27, 31, 32, 33}


class Platform(NamedTuple):
    """What becomes of one platform's orders or cases.

    Attributes:
        name: of the platform.
        made: how many a day brings, on a sale how many.
        digest: of what the second shop has.
        of_an_age: more than so many changes come so many days later.
        pause: seconds between two changes, at least.
    """

    name: str
    module: ModuleType
    made: tuple[range, range]
    digest: str
    of_an_age: int = 20
    pause: int = 1

    @property
    def shops(self) -> tuple[int, ...]:
        """The numbers of its shops."""
        return SHOPS_OF[self.name]

    def versions(self) -> list[Any]:
        """Return what a week's rows of all shops ever are."""
        made = self.module.versions_of
        return [one for shop in self.shops for day in WEEK for one in made(shop, day, 1)]


ERP = Platform("erp", orders, (range(200, 401), range(0)), "4ac165edc744fdba")
JD = Platform("jd", jd_orders, (range(150, 351), range(0)), "93f443e4044ebca0")
PDD = Platform("pdd", pdd_refunds, (range(60, 201), range(280, 521)), "a19c923c9de8db71", 0, 0)
every_platform = pytest.mark.parametrize("platform", [ERP, JD, PDD], ids=lambda one: one.name)


@every_platform
def test_the_data_is_that_of_every_python(platform: Platform) -> None:
    """The same shop, day and seed give the same rows in every process and version of Python."""
    told = repr(platform.module.versions_of(platform.shops[1], DAY, 1)).encode()
    assert hashlib.sha256(told).hexdigest()[:16] == platform.digest


@every_platform
def test_another_seed_shop_or_day_gives_other_rows(platform: Platform) -> None:
    """Each of the three counts."""
    shop, other = platform.shops[:2]
    ones = [(shop, DAY, 1), (shop, DAY, 2), (other, DAY, 1), (shop, WEEK[1], 1)]
    assert len({platform.module.versions_of(*one)[0][0] for one in ones}) == 4


@every_platform
def test_a_day_brings_its_rows_and_a_sale_many_more(platform: Platform) -> None:
    """All are made on that day; of after-sales one day of a week is a sale."""
    usual, sale = platform.made
    for shop in platform.shops:
        for day in WEEK:
            versions = platform.module.versions_of(shop, day, 1)
            bounds = sale if sale and is_sale(shop, day) else usual
            assert len({one.key for one in versions}) in bounds
            assert {one.created.date() for one in versions} == {day}
        assert not sale or sum(is_sale(shop, day) for day in WEEK) == 1


@every_platform
def test_a_row_has_exactly_one_version_at_any_moment(platform: Platform) -> None:
    """Each ends where the next begins; the first is the making, the last never ends."""
    histories: dict[int, list[Any]] = {}
    for one in platform.versions():
        histories.setdefault(one.key, []).append(one)
    pauses = Counter[bool]()
    for history in histories.values():
        assert history[0].modified == history[0].created
        assert history[-1].superseded == NEVER
        for one, after in pairwise(history):
            assert one.superseded == after.modified
            assert after.modified - one.modified >= timedelta(seconds=platform.pause)
            assert not one.is_current(after.modified)
            pauses[one.is_current(one.modified)] += 1
    assert pauses[True] > 20
    assert (pauses[False] > 20) == (platform.pause == 0)
    assert {history[0].shop_id for history in histories.values()} == set(platform.shops)


@every_platform
def test_changes_come_up_to_six_days_later_in_whole_seconds(platform: Platform) -> None:
    """Every age from the same day to the sixth day after is there, and no later one."""
    versions = platform.versions()
    ages = Counter((one.modified.date() - one.created.date()).days for one in versions)
    assert set(ages) == set(range(7))
    assert min(ages.values()) > platform.of_an_age
    assert not any(one.modified.microsecond for one in versions)


@pytest.mark.parametrize(("platform", "most"), [(ERP, 5), (JD, 4)], ids=["erp", "jd"])
def test_orders_have_a_few_lines(platform: Platform, most: int) -> None:
    """From one up."""
    lines = {len(one.order.items) for one in platform.versions()}
    assert lines == set(range(1, most + 1))


def test_versions_and_numbers_of_the_erp_are_unique_and_grow_with_time() -> None:
    """No two changes share a `ts`, no two orders a number; a later change has a larger `ts`."""
    versions = sorted(ERP.versions(), key=lambda one: one.ts)
    assert len({one.ts for one in versions}) == len(versions)
    assert [one.modified for one in versions] == sorted(one.modified for one in versions)
    made = {one.order for one in versions}
    assert len({order.o_id for order in made}) == len({o.so_id for o in made}) == len(made)


def test_states_of_the_erp_are_those_of_a_shop() -> None:
    """Most orders are sent, some cancelled; who has paid has paid everything, at a known time."""
    last = Counter(one.status for one in ERP.versions() if one.superseded == NEVER)
    assert last["Sent"] > last["Cancelled"] > 100
    for one in ERP.versions():
        assert one.order.pay_amount > 0
        if one.pay_date is None:
            assert one.status in orders.UNPAID_AFTER
            assert one.paid_amount == 0
        else:
            assert one.order.order_date < one.pay_date <= one.modified
            assert one.paid_amount == one.order.pay_amount


def test_states_at_jd_are_those_of_a_shop() -> None:
    """Every state is there, locked and held ones too; most orders end well, some cancelled."""
    versions = JD.versions()
    assert {one.state for one in versions} == jd_orders.STATES
    last = Counter(one.state for one in versions if one.superseded == NEVER)
    assert last[jd_orders.DONE] > last[jd_orders.CANCELLED] > 100


def test_who_has_paid_at_jd_has_paid_everything_at_a_known_time() -> None:
    """Also those who pay on delivery, and those who cancel after they have paid."""
    cancelled_and_paid = paid_late = 0
    for one in JD.versions():
        assert one.order.should_pay > 0
        if one.paid is None:
            assert one.actual_pay == 0
            assert one.order.paid_on_delivery or one.state in jd_orders.UNPAID_AFTER
        else:
            assert one.order.start < one.paid <= one.modified
            assert one.actual_pay == one.order.should_pay
            cancelled_and_paid += one.state == jd_orders.CANCELLED
            paid_late += one.order.paid_on_delivery
    assert min(cancelled_and_paid, paid_late) > 20


def test_one_more_change_is_of_now() -> None:
    """An order that drifts keeps what it is, at another time."""
    one = jd_orders.versions_of(30001, DAY, 1)[0]
    later = one.modified + timedelta(days=30)
    assert one.changed(later, 0) == one._replace(modified=later)


def test_a_case_goes_from_status_to_status() -> None:
    """The first is that of its kind; one that was disputed stays so."""
    histories: dict[int, list[pdd_refunds.Version]] = {}
    for one in PDD.versions():
        histories.setdefault(one.key, []).append(one)
    for history in histories.values():
        assert history[0].status == FIRST_STATUS[history[0].case.kind]
        for one, following in pairwise(history):
            assert one.status != following.status
            assert one.disputed <= following.disputed


def test_every_status_of_the_platform_is_there() -> None:
    """So that a status which nobody asks for is missed by the truth."""
    assert set(STATUSES) == DOCUMENTED
    assert {one.status for one in PDD.versions()} == DOCUMENTED
    last = Counter(one.status for one in PDD.versions() if one.superseded == NEVER)
    assert last[REFUNDED] > sum(last.values()) / 2


def test_amounts_and_numbers_of_cases_are_those_of_a_shop() -> None:
    """Nobody gets more back than was paid, only a refund gives money, and numbers are unique."""
    cases = {one.case for one in PDD.versions()}
    assert len({case.id for case in cases}) == len({case.order_sn for case in cases}) == len(cases)
    assert {case.kind for case in cases} == {2, 3, 4, 5, 6}
    for case in cases:
        assert 0 <= case.refund_amount <= case.order_amount
        assert (case.refund_amount > 0) == (case.kind in (REFUND, RETURN))
    assert sum(one.disputed for one in PDD.versions()) > 100
