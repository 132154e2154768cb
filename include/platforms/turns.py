"""The turns of a client's calls: each limit counts either all calls of the app, or one shop's."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from include.platforms.limits import RateLimiter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from include.platforms.dialect import Call, Dialect
    from include.platforms.limits import Limit


class Turns:
    """The turns of one app at one platform, shared with all of this machine who speak for it."""

    def __init__(self, dialect: Dialect, timeout: timedelta) -> None:
        """Share the limits of a dialect.

        Args:
            dialect: says the limits, and whose they are.
            timeout: what one call takes at most.
        """
        self._dialect = dialect
        self._timeout = timeout
        self._limiters: dict[str, RateLimiter] = {}

    @asynccontextmanager
    async def taken(self, call: Call, latest: float) -> AsyncIterator[None]:
        """Wait for a call's turn, and hold it while the call is made.

        Args:
            call: whose shop counts.
            latest: moment of `time.monotonic` after which a turn is of no use.

        Raises:
            TimeoutError: no turn comes before `latest`.
        """
        # The shop's first: who waits there holds up nobody else of the app.
        with ExitStack() as held:
            for limiter in self._of(call):
                held.callback(limiter.ended, await limiter.take(latest=latest))
            yield

    def _of(self, call: Call) -> list[RateLimiter]:
        app_key, limits = self._dialect.connection.app_key, self._dialect.limits
        shop = [limit for limit in limits if limit.per == "shop"]
        app = [limit for limit in limits if limit.per == "app"]
        found = []
        if shop:
            # A shop's turn is held while the app's is waited for, and then for the call itself.
            key = f"{app_key} shop {call.shop}"
            found.append(self._limiter(key, shop, 2 * self._timeout))
        if app:
            found.append(self._limiter(app_key, app, self._timeout))
        return found

    def _limiter(self, key: str, limits: list[Limit], timeout: timedelta) -> RateLimiter:
        if key not in self._limiters:
            name = self._dialect.name
            self._limiters[key] = RateLimiter.of_app(name, key, limits, timeout)
        return self._limiters[key]
