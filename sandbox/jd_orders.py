"""The orders of 京东's sandbox shops and what becomes of each: a function of shop, day and seed.

Times are the wall clock of Asia/Shanghai; amounts are in 分 (cents).
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from sandbox.book import History
from sandbox.catalogue import PRODUCTS, Product
from sandbox.chance import HOUR, MINUTE, Changes, between, moments, pick, states, yuan

SHOP_NAMES = {30001: "云朵家居京东店", 30002: "山野户外京东店", 30003: "小满食品京东店"}
FEWEST_ORDERS, MOST_ORDERS, MOST_ITEMS = 150, 350, 4
SHARE_PAID_ON_DELIVERY, SHARE_WITH_DISCOUNT = 0.06, 0.35
FREIGHTS = (0, 0, 0, 0, 600, 1490)

PAUSE, TO_SHIP, SHIPPED, DONE = (
    "PAUSE",
    "WAIT_SELLER_STOCK_OUT",
    "WAIT_GOODS_RECEIVE_CONFIRM",
    "FINISHED_L",
)
LOCKED, HELD, CANCELLED = "LOCKED", "POP_ORDER_PAUSE", "TRADE_CANCELED"
STATES = frozenset((PAUSE, TO_SHIP, SHIPPED, DONE, LOCKED, HELD, CANCELLED))
CHANGES: Changes = {
    PAUSE: ((0.93, TO_SHIP, 15, 30 * MINUTE), (0.07, CANCELLED, 30 * MINUTE, 30 * HOUR)),
    TO_SHIP: (
        (0.90, SHIPPED, 20 * MINUTE, 40 * HOUR),
        (0.04, LOCKED, MINUTE, 20 * HOUR),
        (0.02, HELD, MINUTE, 8 * HOUR),
        (0.04, CANCELLED, MINUTE, 20 * HOUR),
    ),
    HELD: ((1.0, TO_SHIP, 10 * MINUTE, 20 * HOUR),),
    LOCKED: ((0.7, CANCELLED, 10 * MINUTE, 40 * HOUR), (0.3, TO_SHIP, 10 * MINUTE, 20 * HOUR)),
    SHIPPED: (
        (0.20, SHIPPED, 2 * HOUR, 30 * HOUR),
        (0.72, DONE, 8 * HOUR, 90 * HOUR),
        (0.04, CANCELLED, 8 * HOUR, 90 * HOUR),
    ),
    DONE: ((0.12, DONE, HOUR, 60 * HOUR),),
}
UNPAID_AFTER = frozenset((PAUSE, CANCELLED))


class Item(NamedTuple):
    """A line of an order."""

    product: Product
    quantity: int


class Order(NamedTuple):
    """What never changes about an order."""

    order_id: int
    shop_id: int
    start: datetime
    items: tuple[Item, ...]
    freight: int
    discount: int
    paid_on_delivery: bool

    @property
    def should_pay(self) -> int:
        """What is to be paid."""
        goods = sum(item.quantity * item.product.price for item in self.items)
        return goods + self.freight - self.discount


class Version(NamedTuple):
    """An order from one change (`modified`) until the next (`superseded`, exclusive)."""

    order: Order
    state: str
    modified: datetime
    superseded: datetime
    paid: datetime | None

    @property
    def key(self) -> int:
        """The order's number."""
        return self.order.order_id

    @property
    def shop_id(self) -> int:
        """The order's shop."""
        return self.order.shop_id

    @property
    def actual_pay(self) -> int:
        """What has been paid."""
        return self.order.should_pay if self.paid else 0

    @property
    def created(self) -> datetime:
        """When it was made."""
        return self.order.start

    def is_current(self, now: datetime) -> bool:
        """Return whether it is what the order is at a moment."""
        return self.modified <= now < self.superseded

    def changed(self, now: datetime, number: int) -> Version:  # noqa: ARG002 - a second is all the platform tells
        """Return the order after one more change."""
        return self._replace(modified=now)


@lru_cache(maxsize=512)
def versions_of(shop_id: int, day: date, seed: int) -> tuple[Version, ...]:
    """Return all that the orders made on a day ever are."""
    random = Random(f"jd:{seed}:{shop_id}:{day.isoformat()}")  # noqa: S311 - data, not secrets
    versions: list[Version] = []
    for number, start in enumerate(moments(random, day, FEWEST_ORDERS, MOST_ORDERS)):
        versions += _history(random, _order(random, shop_id, start, number))
    return tuple(versions)


def _order(random: Random, shop_id: int, start: datetime, number: int) -> Order:
    day_number = start.date().toordinal() - date(2000, 1, 1).toordinal()
    lines = between(random, 1, MOST_ITEMS)
    return Order(
        order_id=300_000_000_000 + day_number * 10_000 + shop_id % 10 * 1000 + number,
        shop_id=shop_id,
        start=start,
        items=tuple(Item(pick(random, PRODUCTS), between(random, 1, 3)) for _ in range(lines)),
        freight=pick(random, FREIGHTS),
        discount=between(random, 1, 600) if random.random() < SHARE_WITH_DISCOUNT else 0,
        paid_on_delivery=random.random() < SHARE_PAID_ON_DELIVERY,
    )


def _history(random: Random, order: Order) -> list[Version]:
    versions, paid = [], None
    first = TO_SHIP if order.paid_on_delivery else PAUSE
    for state, modified, superseded in states(random, CHANGES, first, order.start):
        pays = state == DONE if order.paid_on_delivery else state not in UNPAID_AFTER
        if paid is None and pays:
            paid = modified
        versions.append(Version(order, state, modified, superseded, paid))
    return versions


def told(version: Version) -> dict[str, Any]:
    """Return what a pull must bring: the gateway's names and `itemCount`; amounts in 元.

    `paymentConfirmTime` is None while it is unpaid.
    """
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


HISTORY = History(versions_of, told)
