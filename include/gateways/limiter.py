"""Keeping a platform's rate limits from our side, across coroutines, processes and runs.

The gateway counts a call at a moment that we cannot see, but it lies between our sending and our
receiving. So a call is counted from the moment it is sent until one window after its answer has
come: whatever the latency, a call that is sent only then is never one too many in the gateway's own
window. A process that dies leaves calls that never end; they are taken to have ended after the time
that a call may take.

What that costs: where the platform allows one call more each time a window has passed, we allow it
when a window and the call's latency have. With a latency of 20 ms that leaves 0.98 of a limit per
second, and 0.998 of one per ten seconds; nothing is gained by sending faster.

All who share an app's limits share a small file. It is locked for as long as it takes to read,
decide and write it; whoever must wait sleeps outside the lock until the first moment at which it
can be its turn. Those who wait are served in the order in which they came.

Where that file does not say any more what it said, as many calls as a limit allows may just have
been sent: the next is sent when all of those count no more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from bisect import bisect_right, insort
from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from include import PROJECT_ROOT
from include.gateways.limit_store import RECORD, TICKET_BYTES, LimitFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from include.gateways.limit_store import State

logger = logging.getLogger(__name__)
# Two clocks that are kept by NTP run apart by at most half of this.
CLOCK_MARGIN = 1.001
# One who waits looks again at least this often, in seconds, and is forgotten soon after it stops
# doing so: it is dead, and those behind it move up.
LONGEST_NAP, GRACE = 2.0, 1.0
# Event loops round to milliseconds; who woke a little early would look again and again.
SHORTEST_NAP = 0.001
# Of many calls a second, all that are allowed at once would keep each other waiting for the
# processor, and each counts until a window after its answer. From so many calls a second on, turns
# come evenly, a little faster than the limit allows in the long run; who could not be served in
# time may catch up so many seconds.
PACED_FROM = 100
PACE, CATCH_UP = 0.8, 0.05


class Limit(NamedTuple):
    """So many calls in any stretch of so many seconds.

    Attributes:
        per: what is counted together: all calls of the app, or those that concern one shop.
    """

    calls: int
    seconds: float
    per: Literal["app", "shop"] = "app"


class RateLimiter:
    """The turns of one app at one platform."""

    def __init__(self, file: Path, limits: Sequence[Limit], timeout: timedelta) -> None:
        """Share the limits with all who name the same file.

        Args:
            file: where the turns are kept; made when it is not there.
            limits: what the platform allows.
            timeout: what one call takes at most; the same for all who share the file.
        """
        self._file = LimitFile.at(file)
        self._windows = [(calls, seconds * CLOCK_MARGIN) for calls, seconds, _ in limits]
        self._longest = max((window for _, window in self._windows), default=0.0)
        self._pace = max((_pace(*one) for one in self._windows), default=0.0)
        self._timeout = timeout.total_seconds()
        # When a call that was sent before counts no more, even if nobody says when it ended.
        self._longest_memory = self._timeout + self._longest

    @classmethod
    def of_app(
        cls, platform: str, app_key: str, limits: Sequence[Limit], timeout: timedelta
    ) -> RateLimiter:
        """Share the limits with every process of this machine that speaks for the same app."""
        var = os.environ.get("SCHEDULER_VAR") or PROJECT_ROOT / "var"
        app = blake2s(app_key.encode(), digest_size=6).hexdigest()
        return cls(Path(var) / "limits" / f"{platform}-{app}.turns", limits, timeout)

    async def take(self, latest: float = math.inf, waking: Callable[[], None] | None = None) -> str:
        """Wait for a turn; the call counts from now on.

        Args:
            latest: moment of `time.monotonic` after which a turn is of no use.
            waking: called every `LONGEST_NAP` or so while it waits.

        Returns:
            the ticket to hand to `ended`.

        Raises:
            TimeoutError: no turn comes before `latest`.
        """
        ticket, awake = os.urandom(TICKET_BYTES), time.monotonic()
        while turn := self._turn(ticket, latest):
            if turn > latest:
                self._leave(ticket)
                raise TimeoutError
            nap = min(turn - time.monotonic(), LONGEST_NAP)
            try:
                await asyncio.sleep(max(nap, SHORTEST_NAP))
            except asyncio.CancelledError:
                self._leave(ticket)
                raise
            if waking and time.monotonic() - awake >= LONGEST_NAP:
                awake = time.monotonic()
                waking()
        return ticket.hex()

    def renew(self, ticket: str) -> None:
        """Say that the call has not been sent yet: it counts from now on."""
        with self._file.held() as state:
            state.running.drop(bytes.fromhex(ticket))
            state.running.put(bytes.fromhex(ticket), time.monotonic())

    def ended(self, ticket: str) -> None:
        """Say that the call has been answered, or will never be."""
        with self._file.held() as state:
            # One that has been taken for ended already counts once more: it ended only now.
            state.running.drop(bytes.fromhex(ticket))
            state.ended.append(time.monotonic())

    def _leave(self, ticket: bytes) -> None:
        with self._file.held() as state:
            state.queue.drop(ticket)

    def _turn(self, ticket: bytes, latest: float) -> float | None:
        """Take the turn if it has come, else queue and give the first moment at which it can."""
        with self._file.held() as state:
            now = time.monotonic()
            self._forget(state, now)
            turn = self._first_moment(state, state.queue.ahead_of(ticket), now)
            if turn <= now <= latest:
                state.queue.drop(ticket)
                state.running.put(ticket, now)
                state.paced_until = max(state.paced_until, now - CATCH_UP) + self._pace
                return None
            dead = now + min(turn - now, LONGEST_NAP) + GRACE
            state.queue.put(ticket, dead)
            state.alive_until = min(state.alive_until, dead)
            return turn

    def _first_moment(self, state: State, ahead: int, now: float) -> float:
        """Return the first moment at which one call more can be allowed, or now."""
        taken = len(state.running) // RECORD.size + ahead
        turn = max(state.paced_until, now - CATCH_UP) + self._pace * (1 + ahead)
        turn = max(now, state.shut_until, turn)
        for calls, window in self._windows:
            # Those who run or come before end now at the earliest; so many others may still count.
            others = calls - taken
            if others <= 0:
                turn = max(turn, now + window)
            elif others <= len(state.ended):
                turn = max(turn, state.ended[-others] + window)
        return turn

    def _forget(self, state: State, now: float) -> None:
        """Drop what counts no more, and what the clock has not reached: it is of another boot."""
        if state.running and state.running.moment(-1) > now:
            state.running.keep(-math.inf, now)
        while state.running and state.running.moment(0) + self._timeout <= now:
            insort(state.ended, state.running.moment(0) + self._timeout)
            del state.running[: RECORD.size]
        del state.ended[bisect_right(state.ended, now) :]
        del state.ended[: bisect_right(state.ended, now - self._longest)]
        if state.paced_until > now:
            state.paced_until = 0.0
        if state.shut_until:
            self._shut(state, now)
        alive = now + LONGEST_NAP + GRACE
        if not now < state.alive_until <= alive:
            state.queue.keep(now, alive)
            state.alive_until = min(state.queue.moments(), default=alive)

    def _shut(self, state: State, now: float) -> None:
        """Say for how long nobody calls, where that is not known yet or of another boot."""
        if state.shut_until == math.inf:
            state.shut_until = now + self._longest_memory
            logger.warning(
                "%s does not say which calls were made before, as it was damaged or is of another "
                "version: to exceed no limit, the next call is made in %.0f s; leave it alone",
                self._file.path,
                self._longest_memory,
            )
        elif not now < state.shut_until <= now + self._longest_memory:
            state.shut_until = 0.0


def _pace(calls: int, window: float) -> float:
    """Return the least time between two turns, if a limit is one of those that are paced."""
    return PACE * window / calls if calls / window >= PACED_FROM else 0.0
