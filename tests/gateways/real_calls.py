"""A process that lists the sandbox's shops again and again, within the platform's own limits.

Arguments: base URL, coroutines, calls of each.
"""

from __future__ import annotations

import asyncio
import sys

from include.gateways.client import GatewayClient
from include.gateways.connection import Connection
from include.platforms.jushuitan.dialect import Jushuitan, shops
from sandbox.credentials import SANDBOX_ACCESS_TOKEN, SANDBOX_APP_KEY, SANDBOX_APP_SECRET


async def main() -> None:
    """Run the coroutines side by side; a call that fails ends the process with an error."""
    base_url, coroutines, times = sys.argv[1:]
    connection = Connection(
        "erp", base_url, SANDBOX_APP_KEY, SANDBOX_APP_SECRET, SANDBOX_ACCESS_TOKEN
    )
    async with GatewayClient(Jushuitan(connection)) as client:

        async def call() -> None:
            for _ in range(int(times)):
                await shops(client)

        await asyncio.gather(*(call() for _ in range(int(coroutines))))


asyncio.run(main())
