"""Pulls a period's orders of each ERP shop (聚水潭) into `erp_orders`.

What has changed from the period's start up to now (at most to a day past its end), with the orders
as they are now; of a period that lies further back also all orders that were made in it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

try:
    from include.errors import ConfigurationError
    from include.platforms.jushuitan import dialect as jushuitan
    from include.platforms.jushuitan.orders import (
        orders_counted,
        orders_created,
        orders_modified,
    )
    from include.platforms.jushuitan.platform import COLUMNS
    from include.pulling import Orders, Upsert, Window, pull
    from include.registry.platforms import PLATFORMS
    from include.warehouse.tables import erp_orders
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run erp_store'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from include.gateways.client import GatewayClient
    from include.platforms.jushuitan.dialect import ShopInfo
    from include.registry import Shop

ORDERS = Orders(erp_orders, COLUMNS, "version", orders_modified, orders_created, orders_counted)


class Erp:
    """The ERP's accounts, each asked once which shops it knows."""

    def __init__(self) -> None:
        self._shops: dict[str, asyncio.Future[list[ShopInfo]]] = {}

    async def fetch(self, client: GatewayClient, shop: Shop, window: Window) -> Upsert:
        """Bring a shop's orders of a period."""
        await self._check(client, shop)
        return await ORDERS.bring(client, shop, window)

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
            there = [f"{number} {name}" for number, name in known.items()]
            raise ConfigurationError(
                "shop {shop!r}: the account of connection {connection!r} has no shop "
                "{number!r}, as platform_id in config/shops.yaml says: it has "
                "{there}",
                shop=shop.id,
                connection=shop.connection,
                number=shop.platform_id,
                there=there,
            )


if __name__ == "__main__":
    sys.exit(
        pull(jushuitan.Jushuitan, Erp().fetch, lag=PLATFORMS["erp"].lag, control=ORDERS.control)
    )
