"""A process that makes calls to nobody, in its turns, and prints when "the gateway" saw each.

Arguments: file of the limiter, limits as JSON, coroutines, calls of each, longest delay in seconds.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from datetime import timedelta
from pathlib import Path

from include.gateways.limiter import Limit, RateLimiter

TIMEOUT = timedelta(seconds=1)


async def call(limiter: RateLimiter, times: int, delay: float) -> None:
    """Take turns; the gateway sees each call at some moment between sending and receiving."""
    for _ in range(times):
        async with limiter.turn(None):
            await asyncio.sleep(random.uniform(0, delay))
            print(time.monotonic(), flush=True)  # noqa: T201 - to the test
            await asyncio.sleep(random.uniform(0, delay))


async def main() -> None:
    """Run the coroutines side by side."""
    file, limits, coroutines, times, delay = sys.argv[1:]
    some = [Limit(*one) for one in json.loads(limits)]
    limiter = RateLimiter(Path(file), "app", some, TIMEOUT)
    await asyncio.gather(*(call(limiter, int(times), float(delay)) for _ in range(int(coroutines))))


asyncio.run(main())
