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
# Who called last comes first: an app that was replaced is still there.
ALLOWED = """
SELECT allowed.app, allowed.calls FROM allowed JOIN apps ON apps.app = allowed.app
WHERE allowed.app LIKE ? AND per = ? AND seconds = ? ORDER BY apps.latest DESC
"""
HAS_ALLOWED = "SELECT 1 FROM sqlite_master WHERE name = 'allowed'"
PATIENCE_SECONDS = 2.0


class LimitUse(NamedTuple):
    """How many calls count against each limit, and how many wait."""

    # Of the app or the shop that is nearest to its limit, by the limit that it keeps to
    calls: dict[Limit, int]
    waiting: int  # of all apps


def limit_use(file: Path, platform: str, limits: Sequence[Limit]) -> LimitUse:
    """Return how much of a platform's limits is used.

    Args:
        file: of the limiters.
        platform: as its limiters call it, or what their names begin with.
        limits: what it allows; an app may be granted other numbers of calls.

    Raises:
        sqlite3.Error: the file is not there, or cannot be read.
    """
    now, apps = time.monotonic(), f"{platform}-%"
    used = {}
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", PATIENCE_SECONDS, uri=True)) as db:
        for limit in limits:
            granted = {}
            if db.execute(HAS_ALLOWED).fetchone():
                granted = dict(db.execute(ALLOWED, [apps, limit.per, limit.seconds]))
            counts = Counter[tuple[str, object]]()
            # What is of another boot has moments that have not come.
            for app, shop, number in db.execute(CALLS, [apps, now - limit.window, now]):
                counts[app, shop if limit.per == "shop" else None] += number
            at_work = [(count, granted.get(app, limit.calls)) for (app, _), count in counts.items()]
            idle = 0, next(iter(granted.values()), limit.calls)
            number, allowed = max(at_work, key=lambda one: one[0] / one[1], default=idle)
            used[limit._replace(calls=allowed)] = number
        (waiting,) = db.execute(WAITING, [apps, now, now]).fetchone()
    return LimitUse(used, waiting)
