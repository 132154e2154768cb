"""The turns of a client's calls: each limit counts either all calls of the app, or one shop's."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from include.gateways.limiter import GRACE, LONGEST_NAP, RateLimiter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from include.gateways.dialect import Call, Dialect
    from include.gateways.limiter import Limit

# A turn that is held while another is waited for is renewed at least this often.
LONGEST_WAIT_UNSEEN = timedelta(seconds=LONGEST_NAP + GRACE)


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
        self._found: dict[int | str | None, list[RateLimiter]] = {}

    @asynccontextmanager
    async def taken(self, call: Call, latest: float) -> AsyncIterator[None]:
        """Wait for a call's turn, and hold it while the call is made.

        Args:
            call: whose shop counts.
            latest: moment of `time.monotonic` after which a turn is of no use.

        Raises:
            TimeoutError: no turn comes before `latest`.
        """
        # The shop's first: who waits there holds up nobody else of the app. Its turn is held while
        # the app's is waited for, and must not grow too old for the call meanwhile.
        with ExitStack() as held:
            waking = None
            for limiter in self._of(call):
                ticket = await limiter.take(latest, waking)
                held.callback(limiter.ended, ticket)
                waking = partial(limiter.renew, ticket)
            yield

    def _of(self, call: Call) -> list[RateLimiter]:
        if call.shop not in self._found:
            self._found[call.shop] = self._those_of(call)
        return self._found[call.shop]

    def _those_of(self, call: Call) -> list[RateLimiter]:
        app_key, limits = self._dialect.connection.app_key, self._dialect.limits
        shop = [limit for limit in limits if limit.per == "shop"]
        app = [limit for limit in limits if limit.per == "app"]
        found = []
        if shop:
            key = f"{app_key} shop {call.shop}"
            found.append(self._limiter(key, shop, self._timeout + LONGEST_WAIT_UNSEEN))
        if app:
            found.append(self._limiter(app_key, app, self._timeout))
        return found

    def _limiter(self, key: str, limits: list[Limit], timeout: timedelta) -> RateLimiter:
        if key not in self._limiters:
            name = self._dialect.name
            self._limiters[key] = RateLimiter.of_app(name, key, limits, timeout)
        return self._limiters[key]
