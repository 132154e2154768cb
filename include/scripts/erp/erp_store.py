"""Pulls a period's orders of each ERP shop (聚水潭) into `erp_orders`.

By time of modification: an order that changes later comes again with the day it changed on.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError
from include.platforms import jushuitan
from include.platforms.client import GatewayClient
from include.platforms.connection import Connection
from include.pulling import Assignment, Landing, pull_shops
from include.running.exit_codes import ExitCode
from include.warehouse.tables import erp_orders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from include.periods import Period
    from include.platforms.jushuitan import Order
    from include.registry import Shop


class Account:
    """One ERP account: its client, and the shops it knows, asked for once."""

    def __init__(self, client: GatewayClient) -> None:
        self.client = client
        self._shops = asyncio.ensure_future(jushuitan.shops(client))

    async def check(self, shop: Shop) -> None:
        """Refuse a shop that the account does not know: its orders would look like an empty day.

        Raises:
            ConfigurationError: says which shops there are.
        """
        known = {info.shop_id: info.shop_name for info in await asyncio.shield(self._shops)}
        if shop.platform_id not in map(str, known):
            there = ", ".join(f"{number} {name}" for number, name in known.items())
            raise ConfigurationError(
                f"shop {shop.id!r}: the account of connection {shop.connection!r} has no shop "
                f"{shop.platform_id!r}, as platform_id in config/shops.yaml says: it has {there}"
            )


@asynccontextmanager
async def erp(period: Period) -> AsyncIterator[Callable[[Shop], Awaitable[Landing]]]:
    """Open the ERP: gives the function that fetches a shop's orders of a period."""
    accounts: dict[str, Account] = {}
    async with AsyncExitStack() as stack:

        async def fetch(shop: Shop) -> Landing:
            if shop.connection not in accounts:
                dialect = jushuitan.Jushuitan(Connection.from_env(shop.connection))
                client = GatewayClient(dialect)
                stack.push_async_exit(client)
                accounts[shop.connection] = Account(client)
            account = accounts[shop.connection]
            await account.check(shop)
            return Landing(erp_orders, await _orders(account.client, shop, period), "version")

        yield fetch


async def _orders(client: GatewayClient, shop: Shop, period: Period) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    pages = jushuitan.orders_modified(client, int(shop.platform_id), period.start, period.end)
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


def main() -> int:
    """Pull what the environment asks for; returns the exit code."""
    try:
        assignment = Assignment.from_environment()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    return pull_shops(assignment, partial(erp, assignment.period))


if __name__ == "__main__":
    sys.exit(main())
