"""The truth of a day is what its after-sales cases are as of a moment, and nothing else."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta

from sandbox.pdd_refunds import versions_of
from sandbox.pdd_truth import changes_between, refunds_on

DAY = date(2025, 10, 2)
LATER = datetime(2025, 11, 1)


def by_hand(number: int, day: date, as_of: datetime) -> dict[int, int]:
    """Return the status of a day's cases the slow way: the last version of every case near it."""
    last = {}
    for age in range(10, -2, -1):
        for one in versions_of(number, day - timedelta(days=age), 1):
            if one.modified <= as_of:
                last[one.case.id] = one
    return {case: one.status for case, one in last.items() if one.modified.date() == day}


def test_a_day_holds_the_last_versions_of_its_cases() -> None:
    """Counted another way, the rows are the same, whenever one looks."""
    for as_of in (LATER, datetime(2025, 10, 2, 15), datetime(2025, 10, 4)):
        rows = refunds_on(20003, DAY, 1, as_of)
        found = {row["id"]: row["after_sales_status"] for row in rows}
        assert found == by_hand(20003, DAY, as_of)
        assert len(found) == len(rows)


def test_cases_that_change_later_leave_the_day() -> None:
    """Of the cases that a day has at its end, some are gone later, and none has come."""
    at_its_end = {row["id"] for row in refunds_on(20001, DAY, 1, datetime(2025, 10, 3))}
    much_later = {row["id"] for row in refunds_on(20001, DAY, 1, LATER)}
    assert much_later < at_its_end
    assert len(much_later) > 50


def test_every_case_is_in_exactly_one_day() -> None:
    """Over all days a case made on one of them is true once."""
    first = DAY + timedelta(days=7)
    rows = [
        row for number in range(14) for row in refunds_on(20001, DAY + timedelta(number), 1, LATER)
    ]
    made = {one.case.id for one in versions_of(20001, first, 1)}
    assert sorted(row["id"] for row in rows if row["id"] in made) == sorted(made)


def test_a_day_to_come_is_empty() -> None:
    """The sandbox knows nothing of tomorrow."""
    assert refunds_on(20001, DAY, 1, datetime(2025, 10, 1, 23, 59, 59)) == []


def test_a_stretch_is_cut_from_its_days() -> None:
    """Both ends are part of it, also over midnight."""
    first, last = datetime(2025, 10, 2, 23, 50), datetime(2025, 10, 3, 0, 10)
    slow = [
        one
        for age in range(8)
        for one in versions_of(20001, date(2025, 10, 3) - timedelta(days=age), 1)
        if first <= one.modified <= last
    ]
    quick = list(changes_between(20001, first, last, 1))
    assert sorted(quick) == sorted(slow)
    assert [one.modified for one in quick] == sorted(one.modified for one in slow)


def test_half_an_hour_of_a_day_that_was_asked_for_before_is_quick() -> None:
    """A thousand warm looks take less than 0.2 s of the processor."""
    first = datetime(2025, 10, 2, 12)
    list(changes_between(20001, first, first, 1))
    began = time.process_time()
    for _ in range(1000):
        list(changes_between(20001, first, first + timedelta(minutes=30), 1))
    assert time.process_time() - began < 0.2
