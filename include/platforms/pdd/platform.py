"""拼多多 among the other platforms, and its after-sales cases as rows of `pdd_refunds`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.platforms.pdd.dialect import Pdd, mall
from include.platforms.pdd.refunds import LONGEST_WINDOW, refunds_updated
from include.platforms.platform import Platform, first_page
from include.warehouse.tables import pdd_refunds

if TYPE_CHECKING:
    from datetime import datetime

    from include.gateways.client import GatewayClient
    from include.platforms.pdd.refunds import Refund
    from include.platforms.platform import Row
    from include.registry import Shop

# A reason is one of quality if it holds one of these: the goods were bad, broken, not what was
# promised, fake, spoilt, or not all there. (Not: changed my mind, wrong size, late delivery.)
QUALITY = re.compile(
    "质量|瑕疵|做工|破损|损坏|故障|描述不符|与描述|发错|少件|漏发|少发|假货|假冒|变质|过期|发霉|异物|异味"
)
REFUNDED = 10
# A sample is no pull: where so many half hours have no refund, it has no row.
WINDOWS_OF_A_SAMPLE = 8


def is_quality_reason(reason: str | None) -> bool:
    """Return whether the goods were to blame."""
    return bool(QUALITY.search(reason or ""))


def row_of_refund(shop: Shop, refund: Refund) -> Row:
    """Return an after-sales case as a row of its table."""
    return {
        "shop_id": shop.id,
        "refund_id": refund.id,
        "order_sn": refund.order_sn,
        "after_sales_type": refund.after_sales_type,
        "after_sales_status": refund.after_sales_status,
        "dispute_status": refund.dispute_refund_status,
        "reason": refund.after_sale_reason,
        "is_quality_reason": int(is_quality_reason(refund.after_sale_reason)),
        "refund_amount": refund.refund_amount,
        "order_amount": refund.order_amount,
        "goods_id": refund.goods_id,
        "created_time": refund.created_time,
        "created_day": refund.created_time.date(),
        "updated_time": refund.updated_time,
    }


async def _shops(client: GatewayClient, shop: Shop) -> dict[str, str]:
    owner = await mall(client, int(shop.platform_id))
    return {str(owner.mall_id): owner.mall_name}


async def _sample(client: GatewayClient, shop: Shop, start: datetime, end: datetime) -> list[Row]:
    """Ask the last half hours for what was refunded, one after the other."""
    number, last = int(shop.platform_id), end
    for _ in range(WINDOWS_OF_A_SAMPLE):
        first = max(start, last - LONGEST_WINDOW)
        asked = refunds_updated(client, number, first, last, statuses=[REFUNDED])
        if refunds := await first_page(asked):
            return [row_of_refund(shop, refund) for refund in refunds]
        if first == start:
            break
        last = first
    return []


PDD = Platform(Pdd, _shops, _sample, pdd_refunds.name)
