"""The client that all platforms share: turns, retries, deadlines, counting, decoding."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import anyio
from aiohttp import ClientError

from include.gateways.answers import as_of, check_over, decoded
from include.gateways.bodies import received
from include.gateways.dialect import Refreshing
from include.gateways.errors import AuthExpired, GatewayError, Malformed, Temporary
from include.gateways.limiter import RateLimiter
from include.gateways.network import address, reason, session
from include.gateways.retry_policy import Patience
from include.gateways.shapes import NO_ROWS
from include.gateways.token_renewal import AccessToken
from include.gateways.tokens import LEASE
from include.language import N_, Message, _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from typing_extensions import Self

    from include.gateways.bodies import Answer
    from include.gateways.dialect import Call, Dialect, Request, Tokens
    from include.gateways.shapes import Shapes
    from include.gateways.token_renewal import Ready
    from include.gateways.tokens import Kept, TokenStore

__all__ = ["GatewayClient", "Patience", "Tally", "tallied"]

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """How many requests were sent, retries among them."""

    calls: int = 0
    unit: str = ""  # what they were made for, as messages name it; empty where nobody said
    # From when on a source can answer for all of it; None where nobody said
    over: datetime | None = None
    # Of the moments that the answers are of, by the source's clock, if they tell
    oldest: datetime | None = None


_tallies: ContextVar[tuple[Tally, ...]] = ContextVar("tallies", default=())


@contextmanager
def tallied(unit: str = "", over: datetime | None = None) -> Iterator[Tally]:
    """Count the requests that all clients make in this block, and in the tasks started in it.

    Args:
        unit: what they are made for; gateways know a shop by another number than the team does.
        over: answers from before this moment, by the source's clock, are refused as temporary.
    """
    tally = Tally(unit=unit, over=over)
    token = _tallies.set((*_tallies.get(), tally))
    try:
        yield tally
    finally:
        _tallies.reset(token)


def _hold_against_the_clock(call: Call, answer: Answer) -> None:
    """Refuse an answer that is older than the end of what it is for."""
    said = as_of(answer)
    if said is None:
        return
    for tally in _tallies.get():
        if tally.over is not None:
            check_over(call, answer, said, tally.over)
        tally.oldest = min(said, tally.oldest or said)


def _unit() -> str:
    """Return the name of the unit that is asked for; empty where nobody said."""
    return next((tally.unit for tally in reversed(_tallies.get()) if tally.unit), "")


class GatewayClient:
    """A gateway, spoken to in one platform's dialect; use it as an async context manager."""

    def __init__(
        self,
        dialect: Dialect,
        patience: Patience | None = None,
        tokens: TokenStore | None = None,
        shapes: Shapes | None = None,
    ) -> None:
        """Make a client, in an event loop; its connections open when it is first asked something.

        Args:
            dialect: of the platform, with the connection it speaks for.
            patience: how long to go on; without, as the environment says.
            tokens: where refreshed tokens are kept; without, the connection's are used as they are.
            shapes: is shown what the answers look like.

        Raises:
            ConfigurationError: the environment asks for an impossible patience, or proxy.
        """
        self.calls = 0  # requests sent so far, retries among them
        self._dialect = dialect
        self._shapes = shapes
        self._patience = patience or Patience.from_environment()
        self._limiter = RateLimiter.of_app(
            dialect.name, dialect.connection.app_key, dialect.limits, self._patience.timeout
        )
        self._ends = time.monotonic() + self._patience.deadline.total_seconds()
        refreshes = isinstance(dialect, Refreshing) and bool(dialect.connection.refresh_token)
        store = tokens if refreshes else None
        # It must have ended before another process may take this one for dead.
        self._longest_refresh = (store.lease if store else LEASE).total_seconds() / 2
        self._token = AccessToken(dialect.connection, store, self._refreshed, self._ends)
        self._http = session(dialect.connection.base_url)

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        await self._http.close()

    async def call(self, call: Call, read: Callable[[Any], Any] | None = None) -> Any:
        """Ask the gateway; try again what is temporary.

        Args:
            call: what to ask.
            read: makes of the data what the caller wants. It belongs to the attempt: when it
                raises Temporary, the gateway is asked again.

        Returns:
            the data inside the platform's envelope (decoded JSON, its decimals exact), or what
            `read` made of it.

        Raises:
            Temporary: it still failed at the last attempt that the patience allows, or a token that
                was refreshed just now is no longer good either.
            AuthExpired: the token is no longer good, and was not refreshed.
            Refused, Malformed: another attempt is useless.
            SQLAlchemyError: the warehouse, where refreshed tokens are kept, cannot be asked.
        """
        kept = await self._token.current(call)
        try:
            return await self._tried(partial(self._ask, call, kept, read))
        except AuthExpired as expired:
            kept = await self._token.after(expired, kept, call)
        try:
            return await self._tried(partial(self._ask, call, kept, read))
        except AuthExpired as refused:
            raise self._token.refused(call, refused) from None

    async def _ask(self, call: Call, kept: Kept, read: Callable[[Any], Any] | None) -> Any:
        build = partial(self._dialect.request, call, kept.tokens.access_token)
        response = await self._exchanged(call, build)
        envelope = decoded(call, response, self._dialect.connection)
        data = self._dialect.unwrap(call, envelope)
        shapes, size = self._shapes, len(response.content)
        if shapes is not None and size > NO_ROWS and shapes.wants(call.method, size):
            shapes.look(call.method, data, _unit())
        found = data if read is None else read(data)
        _hold_against_the_clock(call, response)
        return found

    async def _refreshed(self, call: Call, refresh_token: str, ready: Ready) -> Tokens:
        tokens: Tokens = await self._tried(partial(self._refresh, call, refresh_token, ready))
        return tokens

    async def _refresh(self, call: Call, refresh_token: str, ready: Ready) -> Tokens:
        dialect = cast("Refreshing", self._dialect)
        build = partial(dialect.refresh_request, call, refresh_token)
        response = await self._exchanged(call, build, ready, self._longest_refresh)
        envelope = decoded(call, response, self._dialect.connection, secret=True)
        try:
            return dialect.refreshed(call, envelope)
        except Malformed as error:  # what a field holds may be a token
            said = str(error)
            odd = said.values_with("field", "value") if isinstance(said, Message) else None
            hidden = _("{call}: field {field}", call=call, field=odd["field"]) if odd else said
            error.args = (_("{error}: it is not as documented", error=hidden),)
            raise

    async def _tried(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Try as often as the patience allows, and keep secrets out of what errors quote."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await work()
            except GatewayError as error:
                error.args = (self._dialect.connection.masked(str(error)),)
                error.problem = self._dialect.connection.masked(error.problem)
                if not isinstance(error, Temporary) or attempt >= self._patience.attempts:
                    raise
                pause = max(error.wait, self._patience.pause_after(attempt))
                if time.monotonic() + pause >= self._ends:
                    raise
                told = _("{error}; trying again in {pause:.1f} s", error=error, pause=pause)
                unit = _unit()
                logger.warning(_("{unit}: {told}", unit=unit, told=told) if unit else told)
            await asyncio.sleep(pause)

    async def _exchanged(
        self,
        call: Call,
        build: Callable[[], Request],
        ready: Ready | None = None,
        longest: float = math.inf,
    ) -> Answer:
        """Send what `build` signs, when its turn has come and `ready` says nothing against it."""
        try:
            async with self._limiter.turn(call.shop, self._ends):
                if ready is not None:
                    await ready()
                return await self._send(call, build(), longest)
        except TimeoutError:
            raise Temporary(
                call,
                _(
                    "the rate limit leaves it no turn within the {deadline} that all calls of "
                    "this run may take; run it again for what is left",
                    deadline=str(self._patience.deadline),
                ),
            ) from None

    async def _send(self, call: Call, request: Request, longest: float) -> Answer:
        left = self._ends - time.monotonic()
        timeout = max(0.0, min(self._patience.timeout.total_seconds(), left, longest))
        self.calls += 1
        for tally in _tallies.get():
            tally.calls += 1
        where = request.url.partition("?")[0]
        try:
            with anyio.fail_after(timeout):
                async with self._http.request(
                    request.verb,
                    address(request.url),
                    data=request.body or None,
                    headers=request.headers,
                    allow_redirects=False,
                ) as response:
                    return await received(call, request, response, self._dialect.connection)
        except TimeoutError:
            said = _("no answer within {timeout:.3g} s from {where}", timeout=timeout, where=where)
            raise self._silent(call, said) from None
        except (ClientError, OSError, ValueError) as error:  # the last of what is no address
            said = _("no answer from {where}: {reason}", where=where, reason=reason(error))
            raise self._silent(call, said) from None

    def _silent(self, call: Call, said: Message) -> Temporary:
        template = N_(
            "{said}; run it again; if it stays so, check host {address} of connection "
            "{connection}, and this machine's network"
        )
        return Temporary(call, _(template, said=said, **self._dialect.connection.where))
