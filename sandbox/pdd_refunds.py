"""The after-sales cases of 拼多多's sandbox shops, and what becomes of each.

A pure function of shop, day and seed. Only `Random.random` is used: its values are the same in
every version of Python. Times are the wall clock of Asia/Shanghai; amounts are in 分 (cents).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from sandbox.book import History
from sandbox.catalogue import PRODUCTS, Product
from sandbox.chance import HOUR, MINUTE, NEVER, Changes, between, moments, pick, states, yuan

FEWEST_CASES, MOST_CASES = 60, 200
# Every seventh day a shop has a sale; in its evening many regret at once, and are refunded at once:
# more in half an hour and one status than a page of the gateway holds.
DAYS_BETWEEN_SALES = 7
FEWEST_REGRETS, MOST_REGRETS = 220, 320
REGRETS_BEGIN, SECONDS_OF_REGRETS = timedelta(hours=20), 25 * 60

REFUND, RETURN, EXCHANGE, RESEND, REPAIR = 2, 3, 4, 5, 6
KINDS = ((0.52, REFUND), (0.32, RETURN), (0.07, EXCHANGE), (0.05, RESEND), (0.04, REPAIR))
FIRST_STATUS = {REFUND: 2, RETURN: 3, EXCHANGE: 14, RESEND: 32, REPAIR: 21}
DISPUTED, REFUNDED = 8, 10
REASONS: dict[int, tuple[str, ...]] = {
    REFUND: (
        "不想要了",
        "拍错/多拍",
        "质量问题",
        "少件/漏发",
        "商品变质",
        "未按约定时间发货",
        "其他原因",
    ),
    RETURN: (
        "尺码不合适",
        "商品与描述不符",
        "做工粗糙有瑕疵",
        "收到假货",
        "七天无理由退货",
        "包装破损",
    ),
    EXCHANGE: ("尺码拍错", "商品破损", "发错货", "颜色不喜欢"),
    RESEND: ("少件/漏发", "商品破损", "快递丢件"),
    REPAIR: ("功能故障", "质量问题", "配件损坏"),
}
# Of those who want money back, some want a part of it.
SHARE_IN_PART = 0.2
# Where no second passes, the earlier status was never seen.
CHANGES: Changes = {
    2: (
        (0.44, 4, MINUTE, 20 * HOUR),
        (0.14, 10, 0, 5),
        (0.12, 5, 2 * HOUR, 40 * HOUR),
        (0.12, 6, 10 * MINUTE, 30 * HOUR),
        (0.05, 8, HOUR, 30 * HOUR),
        (0.06, 11, MINUTE, 20 * HOUR),
        (0.04, 31, 10 * MINUTE, 10 * HOUR),
    ),
    3: (
        (0.62, 7, 5 * MINUTE, 30 * HOUR),
        (0.12, 6, 10 * MINUTE, 30 * HOUR),
        (0.07, 8, HOUR, 30 * HOUR),
        (0.10, 11, MINUTE, 20 * HOUR),
        (0.05, 33, 10 * MINUTE, 10 * HOUR),
    ),
    4: ((1.0, 10, 0, 10 * MINUTE),),
    5: ((1.0, 10, 0, 30 * MINUTE),),
    6: (
        (0.35, 8, HOUR, 20 * HOUR),
        (0.25, 11, HOUR, 30 * HOUR),
        (0.25, 12, 24 * HOUR, 48 * HOUR),
    ),
    7: (
        (0.70, 10, 12 * HOUR, 90 * HOUR),
        (0.15, 13, 48 * HOUR, 100 * HOUR),
        (0.05, 11, HOUR, 40 * HOUR),
    ),
    8: ((0.55, 5, 4 * HOUR, 40 * HOUR), (0.35, 9, 4 * HOUR, 40 * HOUR)),
    14: ((0.35, 15, HOUR, 20 * HOUR), (0.45, 18, HOUR, 30 * HOUR), (0.12, 17, HOUR, 40 * HOUR)),
    15: ((0.7, 18, HOUR, 30 * HOUR), (0.15, 17, 24 * HOUR, 48 * HOUR)),
    18: ((0.85, 16, 6 * HOUR, 60 * HOUR),),
    32: ((0.8, 18, HOUR, 30 * HOUR), (0.1, 17, HOUR, 40 * HOUR)),
    21: ((0.75, 22, HOUR, 20 * HOUR), (0.15, 24, HOUR, 30 * HOUR)),
    22: ((0.7, 27, 6 * HOUR, 40 * HOUR), (0.1, 24, 24 * HOUR, 60 * HOUR)),
    27: ((0.9, 25, 6 * HOUR, 40 * HOUR),),
    31: ((0.8, 10, 6 * HOUR, 60 * HOUR), (0.1, 13, 24 * HOUR, 60 * HOUR)),
    33: ((0.8, 10, HOUR, 40 * HOUR), (0.1, 9, HOUR, 40 * HOUR)),
}
STATUSES = frozenset(CHANGES) | {change[1] for changes in CHANGES.values() for change in changes}


class Case(NamedTuple):
    """What never changes about a case."""

    id: int
    order_sn: str
    shop_id: int
    kind: int
    reason: str
    product: Product
    quantity: int
    discount: int
    refund_amount: int
    created: datetime

    @property
    def order_amount(self) -> int:
        """What was paid for the order."""
        return self.quantity * self.product.price - self.discount

    @property
    def goods_id(self) -> int:
        """The platform's number of what was bought."""
        return 600_000_000_000 + PRODUCTS.index(self.product)


