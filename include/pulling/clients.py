"""The gateway clients of one run."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from include.gateways.client import GatewayClient
from include.gateways.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from include.gateways.dialect import Dialect
    from include.gateways.tokens import TokenStore
    from include.registry import Shop


def own_connection(shop: Shop) -> Connection:
    """Read the connection that config/shops.yaml names for a shop.

    Raises:
        ConfigurationError: it is missing or incomplete.
    """
    return Connection.from_env(shop.connection, platform=shop.platform)


class Clients:
    """One client per connection, opened when a shop first needs it; an async context manager.

    Args:
        dialect: makes the dialect of a connection.
        connection: gives the connection that a shop is pulled with.
        tokens: where refreshed tokens are kept.
    """

    def __init__(
        self,
        dialect: Callable[[Connection], Dialect],
        connection: Callable[[Shop], Connection],
        tokens: TokenStore,
    ) -> None:
        self._dialect = dialect
        self._connection = connection
        self._tokens = tokens
        self._clients: dict[str, GatewayClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them all."""
        await self._stack.aclose()

    def of(self, shop: Shop) -> GatewayClient:
        """Return the client that speaks for a shop.

        Raises:
            ConfigurationError: its connection is missing or incomplete.
        """
        connection = self._connection(shop)
        if connection.id not in self._clients:
            client = GatewayClient(self._dialect(connection), tokens=self._tokens)
            self._stack.push_async_exit(client)
            self._clients[connection.id] = client
        return self._clients[connection.id]
