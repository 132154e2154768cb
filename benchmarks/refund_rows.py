"""The rows that `load.py` and `load_by_dlt.py` load; the standard library is all it needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

MIDNIGHT = datetime(2025, 10, 2)  # noqa: DTZ001 - a wall clock, as the platform's are
REASONS = ("不想要了", "质量问题", "与商品描述不符", None)


def refunds(count: int, shop: str, changed: int = 0) -> list[dict[str, Any]]:
    """Make rows of `pdd_refunds`: a shop's day.

    Args:
        count: how many.
        shop: whose.
        changed: how often each has changed since; the newer version of a row has more.
    """
    return [_refund(number, shop, changed) for number in range(count)]


def _refund(number: int, shop: str, changed: int) -> dict[str, Any]:
    created = MIDNIGHT + timedelta(seconds=number * 7 % 86_400)
    return {
        "shop_id": shop,
        "refund_id": 880_000_000_000 + number * 7919,
        "order_sn": f"251002-{number * 104_729:015}",
        "after_sales_type": 2 + number % 5,
        "after_sales_status": 2 + (number + changed) % 9,
        "dispute_status": number % 2,
        "reason": REASONS[number % len(REASONS)],
        "is_quality_reason": number % 2,
        "refund_amount": Decimal(number * 31 % 99_999) / 100,
        "order_amount": Decimal(number * 37 % 99_999) / 100,
        "goods_id": 600_000_000 + number % 500,
        "created_time": created,
        "created_day": created.date(),
        "updated_time": created + timedelta(minutes=changed),
    }


def reviews(count: int) -> list[dict[str, Any]]:
    """Make rows of `pdd_reviews`, without the columns of their scope."""
    return [
        {
            "review_id": f"r{number * 104_729:012}",
            "order_sn": f"251002-{number * 104_729:015}",
            "goods_id": 600_000_000 + number % 500,
            "goods_name": f"纯棉四件套 {number % 500}",
            "score": 1 + number % 2,
            "content": "颜色和图片不一样，客服也不回" * (1 + number % 3),
            "created_time": MIDNIGHT + timedelta(seconds=number * 7 % 86_400),
        }
        for number in range(count)
    ]
