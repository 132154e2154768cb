"""How 拼多多's gateway writes the rows of its refund list."""

from __future__ import annotations

from calendar import timegm
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.pdd_refunds import Version

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
AHEAD_OF_UTC = timedelta(hours=8)


def listed(version: Version) -> dict[str, Any]:
    """Return a version as the list has it: all that the platform documents.

    One in four rows has its times as text, one as numbers, the others as digits: the real list has
    been observed to write them in more than one way.
    """
    case = version.case
    return {
        "id": case.id,
        "order_sn": case.order_sn,
        "after_sale_reason": case.reason,
        "after_sales_status": version.status,
        "after_sales_type": case.kind,
        "confirm_time": _time(case.created - timedelta(days=3), case.id),
        "created_time": _time(case.created, case.id),
        "updated_time": _time(version.modified, case.id),
        "discount_amount": _yuan(case.discount),
        "dispute_refund_status": int(version.disputed),
        "good_image": "",
        "goods_id": case.goods_id,
        "goods_name": case.product.name,
        "goods_number": str(case.quantity),
        "goods_price": _yuan(case.product.price),
        "order_amount": _yuan(case.order_amount),
        "refund_amount": _yuan(case.refund_amount),
        "refund_operator_role": 2,
        "outer_id": case.product.sku_id,
        "outer_goods_id": case.product.sku_id,
        "shipping_name": "",
        "sku_id": str(case.goods_id * 10 + 1),
        "speed_refund_flag": 0,
        "speed_refund_status": "0",
        "tracking_number": "",
        "user_shipping_status": "0",
    }


def _time(moment: datetime, number: int) -> str | int:
    epoch = timegm((moment - AHEAD_OF_UTC).timetuple())
    return (moment.strftime(TIME_FORMAT), epoch, str(epoch), str(epoch))[number % 4]


def _yuan(cents: int) -> str:
    """Write an amount as the platform does: without the decimals that are not needed."""
    whole, rest = divmod(cents, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
