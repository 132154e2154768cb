"""Pulls a period's orders of each JD shop (京东) into `jd_orders`.

What has changed from the period's start up to now (at most to a day past its end), with the orders
as they are now; of a period that lies further back also all orders that were made in it.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

try:
    from include.errors import ConfigurationError
    from include.gateways.rows import missing_in
    from include.gateways.windows import LAGS
    from include.platforms.jd.dialect import Jd, vender
    from include.platforms.jd.orders import orders_counted, orders_created, orders_modified
    from include.pulling import Control, Listed, Upsert, Window, made_in, pull
    from include.warehouse.tables import jd_orders
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run jd_store'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.gateways.client import GatewayClient
    from include.periods import Period
    from include.platforms.jd.orders import Order
    from include.registry import Shop


async def fetch(client: GatewayClient, shop: Shop, window: Window) -> Upsert:
    """Bring a shop's orders of a period."""
    number, found, listed = int(shop.platform_id), dict[int, "Order"](), None
    async for orders in window.changes(partial(orders_modified, client, number)):
        _keep_newest(shop, found, orders)
        print(f"{shop.id}: {len(found)} orders so far", flush=True)
    if window.is_cut:
        made = orders_created(client, number, window.period.start, window.period.end)
        own = [order async for orders in made for order in orders]
        listed = Listed({order.order_id for order in own}, "modified_time", window.settled)
        _keep_newest(shop, found, own)
    if not found:  # no order says whose token it is, and with another shop's it would be no news
        _check(shop, (await vender(client, number)).vender_id)
    rows = [_row(shop, order) for order in found.values()]
    notice = missing_in("order", found.values())
    return Upsert(jd_orders, rows, "modified_time", "order_time", "order_day", listed, notice)


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


def _keep_newest(shop: Shop, found: dict[int, Order], orders: Iterable[Order]) -> None:
    """Keep each order as it was last; of two states of one second the one that came later."""
    for order in orders:
        _check(shop, order.vender_id)
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


async def _count(client: GatewayClient, shop: Shop, period: Period, *, anew: bool) -> int:
    """Ask how many orders of a period there are; `anew` if it leaves out a window's end."""
    number, end_is_in = int(shop.platform_id), not anew
    return await orders_counted(client, number, period.start, period.end, end_is_in=end_is_in)


CONTROL = Control(_count, partial(made_in, jd_orders, "order_time", "order_day"), jd_orders)

if __name__ == "__main__":
    sys.exit(pull(Jd, fetch, lag=LAGS["jd"], control=CONTROL))
