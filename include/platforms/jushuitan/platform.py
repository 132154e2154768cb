"""聚水潭 among the other platforms, and its orders as rows of `erp_orders`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.platforms.jushuitan.dialect import Jushuitan, shops
from include.platforms.jushuitan.orders import orders_modified
from include.platforms.platform import Platform, first_page, row_of_order
from include.warehouse.tables import erp_orders

if TYPE_CHECKING:
    from datetime import datetime

    from include.gateways.client import GatewayClient
    from include.platforms.platform import Row
    from include.registry import Shop

COLUMNS = {
    "order_id": "o_id",
    "online_order_id": "so_id",
    "status": "status",
    "order_time": "order_date",
    "pay_time": "pay_date",
    "pay_amount": "pay_amount",
    "paid_amount": "paid_amount",
    "freight": "freight",
    "item_count": "item_count",
    "modified_time": "modified",
    "version": "ts",
}


async def _shops(client: GatewayClient, shop: Shop) -> dict[str, str]:  # noqa: ARG001 - an account's
    return {str(info.shop_id): info.shop_name for info in await shops(client)}


async def _sample(client: GatewayClient, shop: Shop, start: datetime, end: datetime) -> list[Row]:
    orders = await first_page(orders_modified(client, int(shop.platform_id), start, end))
    return [row_of_order(COLUMNS, shop, order) for order in orders]


JUSHUITAN = Platform(Jushuitan, _shops, _sample, erp_orders.name)
