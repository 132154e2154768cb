"""Asking a gateway something with a client of its own, as a test does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from include.gateways.client import GatewayClient, Patience
from include.gateways.limiter import Limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
