"""What is true of the sandbox's orders: what a pull by modified time must bring, to the row."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.orders import DAYS_OF_CHANGE, Version, versions_of
from sandbox.world import days

if TYPE_CHECKING:
    from collections.abc import Iterator


def orders_on(shop_id: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
    """Return the orders whose last change up to a moment lies in a day.

    Args:
        shop_id: 10001 to 10003.
        day: of Asia/Shanghai.
        seed: of the sandbox.
        as_of: naive, wall clock of Asia/Shanghai.

    Returns:
        a row per order, in order of `ts`, with the names that the gateway uses and `item_count`;
        amounts in 元 as exact decimals with two places.
    """
    return [
        row(version) for version in _changes_on(shop_id, day, seed) if version.is_current(as_of)
    ]


def changes_between(shop_id: int, first: datetime, last: datetime, seed: int) -> Iterator[Version]:
    """Return every change from one second to another, both included, in order of `ts`."""
    for day in days(first, last):
        for version in _changes_on(shop_id, day, seed):
            if first <= version.modified <= last:
                yield version


def orders_made_on(shop_id: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
    """Return the orders that were made on a day, as they are at a moment; as `orders_on` does."""
    return [row(one) for one in versions_of(shop_id, day, seed) if one.is_current(as_of)]


def histories_between(
    shop_id: int, first: datetime, last: datetime, seed: int
) -> Iterator[Version]:
    """Return all that the orders ever are which were made from one second to another."""
    for day in days(first, last):
        for version in versions_of(shop_id, day, seed):
            if first <= version.created <= last:
                yield version


def row(version: Version) -> dict[str, Any]:
    """Return a version as `orders_on` does."""
    order = version.order
    return {
        "o_id": order.o_id,
        "so_id": order.so_id,
        "shop_id": order.shop_id,
        "status": version.status,
        "order_date": order.order_date,
        "pay_date": version.pay_date,
        "modified": version.modified,
        "pay_amount": yuan(order.pay_amount),
        "paid_amount": yuan(version.paid_amount),
        "freight": yuan(order.freight),
        "item_count": len(order.items),
        "ts": version.ts,
    }


def yuan(cents: int) -> Decimal:
    """Return an amount in 元."""
    return Decimal(cents).scaleb(-2)


@lru_cache(maxsize=128)
def _changes_on(shop_id: int, day: date, seed: int) -> tuple[Version, ...]:
    """Return every change on a day, of all orders young enough to change on it, by `ts`."""
    births = (day - timedelta(days=age) for age in range(DAYS_OF_CHANGE + 1))
    changes = (
        version
        for birth in births
        for version in versions_of(shop_id, birth, seed)
        if version.modified.date() == day
    )
    return tuple(sorted(changes, key=lambda version: version.ts))
