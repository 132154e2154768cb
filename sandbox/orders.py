"""The sandbox's orders and what becomes of each: a pure function of shop, day and seed.

Only `Random.random` is used: its values are the same in every version of Python. Times are the wall
clock of Asia/Shanghai; amounts are in 分 (cents).
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from sandbox.book import History
from sandbox.catalogue import PRODUCTS, Product
from sandbox.chance import (
    DAYS_OF_CHANGE,
    HOUR,
    MINUTE,
    Changes,
    between,
    moments,
    pick,
    states,
    yuan,
)

FEWEST_ORDERS, MOST_ORDERS, MOST_ITEMS = 200, 400, 5
# Above the digits that the orders' own changes use, for changes on top of those.
FIRST_LOW_OF_DRIFT, LOWS_OF_DRIFT = 80_000, 20_000
SHARE_WITH_COUPON = 0.4
FREIGHTS = (0, 0, 0, 600, 800, 1250)

CHANGES: Changes = {
    "WaitPay": (
        (0.78, "WaitConfirm", 15, 30 * MINUTE),
        (0.07, "WaitFConfirm", 15, 30 * MINUTE),
        (0.06, "Question", 15, 30 * MINUTE),
        (0.09, "Cancelled", 30 * MINUTE, 30 * HOUR),
    ),
    "WaitFConfirm": ((1.0, "WaitConfirm", 10 * MINUTE, 6 * HOUR),),
    "Question": ((0.8, "WaitConfirm", HOUR, 40 * HOUR), (0.2, "Cancelled", HOUR, 60 * HOUR)),
    "WaitConfirm": ((0.97, "Delivering", 5 * MINUTE, 10 * HOUR), (0.03, "Merged", 60, 8 * HOUR)),
    "Delivering": ((0.98, "Sent", HOUR, 40 * HOUR), (0.02, "WaitOuterSent", HOUR, 20 * HOUR)),
    "WaitOuterSent": ((1.0, "Sent", 2 * HOUR, 60 * HOUR),),
    "Sent": ((0.35, "Sent", 6 * HOUR, 90 * HOUR), (0.04, "Cancelled", 6 * HOUR, 110 * HOUR)),
}
UNPAID_AFTER = ("WaitPay", "Cancelled")


class Item(NamedTuple):
    """A line of an order."""

    product: Product
    quantity: int


class Order(NamedTuple):
    """What never changes about an order."""

    o_id: int
    so_id: str
    shop_id: int
    order_date: datetime
    items: tuple[Item, ...]
    freight: int
    free_amount: int

    @property
    def pay_amount(self) -> int:
        """What is to be paid."""
        return (
            sum(item.quantity * item.product.price for item in self.items)
            + self.freight
            - self.free_amount
        )


class Version(NamedTuple):
    """An order from one change (`modified`) until the next (`superseded`, exclusive)."""

    order: Order
    status: str
    modified: datetime
    superseded: datetime
    pay_date: datetime | None
    ts: int

    @property
    def key(self) -> int:
        """The order's number."""
        return self.order.o_id

    @property
    def shop_id(self) -> int:
        """The order's shop."""
        return self.order.shop_id

    @property
    def paid_amount(self) -> int:
        """What has been paid."""
        return self.order.pay_amount if self.pay_date else 0

    @property
    def created(self) -> datetime:
        """When it was made."""
        return self.order.order_date

    def is_current(self, now: datetime) -> bool:
        """Return whether it is what the order is at a moment."""
        return self.modified <= now < self.superseded

    def changed(self, now: datetime, number: int) -> Version:
        """Return the order after one more change; no two changes share a number."""
        ts = ts_of(now, FIRST_LOW_OF_DRIFT + number % LOWS_OF_DRIFT)
        return self._replace(modified=now, ts=ts)


@lru_cache(maxsize=128)
def versions_of(shop_id: int, day: date, seed: int) -> tuple[Version, ...]:
    """Return all that the orders made on a day ever are."""
    random = Random(f"{seed}:{shop_id}:{day.isoformat()}")  # noqa: S311 - data, not secrets
    versions: list[Version] = []
    for number, start in enumerate(moments(random, day, FEWEST_ORDERS, MOST_ORDERS)):
        versions += _history(random, _order(random, shop_id, start, number))
    return tuple(versions)


def ts_of(modified: datetime, low: int) -> int:
    """Return the version number of a change: it grows with time; `low` (< 100,000) tells apart."""
    return int((modified - datetime(2000, 1, 1)).total_seconds()) * 100_000 + low  # noqa: DTZ001 - wall clock


def _order(random: Random, shop_id: int, order_date: datetime, number: int) -> Order:
    day = order_date.date()
    lines = between(random, 1, MOST_ITEMS)
    return Order(
        o_id=(day.toordinal() - date(2000, 1, 1).toordinal()) * 10_000
        + shop_id % 10 * 1000
        + number,
        so_id=f"{day:%y%m%d}-{shop_id}{number:03}{int(random.random() * 10**7):07}",
        shop_id=shop_id,
        order_date=order_date,
        items=tuple(Item(pick(random, PRODUCTS), between(random, 1, 3)) for _ in range(lines)),
        freight=pick(random, FREIGHTS),
        free_amount=between(random, 1, 500) if random.random() < SHARE_WITH_COUPON else 0,
    )


def _history(random: Random, order: Order) -> list[Version]:
    pay_date, versions = None, []
    # Orders of one week never share these digits, so no two changes in one second share a ts.
    low = (order.o_id // 10_000 % (DAYS_OF_CHANGE + 1)) * 10_000 + order.o_id % 10_000
    for status, modified, superseded in states(random, CHANGES, "WaitPay", order.order_date):
        if pay_date is None and status not in UNPAID_AFTER:
            pay_date = modified
        ts = ts_of(modified, low)
        versions.append(Version(order, status, modified, superseded, pay_date, ts))
    return versions


def told(version: Version) -> dict[str, Any]:
    """Return what a pull must bring: the gateway's names and `item_count`; amounts in 元."""
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


HISTORY = History(versions_of, told, attrgetter("ts"))
