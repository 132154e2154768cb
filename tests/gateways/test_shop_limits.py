"""A call takes its turn when both the limits of its shop and those of its app allow it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from datetime import timedelta

import pytest

from include.gateways.limiter import Limit, RateLimiter
from tests.gateways.test_limiter import most_in_any_window


def turns(*limits: Limit) -> RateLimiter:
    """Share limits."""
    return RateLimiter.of_app("plain", "app", limits, timedelta(seconds=30))


def test_many_shops_side_by_side_keep_every_limit_and_use_the_tightest_up() -> None:
    """10 shops, each with a client of its own and calls at once, in an app's limit.

    So few that a busy machine can make them all.
    """
    limits = Limit(10, 1.0, per="shop"), Limit(50, 1.0)
    seen: defaultdict[int, list[float]] = defaultdict(list)

    async def shop(number: int, until: float) -> None:
        own = turns(*limits)

        async def caller() -> None:
            while time.monotonic() < until:
                async with own.turn(number, latest=time.monotonic() + 60):
                    await asyncio.sleep(random.uniform(0, 0.01))
                    seen[number].append(time.monotonic())
                    await asyncio.sleep(random.uniform(0, 0.01))

        await asyncio.gather(*(caller() for _ in range(2)))

    async def scene() -> float:
        began = time.monotonic()
        await asyncio.gather(*(shop(number, began + 4) for number in range(10)))
        return began

    began = asyncio.run(scene())
    everything = [stamp for stamps in seen.values() for stamp in stamps]
    assert all(most_in_any_window(stamps, 1.0) <= 10 for stamps in seen.values())
    assert most_in_any_window(everything, 1.0) <= 50
    assert sum(began + 1 <= stamp < began + 4 for stamp in everything) >= 0.7 * 50 * 3
    assert min(map(len, seen.values())) >= 0.5 * max(map(len, seen.values()))


def test_who_waits_for_its_shop_holds_nobody_up() -> None:
    """A shop at its limit leaves the app's turns to the others."""

    async def scene() -> None:
        own = turns(Limit(1, 30.0, per="shop"), Limit(2, 30.0))
        async with own.turn(1, latest=time.monotonic() + 60):
            pass
        waiting = asyncio.ensure_future(_once(own, 1, time.monotonic() + 60))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(_once(own, 2, time.monotonic() + 60), 1)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(scene())


def test_no_turn_before_the_last_useful_moment_is_said_at_once() -> None:
    """Also when it is the app's that does not come, and the shop's was there."""

    async def scene() -> None:
        own = turns(Limit(5, 0.1, per="shop"), Limit(1, 30.0))
        await _once(own, 1, time.monotonic() + 60)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await _once(own, 1, began + 5)
        assert time.monotonic() - began < 0.5

    asyncio.run(scene())


async def _once(own: RateLimiter, number: int, latest: float) -> None:
    async with own.turn(number, latest=latest):
        pass
