"""A call takes a turn at the limit of its shop and at that of the app, and holds both."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.gateways.connection import Connection
from include.gateways.dialect import Call, Request
from include.gateways.limiter import Limit
from include.gateways.turns import Turns

if TYPE_CHECKING:
    from pathlib import Path


class Plain:
    """A dialect of which only the limits matter."""

    name = "plain"
    connection = Connection("plain", "http://127.0.0.1", "app", "secret", "token")

    def __init__(self, *limits: Limit) -> None:
        self.limits = limits

    def request(self, call: Call, access_token: str) -> Request:
        """Is not asked."""
        raise NotImplementedError

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Is not asked."""
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))


def turns(*limits: Limit, timeout: float = 30) -> Turns:
    """Share limits."""
    return Turns(Plain(*limits), timedelta(seconds=timeout))


def most_in_any_window(stamps: list[float], seconds: float) -> int:
    """Return how many stamps lie in the fullest stretch of so many seconds."""
    stamps, first, most = sorted(stamps), 0, 0
    for place, stamp in enumerate(stamps):
        while stamps[first] <= stamp - seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


def test_many_shops_side_by_side_keep_every_limit_and_use_the_tightest_up() -> None:
    """40 shops, each with a client of its own and several calls at once, in an app's limit."""
    limits = Limit(10, 1.0, per="shop"), Limit(100, 0.5)
    seen: defaultdict[int, list[float]] = defaultdict(list)

    async def shop(number: int, until: float) -> None:
        own, call = turns(*limits), Call("m", shop=number)

        async def caller() -> None:
            while time.monotonic() < until:
                async with own.taken(call, latest=time.monotonic() + 60):
                    await asyncio.sleep(random.uniform(0, 0.01))
                    seen[number].append(time.monotonic())
                    await asyncio.sleep(random.uniform(0, 0.01))

        await asyncio.gather(*(caller() for _ in range(4)))

    async def scene() -> float:
        began = time.monotonic()
        await asyncio.gather(*(shop(number, began + 4) for number in range(40)))
        return began

    began = asyncio.run(scene())
    everything = [stamp for stamps in seen.values() for stamp in stamps]
    assert all(most_in_any_window(stamps, 1.0) <= 10 for stamps in seen.values())
    assert most_in_any_window(everything, 0.5) <= 100
    assert sum(began + 1 <= stamp < began + 4 for stamp in everything) >= 0.8 * 200 * 3
    assert min(map(len, seen.values())) >= 0.5 * max(map(len, seen.values()))


def test_who_waits_for_its_shop_holds_nobody_up() -> None:
    """A shop at its limit leaves the app's turns to the others."""

    async def scene() -> None:
        own = turns(Limit(1, 30.0, per="shop"), Limit(2, 30.0))
        async with own.taken(Call("m", shop=1), latest=time.monotonic() + 60):
            pass
        waiting = asyncio.ensure_future(_once(own, 1, time.monotonic() + 60))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(_once(own, 2, time.monotonic() + 60), 1)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(scene())


def test_a_shops_turn_does_not_grow_old_in_the_apps_queue() -> None:
    """Else it would be taken for ended before the call that it is for."""

    async def scene() -> None:
        own = turns(Limit(1, 0.1, per="shop"), Limit(1, 5.0), timeout=0.5)
        await _once(own, 1, time.monotonic() + 60)
        began = time.monotonic()
        async with own.taken(Call("m", shop=2), latest=began + 60):
            assert time.monotonic() - began >= 4.5
            shops, _ = own._of(Call("m", shop=2))
            other = asyncio.ensure_future(shops.take())
            await asyncio.sleep(0.3)
            assert not other.done()
            other.cancel()
            await asyncio.wait([other])

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


async def _once(own: Turns, number: int, latest: float) -> None:
    async with own.taken(Call("m", shop=number), latest=latest):
        pass
