"""What a platform's folder offers to those who treat all platforms alike."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from include.gateways.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Mapping,
        Sequence,
    )
    from datetime import datetime

    from include.gateways.client import GatewayClient
    from include.gateways.connection import Connection
    from include.registry import Shop


R = TypeVar("R")
Row = dict[str, Any]


class PlatformDialect(Dialect, Protocol):
    """A dialect that speaks for any connection of its platform."""

    def __init__(self, connection: Connection) -> None:
        """Speak for the app of a connection."""
        ...


@dataclass(frozen=True)
class Platform:
    """How a platform is spoken to, and the cheapest questions to it."""

    dialect: type[PlatformDialect]
    # Asks which shops an access token is for, with one of ours that messages may name; returns the
    # number of each with its name, as the platform has them; none where it does not say
    shops: Callable[[GatewayClient, Shop], Awaitable[Mapping[str, str]]]
    # Asks for a few rows of a shop between two moments; returns them as they would land (column to
    # value), or none
    sample: Callable[[GatewayClient, Shop, datetime, datetime], Awaitable[Sequence[Row]]]
    table: str  # where these land


async def first_page(pages: AsyncIterator[Sequence[R]]) -> Sequence[R]:
    """Return the rows that come first, and ask for no more of them; empty where none come."""
    async with aclosing(cast("AsyncGenerator[Sequence[R], None]", pages)) as asked:
        async for rows in asked:
            return rows
    return ()


def row_of_order(columns: Mapping[str, str], shop: Shop, order: Any) -> Row:
    """Return an order as a row of its table.

    Args:
        columns: of the table, each with the order's field that it holds; one is `order_time`.
        shop: whose it is.
        order: as its platform's module reads it.
    """
    row = {column: getattr(order, name) for column, name in columns.items()}
    return {"shop_id": shop.id, **row, "order_day": row["order_time"].date()}
