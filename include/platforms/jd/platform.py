"""京东 among the other platforms, and its orders as rows of `jd_orders`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.platforms.jd.dialect import Jd, vender
from include.platforms.jd.orders import orders_modified
from include.platforms.platform import Platform, first_page, row_of_order
from include.warehouse.tables import jd_orders

if TYPE_CHECKING:
    from datetime import datetime

    from include.gateways.client import GatewayClient
    from include.platforms.platform import Row
    from include.registry import Shop

COLUMNS = {
    "order_id": "order_id",
    "status": "order_state",
    "order_time": "order_start_time",
    "pay_time": "payment_confirm_time",
    "pay_amount": "should_pay",
    "paid_amount": "actual_pay",
    "freight": "freight_price",
    "seller_discount": "total_seller_discount",
    "item_count": "item_count",
    "modified_time": "modified",
}


async def _shops(client: GatewayClient, shop: Shop) -> dict[str, str]:
    owner = await vender(client, int(shop.platform_id))
    return {str(owner.vender_id): owner.shop_name}


async def _sample(client: GatewayClient, shop: Shop, start: datetime, end: datetime) -> list[Row]:
    orders = await first_page(orders_modified(client, int(shop.platform_id), start, end))
    return [row_of_order(COLUMNS, shop, order) for order in orders]


JD = Platform(Jd, _shops, _sample, jd_orders.name)
