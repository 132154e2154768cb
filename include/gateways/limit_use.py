"""How much of the rate limits is used just now, for those who look on: they write nothing."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.gateways.limiter import Limit

CALLS = """
SELECT calls.app, calls.shop, count(*) FROM calls JOIN apps ON apps.app = calls.app
WHERE calls.app LIKE ? AND calls.ended > ? AND apps.latest <= ? GROUP BY calls.app, calls.shop
"""
WAITING = """
SELECT count(*) FROM waiting JOIN apps ON apps.app = waiting.app
WHERE waiting.app LIKE ? AND waiting.dead > ? AND apps.latest <= ?
"""
PATIENCE_SECONDS = 2.0


class LimitUse(NamedTuple):
    """How many calls count against each limit, of the app or shop with the most; how many wait."""

    calls: dict[Limit, int]
    waiting: int


def limit_use(file: Path, platform: str, limits: Sequence[Limit]) -> LimitUse:
    """Return how much of a platform's limits is used.

    Args:
        file: of the limiters.
        platform: as its limiters call it, or what their names begin with.
        limits: what it allows.

    Raises:
        sqlite3.Error: the file is not there, or cannot be read.
    """
    now, apps = time.monotonic(), f"{platform}-%"
    used = {}
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", PATIENCE_SECONDS, uri=True)) as db:
        for limit in limits:
            counts: Counter[object] = Counter()
            # What is of another boot has moments that have not come.
            for app, shop, number in db.execute(CALLS, [apps, now - limit.window, now]):
                counts[(app, shop) if limit.per == "shop" else app] += number
            used[limit] = max(counts.values(), default=0)
        (waiting,) = db.execute(WAITING, [apps, now, now]).fetchone()
    return LimitUse(used, waiting)
