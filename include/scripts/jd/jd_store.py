"""Pulls a period's orders of each JD shop (京东) into `jd_orders`.

What has changed from the period's start up to now (at most to a day past its end), with the orders
as they are now; of a period that lies further back also all orders that were made in it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

try:
    from include.platforms.jd.dialect import Jd, vender
    from include.platforms.jd.orders import orders_counted, orders_created, orders_modified
    from include.platforms.jd.platform import COLUMNS
    from include.pulling import Orders, Upsert, Window, check_owner, pull
    from include.registry.platforms import PLATFORMS
    from include.warehouse.tables import jd_orders
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run jd_store'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from include.gateways.client import GatewayClient
    from include.registry import Shop

ORDERS = Orders(
    jd_orders, COLUMNS, "modified_time", orders_modified, orders_created, orders_counted
)


async def fetch(client: GatewayClient, shop: Shop, window: Window) -> Upsert:
    """Bring a shop's orders of a period."""
    landing = await ORDERS.bring(
        client, shop, window, lambda order: check_owner(shop, order.vender_id)
    )
    if not landing.rows:  # no order says whose token it is, and with another's it would be no news
        check_owner(shop, (await vender(client, int(shop.platform_id))).vender_id)
    return landing


if __name__ == "__main__":
    sys.exit(pull(Jd, fetch, lag=PLATFORMS["jd"].lag, control=ORDERS.control))
