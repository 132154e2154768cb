"""What is true of 拼多多's after-sales in the sandbox: what a pull must bring, to the row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.pdd_refunds import DAYS_OF_CHANGE, Version, versions_of
from sandbox.world import days

if TYPE_CHECKING:
    from collections.abc import Iterator


def refunds_on(number: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
    """Return the cases whose last change up to a moment lies in a day.

    Args:
        number: of the shop, 20001 to 20006.
        day: of Asia/Shanghai.
        seed: of the sandbox.
        as_of: naive, wall clock of Asia/Shanghai.

    Returns:
        a row per case, in order of its last change and number, with the names that the gateway
        uses; amounts in 元 as exact decimals with two places, times naive.
    """
    changes, _ = _changes_on(number, day, seed)
    return [row(version) for version in changes if version.is_current(as_of)]


def changes_between(number: int, first: datetime, last: datetime, seed: int) -> Iterator[Version]:
    """Return every change from one second to another, both included, in order."""
    for day in days(first, last):
        changes, moments = _changes_on(number, day, seed)
        yield from changes[bisect_left(moments, first) : bisect_right(moments, last)]


def refunds_made_on(number: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
    """Return the cases that were made on a day, as they are at a moment; as `refunds_on` does."""
    return [row(one) for one in versions_of(number, day, seed) if one.is_current(as_of)]


def histories_between(number: int, first: datetime, last: datetime, seed: int) -> Iterator[Version]:
    """Return all that the cases ever are which were made from one second to another."""
    for day in days(first, last):
        for version in versions_of(number, day, seed):
            if first <= version.created <= last:
                yield version


def row(version: Version) -> dict[str, Any]:
    """Return a version as `refunds_on` does."""
    case = version.case
    return {
        "id": case.id,
        "order_sn": case.order_sn,
        "after_sales_type": case.kind,
        "after_sales_status": version.status,
        "dispute_refund_status": int(version.disputed),
        "after_sale_reason": case.reason,
        "refund_amount": Decimal(case.refund_amount).scaleb(-2),
        "order_amount": Decimal(case.order_amount).scaleb(-2),
        "goods_id": case.goods_id,
        "created_time": case.created,
        "updated_time": version.modified,
    }


@lru_cache(maxsize=512)
def _changes_on(
    number: int, day: date, seed: int
) -> tuple[tuple[Version, ...], tuple[datetime, ...]]:
    """Return every change on a day, of all cases young enough to change on it."""
    births = (day - timedelta(days=age) for age in range(DAYS_OF_CHANGE + 1))
    changes = (
        version
        for birth in births
        for version in versions_of(number, birth, seed)
        if version.modified.date() == day
    )
    ordered = tuple(sorted(changes, key=lambda version: (version.modified, version.case.id)))
    return ordered, tuple(version.modified for version in ordered)
