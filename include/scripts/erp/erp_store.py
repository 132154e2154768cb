"""Pulls a period's orders of each ERP shop (聚水潭) into `erp_orders`.

What has changed from the period's start up to now (at most to a day past its end), with the orders
as they are now; of a period that lies further back also all orders that were made in it.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

try:
    from include.errors import ConfigurationError
    from include.gateways.rows import missing_in
    from include.gateways.windows import LAGS
    from include.platforms.jushuitan import dialect as jushuitan
    from include.platforms.jushuitan.orders import (
        Order,
        orders_counted,
        orders_created,
        orders_modified,
    )
    from include.pulling import Control, Listed, Upsert, Window, made_in, pull
    from include.warehouse.tables import erp_orders
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run erp_store'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.gateways.client import GatewayClient
    from include.periods import Period
    from include.platforms.jushuitan.dialect import ShopInfo
    from include.registry import Shop


class Erp:
    """The ERP's accounts, each asked once which shops it knows."""

    def __init__(self) -> None:
        self._shops: dict[str, asyncio.Future[list[ShopInfo]]] = {}

    async def fetch(self, client: GatewayClient, shop: Shop, window: Window) -> Upsert:
        """Bring a shop's orders of a period."""
        await self._check(client, shop)
        number, period, listed = int(shop.platform_id), window.period, None
        found: dict[int, Order] = {}
        async for orders in window.changes(partial(orders_modified, client, number)):
            _keep_newest(found, orders)
            print(f"{shop.id}: {len(found)} orders so far", flush=True)
        if window.is_cut:
            made = orders_created(client, number, period.start, period.end)
            own = [order async for orders in made for order in orders]
            listed = Listed({order.o_id for order in own}, "modified_time", window.settled)
            _keep_newest(found, own)
        rows = [_row(shop, order) for order in found.values()]
        notice = missing_in("order", found.values())
        return Upsert(erp_orders, rows, "version", "order_time", "order_day", listed, notice)

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


def _keep_newest(found: dict[int, Order], orders: Iterable[Order]) -> None:
    """Keep each order as it was last."""
    for order in orders:
        before = found.get(order.o_id)
        if before is None or before.ts <= order.ts:
            found[order.o_id] = order


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


async def _count(client: GatewayClient, shop: Shop, period: Period, *, anew: bool) -> int:
    """Ask how many orders of a period there are; `anew` if it leaves out a window's end."""
    number, end_is_in = int(shop.platform_id), not anew
    return await orders_counted(client, number, period.start, period.end, end_is_in=end_is_in)


CONTROL = Control(_count, partial(made_in, erp_orders, "order_time", "order_day"), erp_orders)

if __name__ == "__main__":
    sys.exit(pull(jushuitan.Jushuitan, Erp().fetch, lag=LAGS["erp"], control=CONTROL))
