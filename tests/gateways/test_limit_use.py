"""What is used of the rate limits, as somebody sees who only looks on."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.gateways.limit_store import LimitStore
from include.gateways.limit_use import LimitUse, limit_use
from include.gateways.limiter import Limit, RateLimiter

if TYPE_CHECKING:
    from pathlib import Path

# Longer than any test takes: what has ended counts until it is over.
SHOP, APP = Limit(3, 3600, per="shop"), Limit(5, 7200)
LIMITS = (SHOP, APP)
HOUR = timedelta(hours=1)


async def _call(limiter: RateLimiter) -> None:
    async with limiter.turn("one"):
        pass


def test_calls_count_for_the_fullest_shop_and_app(tmp_path: Path) -> None:
    """Those under way and those that have ended; who waits is counted apart."""
    file = tmp_path / "calls.sqlite"
    ours, other = (RateLimiter(file, f"pdd-{app}", LIMITS, HOUR) for app in ("a", "b"))

    async def look() -> LimitUse:
        async with AsyncExitStack() as under_way:
            for shop in ("one", "two", "one"):
                await under_way.enter_async_context(ours.turn(shop))
            await under_way.enter_async_context(other.turn("one"))
        await _call(ours)
        late = asyncio.create_task(_call(ours))
        await asyncio.sleep(0)  # until it naps
        found = limit_use(file, "pdd", LIMITS)
        late.cancel()
        return found

    assert asyncio.run(look()) == ({SHOP: 3, APP: 4}, 1)
    assert limit_use(file, "jd", LIMITS) == ({SHOP: 0, APP: 0}, 0)


def test_the_limit_is_that_of_the_app_which_is_nearest_to_its_own(tmp_path: Path) -> None:
    """An app may be granted more than others; while nobody calls, the one that called last."""
    file, short = tmp_path / "calls.sqlite", Limit(5, 0.01)
    granted = RateLimiter(file, "pdd-a", [short._replace(calls=20), SHOP], HOUR)
    asyncio.run(_call(granted))
    time.sleep(2 * short.window)
    assert limit_use(file, "pdd", [short]).calls == {Limit(20, 0.01): 0}
    wide = RateLimiter(file, "pdd-b", [SHOP._replace(calls=100)], HOUR)
    for _ in range(2):
        asyncio.run(_call(wide))
    assert limit_use(file, "pdd", [SHOP]).calls == {SHOP: 1}
    asyncio.run(_call(RateLimiter(file, "jd-a", [SHOP._replace(calls=100)], HOUR)))
    assert limit_use(file, "jd", [SHOP]).calls == {SHOP._replace(calls=100): 1}


def test_a_file_of_an_earlier_version_is_as_good(tmp_path: Path) -> None:
    """Until somebody calls, its limits are those of the platform."""
    file = tmp_path / "calls.sqlite"
    asyncio.run(_call(RateLimiter(file, "pdd-a", [SHOP._replace(calls=100)], HOUR)))
    LimitStore.at(file).transact(lambda db: db.execute("DROP TABLE allowed"))
    assert limit_use(file, "pdd", [SHOP]).calls == {SHOP: 1}


def test_what_is_of_another_boot_does_not_count(tmp_path: Path) -> None:
    """Its moments have not come."""
    file = tmp_path / "calls.sqlite"
    asyncio.run(_call(RateLimiter(file, "pdd-a", LIMITS, HOUR)))
    assert limit_use(file, "pdd", LIMITS).calls[APP] == 1
    later = time.monotonic() + 10_000
    LimitStore.at(file).transact(lambda db: db.execute("UPDATE apps SET latest = ?", [later]))
    assert limit_use(file, "pdd", LIMITS).calls[APP] == 0


def test_looking_makes_no_file(tmp_path: Path) -> None:
    """Where nobody has called yet, that is not known from it."""
    with pytest.raises(sqlite3.OperationalError):
        limit_use(tmp_path / "calls.sqlite", "pdd", LIMITS)
    assert not [*tmp_path.iterdir()]
