"""Feeds as tests write them, and a day to ask them for."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.periods import Period
from include.platforms.feed.dialect import connection_of
from include.registry.feeds import Blanks, Feed, load_feeds
from sandbox.credentials import FEED_TOKEN

if TYPE_CHECKING:
    from include.gateways.connection import Connection

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = Period(
    "2025-10-02",
    datetime(2025, 10, 2, tzinfo=SHANGHAI),
    datetime(2025, 10, 3, tzinfo=SHANGHAI),
)
SHOP = 20001
BLANKS = Blanks(str(SHOP), "day", DAY, SHANGHAI)
DELIVERED = load_feeds().by_id
REVIEWS: dict[str, Any] = {
    "id": "reviews",
    "name": "差评",
    "connection": "our_feed",
    "path": "/reviews",
    "rows": "rows",
    "table": "pdd_reviews",
    "fields": {
        "review_id": "id",
        "order_sn": "sn",
        "goods_id": "goods",
        "goods_name": "name",
        "score": "stars",
        "content": "text",
        "created_time": "at",
    },
    "key": ["review_id"],
    "within": "created_time",
}
KPI: dict[str, Any] = REVIEWS | {
    "id": "kpi",
    "path": "/kpi",
    "table": "pdd_kpi",
    "fields": {
        "agent_id": "id",
        "sessions": "sessions",
        "orders": "orders",
        "sales_amount": "sales",
        "conversion_rate": "rate",
    },
    "key": ["agent_id"],
    "within": None,
}
REVIEW = {
    "id": "r1",
    "sn": None,
    "goods": 5,
    "name": "毛毯",
    "stars": 1,
    "text": "差",
    "at": "2025-10-02T08:30:00+08:00",
}
AGENT = {"id": "a1", "sessions": 3, "orders": 2, "sales": 12, "rate": None}


def feed_of(sample: dict[str, Any], **changes: Any) -> Feed:
    """Return a feed, with some keys changed."""
    return Feed.model_validate(sample | changes)


def connection_to(
    base_url: str, feed: Feed, password: str = FEED_TOKEN, **extra: str
) -> Connection:
    """Return a feed's connection; with a bearer token unless the extra says otherwise."""
    fields = {"conn_type": "http", "host": base_url, "password": password, "extra": extra}
    return connection_of(feed, {f"AIRFLOW_CONN_{feed.connection.upper()}": json.dumps(fields)})
