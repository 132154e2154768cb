"""What is true of 京东's orders in the sandbox: what a pull must bring, to the row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.jd_orders import DAYS_OF_CHANGE, Version, versions_of
from sandbox.world import days

if TYPE_CHECKING:
    from collections.abc import Iterator


def orders_on(number: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
    """Return the orders whose last change up to a moment lies in a day.

    Args:
        number: of the shop, 30001 to 30003.
        day: of Asia/Shanghai.
        seed: of the sandbox.
        as_of: naive, wall clock of Asia/Shanghai.

    Returns:
        a row per order, in order of its last change and number, with the names that the gateway
        uses and `itemCount`; amounts in 元 as exact decimals with two places, times naive,
        `paymentConfirmTime` None while it is unpaid.
    """
    changes, _ = _changes_on(number, day, seed)
    return [row(version) for version in changes if version.is_current(as_of)]


def changes_between(number: int, first: datetime, last: datetime, seed: int) -> Iterator[Version]:
    """Return every change from one second to another, both included, in order."""
    for day in days(first, last):
        changes, moments = _changes_on(number, day, seed)
        yield from changes[bisect_left(moments, first) : bisect_right(moments, last)]


def orders_made_on(number: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
    """Return the orders that were made on a day, as they are at a moment; as `orders_on` does."""
    return [row(one) for one in versions_of(number, day, seed) if one.is_current(as_of)]


def histories_between(number: int, first: datetime, last: datetime, seed: int) -> Iterator[Version]:
    """Return all that the orders ever are which were made from one second to another."""
    for day in days(first, last):
        for version in versions_of(number, day, seed):
            if first <= version.created <= last:
                yield version


def row(version: Version) -> dict[str, Any]:
    """Return a version as `orders_on` does."""
    order = version.order
    return {
        "orderId": order.order_id,
        "venderId": order.shop_id,
        "orderState": version.state,
        "orderStartTime": order.start,
        "paymentConfirmTime": version.paid,
        "shouldPay": yuan(order.should_pay),
        "actualPay": yuan(version.actual_pay),
        "freightPrice": yuan(order.freight),
        "totalSellerDiscount": yuan(order.discount),
        "itemCount": len(order.items),
        "modified": version.modified,
    }


def yuan(cents: int) -> Decimal:
    """Return an amount in 元."""
    return Decimal(cents).scaleb(-2)


@lru_cache(maxsize=512)
def _changes_on(
    number: int, day: date, seed: int
) -> tuple[tuple[Version, ...], tuple[datetime, ...]]:
    """Return every change on a day, of all orders young enough to change on it."""
    births = (day - timedelta(days=age) for age in range(DAYS_OF_CHANGE + 1))
    changes = (
        version
        for birth in births
        for version in versions_of(number, birth, seed)
        if version.modified.date() == day
    )
    ordered = tuple(sorted(changes, key=lambda version: (version.modified, version.key)))
    return ordered, tuple(version.modified for version in ordered)
