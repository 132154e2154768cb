"""The gateway clients of one run, and the event loop that they share."""

from __future__ import annotations

import gc
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from include.errors import ConfigurationError
from include.gateways.client import GatewayClient
from include.gateways.connection import Connection
from include.registry.platforms import host_of

try:
    import uvloop as loops
except ImportError:  # it comes with Airflow, but not on every system
    import asyncio as loops  # type: ignore[no-redef]

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from include.gateways.dialect import Dialect
    from include.gateways.shapes import Shapes
    from include.gateways.tokens import TokenStore
    from include.registry import Shop

T = TypeVar("T")

# After so many new objects the collector looks at them; by default after what a call or two make.
NEW_OBJECTS = 5_000


def own_connection(shop: Shop) -> Connection:
    """Read the connection that config/shops.yaml names for a shop.

    Raises:
        ConfigurationError: it is missing or incomplete.
    """
    return Connection.from_env(shop.connection, host=host_of(shop.platform))


def check_owner(shop: Shop, number: int, name: str = "") -> None:
    """Refuse what the token of another shop brings.

    Raises:
        ConfigurationError: says which shop the token belongs to.
    """
    if str(number) != shop.platform_id:
        raise ConfigurationError(
            "shop {shop!r}: the access token of connection {connection!r} belongs to shop "
            "{owner}, not to {number!r} as platform_id in config/shops.yaml "
            "says: put the right shop's tokens into the connection, or its number into "
            "config/shops.yaml",
            shop=shop.id,
            connection=shop.connection,
            owner=f"{number} {name!r}" if name else number,
            number=shop.platform_id,
        )


class Clients(AsyncExitStack):
    """One client per connection, opened when a shop first needs it; an async context manager."""

    def __init__(
        self,
        dialect: Callable[[Connection], Dialect],
        connection: Callable[[Shop], Connection],
        tokens: TokenStore,
        shapes: Shapes | None = None,
    ) -> None:
        super().__init__()
        self._dialect = dialect
        self._connection = connection
        self._tokens = tokens
        self._shapes = shapes
        self._clients: dict[str, GatewayClient] = {}

    def of(self, shop: Shop) -> GatewayClient:
        """Return the client that speaks for a shop.

        Raises:
            ConfigurationError: its connection is missing or incomplete.
        """
        connection = self._connection(shop)
        if connection.id not in self._clients:
            dialect = self._dialect(connection)
            client = GatewayClient(dialect, tokens=self._tokens, shapes=self._shapes)
            self.push_async_exit(client)
            self._clients[connection.id] = client
        return self._clients[connection.id]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do all of a program's work that waits for others: hundreds of calls a second."""
    thresholds = gc.get_threshold()
    # What is loaded by now stays. The collector would look through it again and again, and answers
    # that have come would wait for it.
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *thresholds[1:])
    try:
        return loops.run(work)
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
