"""The truth of a day is what its rows are as of a moment, and nothing else."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sandbox import jd_orders, orders, pdd_refunds
from sandbox.chance import yuan
from tests.sandbox.truth import ERP, JD, PDD, Truth

if TYPE_CHECKING:
    from sandbox.book import History

DAY = date(2025, 10, 2)
LATER = datetime(2025, 11, 1)


class Case(NamedTuple):
    """A platform: its shop, its truth, and the column that tells its rows apart."""

    shop: int
    truth: Truth
    history: History[Any]
    key: str
    least: int

    def on(self, day: date, as_of: datetime) -> list[int]:
        """Return what a day's rows are called, in order."""
        return [row[self.key] for row in self.truth.on(self.shop, day, 1, as_of)]


CASES = {
    "erp": Case(10001, ERP, orders.HISTORY, "o_id", 200),
    "jd": Case(30001, JD, jd_orders.HISTORY, "orderId", 100),
    "pdd": Case(20001, PDD, pdd_refunds.HISTORY, "id", 50),
}
every_platform = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def by_hand(case: Case, as_of: datetime) -> list[int]:
    """Return a day's rows the slow way: the last version of every row near it."""
    last: dict[Any, Any] = {}
    for age in range(10, -2, -1):
        for one in case.history.versions_of(case.shop, DAY - timedelta(days=age), 1):
            if one.modified <= as_of:
                last[one.key] = one
    found = [one for one in last.values() if one.modified.date() == DAY]
    return [one.key for one in sorted(found, key=case.history.place)]


@every_platform
@pytest.mark.parametrize("as_of", [LATER, datetime(2025, 10, 2, 15), datetime(2025, 10, 4)])
def test_a_day_holds_the_last_versions_of_its_rows(case: Case, as_of: datetime) -> None:
    """Counted another way, the rows are the same, whenever one looks."""
    assert case.on(DAY, as_of) == by_hand(case, as_of)


@every_platform
def test_rows_that_change_later_leave_the_day(case: Case) -> None:
    """Of the rows that a day has at its end, some are gone later, and none has come."""
    at_its_end, much_later = set(case.on(DAY, datetime(2025, 10, 3))), set(case.on(DAY, LATER))
    assert much_later < at_its_end
    assert len(much_later) > case.least


@every_platform
def test_every_row_is_in_exactly_one_day(case: Case) -> None:
    """Over all days a row made on one of them is true once."""
    rows = [key for number in range(14) for key in case.on(DAY + timedelta(number), LATER)]
    made = {one.key for one in case.history.versions_of(case.shop, DAY + timedelta(days=7), 1)}
    assert sorted(key for key in rows if key in made) == sorted(made)


@every_platform
def test_a_window_holds_both_its_ends(case: Case) -> None:
    """Every change from one second to another, over midnight too, in order."""
    first, last = datetime(2025, 10, 1, 20), datetime(2025, 10, 3, 4)
    changes = list(case.history.changes(case.shop, first, last, 1))
    births = [date(2025, 9, 24) + timedelta(days=number) for number in range(11)]
    every = [one for birth in births for one in case.history.versions_of(case.shop, birth, 1)]
    assert sorted(changes) == sorted(one for one in every if first <= one.modified <= last)
    moments = [one.modified for one in changes]
    assert moments == sorted(moments)
    assert list(case.history.changes(case.shop, moments[0], moments[-1], 1)) == changes
    assert len(changes) > case.least


@every_platform
def test_a_day_to_come_is_empty(case: Case) -> None:
    """The sandbox knows nothing of tomorrow."""
    assert case.on(DAY, datetime(2025, 10, 1, 23, 59, 59)) == []


def test_a_row_has_the_gateways_names_and_exact_amounts() -> None:
    """元 with two places; who has not paid has no time of payment."""
    unpaid = jd_orders.versions_of(30001, DAY, 1)[0]
    row = jd_orders.told(unpaid)
    assert unpaid.paid is None
    assert row["paymentConfirmTime"] is None
    assert (str(row["actualPay"]), row["shouldPay"]) == ("0.00", yuan(unpaid.order.should_pay))
    assert [str(yuan(cents)) for cents in (5, 1230, 100)] == ["0.05", "12.30", "1.00"]


@every_platform
def test_a_day_that_was_asked_for_before_is_quick(case: Case) -> None:
    """A warm answer takes less than 0.1 s, a thousand looks at half an hour less than 0.6 s."""
    case.on(DAY, LATER)
    began = time.process_time()
    case.on(DAY, LATER)
    assert time.process_time() - began < 0.1
    first = datetime(2025, 10, 2, 12)
    began = time.process_time()
    for _ in range(1000):
        list(case.history.changes(case.shop, first, first + timedelta(minutes=30), 1))
    assert time.process_time() - began < 0.6
