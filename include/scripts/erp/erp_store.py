"""Pulls a period's orders of each ERP shop (聚水潭) into `erp_orders`.

By time of modification: an order that changes later comes again with the day it changed on.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

try:
    from include.errors import ConfigurationError
    from include.platforms import jushuitan
    from include.platforms.jushuitan_orders import orders_modified
    from include.pulling import Upsert, pull
    from include.warehouse.tables import erp_orders
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run erp_store'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from include.periods import Period
    from include.platforms.client import GatewayClient
    from include.platforms.jushuitan import ShopInfo
    from include.platforms.jushuitan_orders import Order
    from include.registry import Shop


class Erp:
    """The ERP's accounts, each asked once which shops it knows."""

    def __init__(self) -> None:
        self._shops: dict[str, asyncio.Future[list[ShopInfo]]] = {}

    async def fetch(self, client: GatewayClient, shop: Shop, period: Period) -> Upsert:
        """Bring a shop's orders of a period."""
        await self._check(client, shop)
        return Upsert(erp_orders, await _orders(client, shop, period), "version")

    async def _check(self, client: GatewayClient, shop: Shop) -> None:
        """Refuse a shop that the account does not know: its orders would look like an empty day.

        Raises:
            ConfigurationError: says which shops there are.
        """
        if shop.connection not in self._shops:
            self._shops[shop.connection] = asyncio.ensure_future(jushuitan.shops(client))
        infos = await asyncio.shield(self._shops[shop.connection])
        known = {info.shop_id: info.shop_name for info in infos}
        if shop.platform_id not in map(str, known):
            there = ", ".join(f"{number} {name}" for number, name in known.items())
            raise ConfigurationError(
                f"shop {shop.id!r}: the account of connection {shop.connection!r} has no shop "
                f"{shop.platform_id!r}, as platform_id in config/shops.yaml says: it has {there}"
            )


async def _orders(client: GatewayClient, shop: Shop, period: Period) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    pages = orders_modified(client, int(shop.platform_id), period.start, period.end)
    async for orders in pages:
        rows += [_row(shop, order) for order in orders]
        print(f"{shop.id}: {len(rows)} orders so far", flush=True)
    return rows


def _row(shop: Shop, order: Order) -> dict[str, Any]:
    return {
        "shop_id": shop.id,
        "order_id": order.o_id,
        "online_order_id": order.so_id,
        "status": order.status,
        "order_time": order.order_date,
        "order_day": order.order_date.date(),
        "pay_time": order.pay_date,
        "pay_amount": order.pay_amount,
        "paid_amount": order.paid_amount,
        "freight": order.freight,
        "item_count": order.item_count,
        "modified_time": order.modified,
        "version": order.ts,
    }


if __name__ == "__main__":
    sys.exit(pull(jushuitan.Jushuitan, Erp().fetch))
