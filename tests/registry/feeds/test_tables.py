"""The tables that feeds land in."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from include.periods import Period
from include.registry.feeds.tables import TABLES

SHANGHAI = ZoneInfo("Asia/Shanghai")
SEPTEMBER = Period(
    "2025-09", datetime(2025, 9, 1, tzinfo=SHANGHAI), datetime(2025, 10, 1, tzinfo=SHANGHAI)
)


def test_tables_that_land_by_period() -> None:
    """Those, and no others, whose key holds a shop and a period."""
    assert {name: table.key for name, table in TABLES.items()} == {
        "pdd_reviews": ["review_id"],
        "pdd_chat_daily": ["agent_id"],
        "pdd_kpi": ["agent_id"],
    }


def test_what_is_filled_in() -> None:
    """The scope says what is replaced; the other columns of the period go into each row."""
    kpi = TABLES["pdd_kpi"]
    assert kpi.scope_of("pdd-1", "month", SEPTEMBER) == {
        "shop_id": "pdd-1",
        "period": "month",
        "period_key": "2025-09",
    }
    assert kpi.filled_in(SEPTEMBER) == {
        "first_day": date(2025, 9, 1),
        "last_day": date(2025, 9, 30),
    }
    assert not kpi.filled & kpi.columns.keys()
    reviews = TABLES["pdd_reviews"]
    assert reviews.scope_of("pdd-1", "day", SEPTEMBER)["business_day"] == date(2025, 9, 1)
    assert reviews.filled_in(SEPTEMBER) == {}


@pytest.mark.parametrize(
    ("table", "kind", "fits"),
    [
        ("pdd_reviews", "day", True),
        ("pdd_reviews", "month", False),
        ("pdd_chat_daily", "tick", False),
        ("pdd_kpi", "day", True),
        ("pdd_kpi", "month", True),
        ("pdd_kpi", "tick", False),
    ],
)
def test_kinds_of_period(table: str, kind: str, *, fits: bool) -> None:
    """What a table cannot keep is refused with what it can."""
    assert (TABLES[table].misfit(kind) == "") is fits
