"""Asking a gateway something with a client of its own, as a test does, also one without quirks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from include.gateways.client import GatewayClient, Patience
from include.gateways.dialect import Call, Request
from include.gateways.limiter import Limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from include.gateways.connection import Connection
    from include.gateways.tokens import TokenStore

ONCE = Patience(attempts=1)
# Limits that slow no test down.
WIDE = (Limit(100_000, 1),)


def using(
    dialect: Any,
    work: Callable[[GatewayClient], Awaitable[Any]],
    patience: Patience = ONCE,
    *,
    tokens: TokenStore | None = None,
    limits: tuple[Limit, ...] = WIDE,
) -> Any:
    """Do something with a client that speaks a dialect under other limits than its own."""
    dialect.limits = limits

    async def working() -> Any:
        async with GatewayClient(dialect, patience, tokens) as client:
            return await work(client)

    return asyncio.run(working())


class Plain:
    """Its dialect: the token goes in a header."""

    name = "plain"
    limits: Sequence[Limit] = ()

    def __init__(self, connection: Connection) -> None:
        """Speak for a connection."""
        self.connection = connection

    def request(self, call: Call, access_token: str) -> Request:
        """Write the parameters as JSON."""
        url = f"{self.connection.base_url}{call.method}"
        headers = {"Content-Type": "application/json", "Token": access_token}
        return Request(url, headers, json.dumps(call.params).encode())

    def unwrap(self, call: Call, envelope: Any) -> Any:  # noqa: ARG002 - the protocol's signature
        """Return all of it."""
        return envelope
