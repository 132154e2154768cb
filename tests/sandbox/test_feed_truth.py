"""The truth of a feed's period is a pure function of shop, period and seed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.credentials import SHOPS_OF
from sandbox.feed_truth import last_day_of, rows_on

DAY = date(2025, 10, 2)
DAYS = [DAY + timedelta(days=number) for number in range(30)]
SHOPS = SHOPS_OF["pdd"]


@pytest.mark.parametrize("feed", ["reviews", "chat", "kpi"])
def test_it_is_a_function_of_what_it_is_asked(feed: str) -> None:
    """The same again is the same; another shop, day or seed is not."""
    rows = rows_on(feed, 20001, "day", DAY, 1)
    assert rows == rows_on(feed, 20001, "day", DAY, 1)
    assert rows != rows_on(feed, 20002, "day", DAY, 1)
    assert rows != rows_on(feed, 20001, "day", DAY + timedelta(days=1), 1)
    assert rows != rows_on(feed, 20001, "day", DAY, 2)


def test_reviews_are_bad_ones_of_their_day() -> None:
    """Up to 40 a day, with 1 to 3 stars; some days have none, some reviews no text."""
    counts, contents = set(), set()
    for day in DAYS:
        rows = rows_on("reviews", 20001, "day", day, 1)
        counts.add(len(rows))
        contents |= {row["content"] for row in rows}
        assert {row["score"] for row in rows} <= {1, 2, 3}
        assert all(row["created_time"].date() == day for row in rows)
        assert len({row["review_id"] for row in rows}) == len(rows)
        assert not rows or rows[0]["created_time"] == datetime.combine(day, datetime.min.time())
    assert max(counts) > 30
    assert max(counts) <= 40
    assert {None, ""} < contents


def test_some_shop_has_a_day_without_reviews() -> None:
    """So an empty unit is among what is tried."""
    counts = {len(rows_on("reviews", shop, "day", day, 1)) for shop in SHOPS for day in DAYS}
    assert 0 in counts


@pytest.mark.parametrize("shop", SHOPS)
def test_every_shop_has_its_agents(shop: int) -> None:
    """Three to eight, the same in chat and KPI, one of them without a name."""
    agents = {row["agent_id"]: row["agent_name"] for row in rows_on("chat", shop, "day", DAY, 1)}
    kpi = {row["agent_id"]: row["agent_name"] for row in rows_on("kpi", shop, "month", DAY, 1)}
    assert agents == kpi
    assert 3 <= len(agents) <= 8
    assert list(agents.values()).count(None) == 1


def test_numbers_agree_with_each_other() -> None:
    """Nobody replies to more sessions than there were; rates are shares, or none of nothing."""
    for shop in SHOPS:
        for day in DAYS:
            for row in rows_on("chat", shop, "day", day, 1):
                assert 0 <= row["replied_sessions"] <= row["sessions"]
                assert (row["reply_rate_3min"] is None) == (row["sessions"] == 0)
            for row in rows_on("kpi", shop, "day", day, 1):
                assert 0 <= row["orders"] <= row["sessions"]
                assert row["conversion_rate"] is None or 0 <= row["conversion_rate"] <= 1
                assert row["sales_amount"] == row["sales_amount"].quantize(Decimal("0.01"))


def test_a_period_of_each_kind_is_one_of_its_own() -> None:
    """The week's KPI is not the day's, nor the month's."""
    kinds = [rows_on("kpi", 20001, kind, date(2025, 9, 1), 1) for kind in ("day", "week", "month")]
    assert all(kinds[place] != kinds[place - 1] for place in range(3))


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("day", DAY, DAY),
        ("week", date(2025, 9, 27), date(2025, 10, 3)),
        ("month", date(2024, 2, 1), date(2024, 2, 29)),
        ("month", date(2025, 12, 1), date(2025, 12, 31)),
    ],
)
def test_last_days(kind: str, first: date, last: date) -> None:
    """As the calendar has them."""
    assert last_day_of(kind, first) == last
