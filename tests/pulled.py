"""What a pull of an older day brings from a sandbox that stands still, by the sandbox's truth.

That is what changed on the day and on the one after it, and, where the platform lists orders by
their creation, all that were made on the day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.sandbox import truth

SEED = 1
Rows = list[dict[str, Any]]


def erp_orders(shop_id: int, day: date, as_of: datetime) -> Rows:
    """Return a shop's orders, with the gateway's names."""
    made = truth.ERP.made_on(shop_id, day, SEED, as_of)
    return _each_once("o_id", made, *(truth.ERP.on(shop_id, on, SEED, as_of) for on in _two(day)))


def jd_orders(number: int, day: date, as_of: datetime) -> Rows:
    """Return a shop's orders, with the gateway's names."""
    made = truth.JD.made_on(number, day, SEED, as_of)
    changed = (truth.JD.on(number, on, SEED, as_of) for on in _two(day))
    return _each_once("orderId", made, *changed)


def pdd_refunds(number: int, day: date, as_of: datetime) -> Rows:
    """Return a shop's cases, with the gateway's names."""
    return _each_once("id", *(truth.PDD.on(number, on, SEED, as_of) for on in _two(day)))


def _two(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


def _each_once(key: str, *several: Rows) -> Rows:
    return list({row[key]: row for rows in several for row in rows}.values())