class Version(NamedTuple):
    """A case from one change (`modified`) until the next (`superseded`, exclusive)."""

    case: Case
    status: int
    disputed: bool
    modified: datetime
    superseded: datetime

    @property
    def key(self) -> int:
        """The case's number."""
        return self.case.id

    @property
    def shop_id(self) -> int:
        """The case's shop."""
        return self.case.shop_id

    @property
    def created(self) -> datetime:
        """When it was made."""
        return self.case.created

    def is_current(self, now: datetime) -> bool:
        """Return whether it is what the case is at a moment."""
        return self.modified <= now < self.superseded

    def changed(self, now: datetime, number: int) -> Version:  # noqa: ARG002 - a second is all the platform tells
        """Return the case after one more change."""
        return self._replace(modified=now)


def is_sale(shop_id: int, day: date) -> bool:
    """Return whether a shop has a sale on a day."""
    return (day.toordinal() + shop_id) % DAYS_BETWEEN_SALES == 0


@lru_cache(maxsize=1024)
def versions_of(shop_id: int, day: date, seed: int) -> tuple[Version, ...]:
    """Return all that the cases made on a day ever are."""
    random = Random(f"pdd:{seed}:{shop_id}:{day.isoformat()}")  # noqa: S311 - data, not secrets
    versions: list[Version] = []
    created = moments(random, day, FEWEST_CASES, MOST_CASES)
    for number, moment in enumerate(created):
        kind = _weighted(random)
        versions += _history(random, _case(random, shop_id, moment, number, kind))
    if is_sale(shop_id, day):
        midnight, regrets = datetime.combine(day, datetime.min.time()), len(created)
        for number in range(regrets, regrets + between(random, FEWEST_REGRETS, MOST_REGRETS)):
            versions += _regret(random, shop_id, midnight, number)
    return tuple(versions)


def _case(random: Random, shop_id: int, created: datetime, number: int, kind: int) -> Case:
    day = created.date()
    product, quantity = pick(random, PRODUCTS), between(random, 1, 3)
    discount = between(random, 0, 500)
    paid = quantity * product.price - discount
    share = between(random, 1, paid) if random.random() < SHARE_IN_PART else paid
    tail = int(random.random() * 10**6)
    return Case(
        id=(day.toordinal() - date(2000, 1, 1).toordinal()) * 1_000_000
        + shop_id % 100 * 10_000
        + number,
        order_sn=f"{day - timedelta(days=3):%y%m%d}-{shop_id}{number:04}{tail:06}",
        shop_id=shop_id,
        kind=kind,
        reason=pick(random, REASONS[kind]),
        product=product,
        quantity=quantity,
        discount=discount,
        refund_amount=share if kind in (REFUND, RETURN) else 0,
        created=created,
    )


def _history(random: Random, case: Case) -> list[Version]:
    versions, disputed = [], False
    first = FIRST_STATUS[case.kind]
    for status, modified, superseded in states(random, CHANGES, first, case.created):
        disputed = disputed or status == DISPUTED
        versions.append(Version(case, status, disputed, modified, superseded))
    return versions


def _regret(random: Random, shop_id: int, midnight: datetime, number: int) -> list[Version]:
    created = midnight + REGRETS_BEGIN + timedelta(seconds=between(random, 0, SECONDS_OF_REGRETS))
    case = _case(random, shop_id, created, number, REFUND)
    refunded = created + timedelta(seconds=between(random, 0, 5))
    return [
        Version(case, FIRST_STATUS[REFUND], False, created, refunded),  # noqa: FBT003 - not disputed
        Version(case, REFUNDED, False, refunded, NEVER),  # noqa: FBT003 - the same
    ]


def _weighted(random: Random) -> int:
    chance = random.random()
    for probability, kind in KINDS:
        chance -= probability
        if chance < 0:
            return kind
    return REFUND


def told(version: Version) -> dict[str, Any]:
    """Return what a pull must bring: the gateway's names; amounts in 元."""
    case = version.case
    return {
        "id": case.id,
        "order_sn": case.order_sn,
        "after_sales_type": case.kind,
        "after_sales_status": version.status,
        "dispute_refund_status": int(version.disputed),
        "after_sale_reason": case.reason,
        "refund_amount": yuan(case.refund_amount),
        "order_amount": yuan(case.order_amount),
        "goods_id": case.goods_id,
        "created_time": case.created,
        "updated_time": version.modified,
    }


HISTORY = History(versions_of, told)
