"""Keeping a platform's rate limits from our side, across coroutines, processes and runs.

The gateway counts a call at a moment that we cannot see, but it lies between our sending and our
receiving. So a call is counted from the moment it is sent until one window after its answer has
come: whatever the latency, a call that is sent only then is never one too many in the gateway's own
window. A process that dies leaves calls that never end; they are taken to have ended after the time
that a call may take.

All who share an app's limits share a small file. It is locked for as long as it takes to read,
decide and write it; whoever must wait sleeps outside the lock until the first moment at which it
can be its turn. Those who wait are served in the order in which they came.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import math
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import uuid4

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

# Two clocks that are kept by NTP run apart by at most half of this.
CLOCK_MARGIN = 1.001
# One who waits looks again at least this often, in seconds, and is forgotten soon after it stops
# doing so: it is dead, and those behind it move up.
LONGEST_NAP, GRACE = 2.0, 1.0


class Limit(NamedTuple):
    """So many calls in any stretch of so many seconds.

    Attributes:
        per: what is counted together: all calls of the app, or those that concern one shop.
    """

    calls: int
    seconds: float
    per: Literal["app", "shop"] = "app"


@dataclass
class _State:
    """What the file holds; moments are seconds of the machine's monotonic clock.

    Attributes:
        calls: ticket to when the call was sent and when it ended (None: it has not).
        queue: ticket of one who waits to when it is taken for dead; in order of arrival.
    """

    calls: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    queue: dict[str, float] = field(default_factory=dict)


class RateLimiter:
    """The turns of one app at one platform."""

    def __init__(self, file: Path, limits: Sequence[Limit], timeout: timedelta) -> None:
        """Share the limits with all who name the same file.

        Args:
            file: where the turns are kept; made when it is not there.
            limits: what the platform allows.
            timeout: what one call takes at most; the same for all who share the file.
        """
        self._file = file
        self._windows = [(calls, seconds * CLOCK_MARGIN) for calls, seconds, _ in limits]
        self._timeout = timeout.total_seconds()

    @classmethod
    def of_app(
        cls, platform: str, app_key: str, limits: Sequence[Limit], timeout: timedelta
    ) -> RateLimiter:
        """Share the limits with every process of this machine that speaks for the same app."""
        var = os.environ.get("SCHEDULER_VAR") or Path(__file__).resolve().parents[2] / "var"
        app = blake2s(app_key.encode(), digest_size=6).hexdigest()
        return cls(Path(var) / "limits" / f"{platform}-{app}.json", limits, timeout)

    async def take(self, latest: float = math.inf) -> str:
        """Wait for a turn; the call counts from now on.

        Args:
            latest: moment of `time.monotonic` after which a turn is of no use.

        Returns:
            the ticket to hand to `ended`.

        Raises:
            TimeoutError: no turn comes before `latest`.
        """
        ticket = uuid4().hex
        while turn := self._turn(ticket):
            if turn > latest:
                self._leave(ticket)
                raise TimeoutError
            try:
                await asyncio.sleep(min(turn - time.monotonic(), LONGEST_NAP))
            except asyncio.CancelledError:
                self._leave(ticket)
                raise
        return ticket

    def ended(self, ticket: str) -> None:
        """Say that the call has been answered, or will never be."""
        with self._shared() as state:
            if ticket in state.calls:
                state.calls[ticket] = state.calls[ticket][0], time.monotonic()

    def _leave(self, ticket: str) -> None:
        with self._shared() as state:
            state.queue.pop(ticket, None)

    def _turn(self, ticket: str) -> float | None:
        """Take the turn if it has come, else queue and give the first moment at which it can."""
        with self._shared() as state:
            now = time.monotonic()
            self._forget(state, now)
            waiting = list(state.queue)
            ahead = waiting.index(ticket) if ticket in state.queue else len(waiting)
            turn = self._first_moment(state, ahead, now)
            if turn > now:
                state.queue[ticket] = now + min(turn - now, LONGEST_NAP) + GRACE
                return turn
            state.queue.pop(ticket, None)
            state.calls[ticket] = now, None
            return None

    def _first_moment(self, state: _State, ahead: int, now: float) -> float:
        """Give the first moment at which one call more can be allowed, or now."""
        ends = [self._end(call, now) for call in state.calls.values()] + [now] * ahead
        ends.sort()
        turn = now
        for calls, window in self._windows:
            counted = [end + window for end in ends if end + window > now]
            if len(counted) >= calls:
                turn = max(turn, counted[len(counted) - calls])
        return turn

    def _end(self, call: tuple[float, float | None], now: float) -> float:
        """Give when a call has ended, or the first moment at which it can."""
        sent, ended = call
        return min(now, sent + self._timeout) if ended is None else ended

    def _forget(self, state: _State, now: float) -> None:
        """Drop what counts no more, and what the clock has not reached: it is of another boot."""
        longest = max((window for _, window in self._windows), default=0.0)
        state.calls = {
            ticket: call
            for ticket, call in state.calls.items()
            if max(call[0], call[1] or 0) <= now < self._end(call, now) + longest
        }
        state.queue = {
            ticket: dead
            for ticket, dead in state.queue.items()
            if now < dead <= now + LONGEST_NAP + GRACE
        }

    @contextmanager
    def _shared(self) -> Iterator[_State]:
        """Hold the file: read it, let the caller change what it says, write it."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                state = self._read()
                yield state
                # Replaced as a whole: a process killed while it writes leaves the old state.
                new = self._file.with_suffix(".new")
                new.write_text(json.dumps({"calls": state.calls, "queue": state.queue}))
                new.replace(self._file)
        except OSError as error:
            raise ConfigurationError(
                f"rate limits cannot be kept in {self._file}: {error.strerror or error}; "
                "make its folder writable, or set SCHEDULER_VAR to one that is"
            ) from error

    def _read(self) -> _State:
        try:
            stored = json.loads(self._file.read_text())
            calls = {str(ticket): _call(call) for ticket, call in stored["calls"].items()}
            return _State(calls, {str(name): float(dead) for name, dead in stored["queue"].items()})
        except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
            return _State()  # never used, or not ours: nothing is known of earlier calls


def _call(stored: Any) -> tuple[float, float | None]:
    sent, ended = stored
    return float(sent), None if ended is None else float(ended)
