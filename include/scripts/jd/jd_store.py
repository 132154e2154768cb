"""Pulls a period's orders of each JD shop (京东) into `jd_orders`.

By time of modification: an order that changes later comes again with the day it changed on.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

try:
    from include.errors import ConfigurationError
    from include.platforms.jd import Jd, vender
    from include.platforms.jd_orders import orders_modified
    from include.pulling import Upsert, pull
    from include.warehouse.tables import jd_orders
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run jd_store'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from include.periods import Period
    from include.platforms.client import GatewayClient
    from include.platforms.jd_orders import Order
    from include.registry import Shop


async def fetch(client: GatewayClient, shop: Shop, period: Period) -> Upsert:
    """Bring a shop's orders of a period."""
    number, found = int(shop.platform_id), dict[int, "Order"]()
    async for orders in orders_modified(client, number, period.start, period.end):
        for order in orders:
            _check(shop, order.vender_id)
            _keep_newest(found, order)
        print(f"{shop.id}: {len(found)} orders so far", flush=True)
    if not found:  # no order says whose token it is, and with another shop's it would be no news
        _check(shop, (await vender(client, number)).vender_id)
    return Upsert(jd_orders, [_row(shop, order) for order in found.values()], "modified_time")


def _check(shop: Shop, owner: int) -> None:
    """Refuse what the token of another shop brings.

    Raises:
        ConfigurationError: says which shop the token belongs to.
    """
    if str(owner) != shop.platform_id:
        raise ConfigurationError(
            f"shop {shop.id!r}: the access token of connection {shop.connection!r} belongs to shop "
            f"{owner}, not to {shop.platform_id!r} as platform_id in config/shops.yaml says: put "
            "the right shop's tokens into the connection, or its number into config/shops.yaml"
        )


def _keep_newest(found: dict[int, Order], order: Order) -> None:
    """Keep an order as it was last; of two states of one second the one that came later."""
    before = found.get(order.order_id)
    if before is None or before.modified <= order.modified:
        found[order.order_id] = order


def _row(shop: Shop, order: Order) -> dict[str, Any]:
    return {
        "shop_id": shop.id,
        "order_id": order.order_id,
        "status": order.order_state,
        "order_time": order.order_start_time,
        "order_day": order.order_start_time.date(),
        "pay_time": order.payment_confirm_time,
        "pay_amount": order.should_pay,
        "paid_amount": order.actual_pay,
        "freight": order.freight_price,
        "seller_discount": order.total_seller_discount,
        "item_count": order.item_count,
        "modified_time": order.modified,
    }


if __name__ == "__main__":
    sys.exit(pull(Jd, fetch))
