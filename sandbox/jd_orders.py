"""The orders of 京东's sandbox shops and what becomes of each: a function of shop, day and seed.

Times are the wall clock of Asia/Shanghai; amounts are in 分 (cents).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import NamedTuple

from sandbox.catalogue import PRODUCTS, Product
from sandbox.chance import Changes, between, following, pick

SHOP_NAMES = {30001: "云朵家居京东店", 30002: "山野户外京东店", 30003: "小满食品京东店"}
FEWEST_ORDERS, MOST_ORDERS, MOST_ITEMS = 150, 350, 4
# An order changes for the last time on the sixth day after that of its creation.
DAYS_OF_CHANGE = 6
NEVER = datetime.max  # noqa: DTZ901 - wall clock
SECONDS_PER_DAY = 24 * 60 * 60
SHARE_PAID_ON_DELIVERY, SHARE_WITH_DISCOUNT = 0.06, 0.35
FREIGHTS = (0, 0, 0, 0, 600, 1490)

MINUTE, HOUR = 60, 3600
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
    midnight = datetime.combine(day, datetime.min.time())
    count = between(random, FEWEST_ORDERS, MOST_ORDERS)
    # The square root makes evenings busier than mornings.
    seconds = sorted(int(random.random() ** 0.5 * SECONDS_PER_DAY) for _ in range(count))
    versions: list[Version] = []
    for number, second in enumerate(seconds):
        order = _order(random, shop_id, midnight + timedelta(seconds=second), number)
        versions += _history(random, order)
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
    end = datetime.combine(order.start.date(), datetime.min.time())
    end += timedelta(days=DAYS_OF_CHANGE + 1)
    changes = [(TO_SHIP if order.paid_on_delivery else PAUSE, order.start)]
    while (change := following(random, CHANGES, *changes[-1])) and change[1] < end:
        changes.append(change)
    followers = [*(moment for _, moment in changes[1:]), NEVER]
    versions, paid = [], None
    for (state, modified), superseded in zip(changes, followers, strict=True):
        if paid is None and _pays(order, state):
            paid = modified
        versions.append(Version(order, state, modified, superseded, paid))
    return versions


def _pays(order: Order, state: str) -> bool:
    return state == DONE if order.paid_on_delivery else state not in UNPAID_AFTER
