"""Keeping a platform's rate limits from our side, across coroutines, processes and runs.

The gateway counts a call at a moment that we cannot see, but it lies between our sending and our
receiving. So a call is counted from the moment it is sent until one window after its answer has
come: whatever the latency, a call that is sent only then is never one too many in the gateway's own
window. A process that dies leaves calls that never end; they are taken to have ended after the time
that a call may take.

What that costs: where the platform allows one call more each time a window has passed, we allow it
when a window and the call's latency have. With a latency of 20 ms that leaves 0.98 of a limit per
second, and 0.998 of one per ten seconds; nothing is gained by sending faster.

All of a machine who speak for an app share one small database. A transaction reads, decides and
writes; whoever must wait sleeps until the first moment at which it can be its turn. Those who wait
are served in the order in which they came; who waits for its own shop holds up nobody else.

Where the calls of before are not known, as many as a limit allows may just have been sent: the next
is sent when all of those count no more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from include import var_folder
from include.gateways.limit_store import LimitStore
from include.language import _

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import timedelta
    from pathlib import Path
    from sqlite3 import Connection

logger = logging.getLogger(__name__)
# Two clocks that are kept by NTP run apart by at most half of this.
CLOCK_MARGIN = 1.001
# One who waits looks again at least this often, in seconds, and is forgotten soon after it stops
# doing so: it is dead, and those behind it move up.
LONGEST_NAP, GRACE = 2.0, 1.0
# Event loops round to milliseconds; who woke a little early would look again and again.
SHORTEST_NAP = 0.001
# Of many calls a second, all that are allowed at once would keep each other waiting for the
# processor, and each counts until a window after its answer. From so many calls a second on, an
# app's turns come evenly, a little faster than the limit allows in the long run; who could not be
# served in time may catch up so many seconds.
PACED_FROM = 100
PACE, CATCH_UP = 0.8, 0.05
# Those who come before a call: of its shop, and of those of the app whose shop allows it by now.
AHEAD = {
    "app": "SELECT count(*) FROM waiting WHERE app = :app AND ready <= :now AND ticket < :ticket",
    "shop": "SELECT count(*) FROM waiting WHERE app = :app AND shop IS :shop AND ticket < :ticket",
}
NEWEST = {
    "app": "SELECT ended FROM calls WHERE app = :app ORDER BY ended DESC LIMIT 1 OFFSET :newest",
    "shop": "SELECT ended FROM calls WHERE app = :app AND shop IS :shop"
    " ORDER BY ended DESC LIMIT 1 OFFSET :newest",
}


class Limit(NamedTuple):
    """So many calls in any stretch of so many seconds."""

    calls: int
    seconds: float
    # What is counted together: all calls of the app, or those that concern one shop
    per: Literal["app", "shop"] = "app"

    @property
    def window(self) -> float:
        """The seconds for which an ended call counts."""
        return self.seconds * CLOCK_MARGIN

    @property
    def pace(self) -> float:
        """The least seconds between two turns; 0 for a limit that is not paced."""
        is_paced = self.per == "app" and self.calls / self.window >= PACED_FROM
        return PACE * self.window / self.calls if is_paced else 0.0


class RateLimiter:
    """The turns of one app at one platform, and of its shops."""

    def __init__(self, file: Path, app: str, limits: Sequence[Limit], timeout: timedelta) -> None:
        """Share the limits with all who name the same file and app.

        Args:
            file: where the turns are kept; made when it is not there.
            app: whose turns.
            limits: what the platform allows.
            timeout: what one call takes at most.
        """
        self._store = LimitStore.at(file)
        self._app = app
        self._limits = limits
        self._longest = max((limit.window for limit in limits), default=0.0)
        self._pace = max((limit.pace for limit in limits), default=0.0)
        self._timeout = timeout.total_seconds()
        self._has_told = False  # what its limits are

    @classmethod
    def of_app(
        cls, platform: str, app_key: str, limits: Sequence[Limit], timeout: timedelta
    ) -> RateLimiter:
        """Share the limits with every process of this machine that speaks for the same app."""
        app = blake2s(app_key.encode(), digest_size=6).hexdigest()
        return cls(
            var_folder(os.environ) / "limits" / "calls.sqlite", f"{platform}-{app}", limits, timeout
        )

    @asynccontextmanager
    async def turn(self, shop: int | str | None, latest: float = math.inf) -> AsyncIterator[None]:
        """Wait for a call's turn; from then on, until the block has ended, the call is under way.

        Args:
            shop: that the call concerns.
            latest: moment of `time.monotonic` after which a turn is of no use.

        Raises:
            TimeoutError: no turn comes before `latest`.
            ConfigurationError: the file cannot be read or written.
        """
        ticket = 0
        try:
            while True:
                ticket, turn = self._store.transact(partial(self._look, ticket, shop, latest))
                self._has_told = True
                if turn is None:
                    break
                if turn > latest:
                    raise TimeoutError  # noqa: TRY301 - it leaves the queue as well
                nap = min(turn - time.monotonic(), LONGEST_NAP)
                await asyncio.sleep(max(nap, SHORTEST_NAP))
        except (TimeoutError, asyncio.CancelledError):
            self._store.transact(partial(_leave, ticket))
            raise
        try:
            yield
        finally:
            # One that was taken for ended, and has even been forgotten, has ended only now.
            self._store.transact(partial(self._put, ticket, shop, 0.0))

    def _look(
        self, ticket: int, shop: int | str | None, latest: float, db: Connection
    ) -> tuple[int, float | None]:
        """Take the turn if it has come, else wait in the queue.

        Returns:
            the ticket; and the first moment at which the turn can come, or None where it is taken.
        """
        now = time.monotonic()
        ticket = ticket or time.monotonic_ns()
        if not self._has_told:
            allowed = [(self._app, each.per, each.seconds, each.calls) for each in self._limits]
            db.executemany("INSERT OR REPLACE INTO allowed VALUES (?, ?, ?, ?)", allowed)
        asked = {"app": self._app, "shop": shop, "ticket": ticket, "now": now}
        paced_until = max(self._forget(db, now), now - CATCH_UP)
        _, ready = self._first_moment(db, "shop", asked)
        ready = max(ready, self._shut_until(db, now))
        ahead, turn = self._first_moment(db, "app", asked)
        turn = max(ready, turn, paced_until + self._pace * (1 + ahead))
        if is_taken := turn <= now <= latest:
            paced_until += self._pace
            _leave(ticket, db)
            self._put(ticket, shop, self._timeout, db)
        else:
            dead = now + min(turn - now, LONGEST_NAP) + GRACE
            row = ticket, self._app, shop, ready, dead
            db.execute("INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?)", row)
        db.execute("INSERT OR REPLACE INTO apps VALUES (?, ?, ?)", (self._app, now, paced_until))
        return ticket, None if is_taken else turn

    def _first_moment(
        self, db: Connection, per: Literal["app", "shop"], asked: dict[str, Any]
    ) -> tuple[int, float]:
        """Return how many come before a call, and when some limits allow it after those, or now."""
        limits = [limit for limit in self._limits if limit.per == per]
        (ahead,) = db.execute(AHEAD[per], asked).fetchone() if limits else (0,)
        now = turn = asked["now"]
        for limit in limits:
            # The newest calls, so many less one as it allows, may still count; those who come
            # before end now at the earliest.
            newest = limit.calls - 1 - ahead
            found = (now,)
            if newest >= 0:
                found = db.execute(NEWEST[per], {**asked, "newest": newest}).fetchone()
            if found:
                turn = max(turn, min(found[0], now) + limit.window)
        return ahead, turn

    def _put(self, ticket: int, shop: int | str | None, left: float, db: Connection) -> None:
        """Write down a call that ends in so many seconds at the latest."""
        row = ticket, self._app, shop, time.monotonic() + left
        db.execute("INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)", row)

    def _forget(self, db: Connection, now: float) -> float:
        """Drop what counts no more, and all that is of another boot; return `paced_until`."""
        found = db.execute("SELECT latest, paced_until FROM apps WHERE app = ?", (self._app,))
        latest, paced_until = found.fetchone() or (0.0, 0.0)
        if latest > now:  # moments begin at 0 with each boot
            db.execute("DELETE FROM calls WHERE app = ?", (self._app,))
            db.execute("DELETE FROM waiting WHERE app = ?", (self._app,))
            return 0.0
        db.execute(
            "DELETE FROM calls WHERE app = ? AND ended <= ?", (self._app, now - self._longest)
        )
        db.execute("DELETE FROM waiting WHERE app = ? AND dead <= ?", (self._app, now))
        return float(paced_until)

    def _shut_until(self, db: Connection, now: float) -> float:
        """Return until when nobody calls, as the calls of before are not known."""
        lost = db.execute("SELECT moment FROM lost").fetchone()
        memory = self._timeout + self._longest
        if lost is None or not lost[0] <= now < lost[0] + memory:
            return 0.0
        if self._store.warned_of != lost[0]:
            self._store.warned_of = lost[0]
            logger.warning(
                _(
                    "{path} does not say which calls were made before, as it was damaged, removed "
                    "or is of another version: to exceed no limit, the next call is made in "
                    "{seconds} s; leave it alone",
                    path=self._store.path,
                    seconds=math.ceil(lost[0] + memory - now),
                )
            )
        return float(lost[0]) + memory


def _leave(ticket: int, db: Connection) -> None:
    db.execute("DELETE FROM waiting WHERE ticket = ?", (ticket,))
