"""When a client's access token is exchanged for the next, and what happens when that fails."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, GatewayError, Malformed, Temporary
from include.gateways.tokens import first_tokens
from include.language import N_, Message, _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from include.gateways.connection import Connection
    from include.gateways.dialect import Tokens
    from include.gateways.tokens import Kept, TokenStore

    Ready: TypeAlias = Callable[[], Awaitable[None]]
    Refresh: TypeAlias = Callable[[Call, str, Ready], Awaitable[Tokens]]

logger = logging.getLogger(__name__)

# A run that starts this long before a token ends refreshes it, but not what was refreshed just now:
# some platforms' tokens live no longer than a day.
AHEAD, RECENTLY = timedelta(days=3), timedelta(hours=1)
# Within this a token may end while a call is on its way.
URGENT = timedelta(seconds=60)
# One who waits for another's refresh looks again after this many seconds.
LOOK_AGAIN = 0.25
STORING_ATTEMPTS, STORING_PAUSE = 5, 1.0


class AccessToken:
    """The access token of one connection, for as long as its client lives."""

    def __init__(
        self, connection: Connection, store: TokenStore | None, refresh: Refresh, ends: float
    ) -> None:
        """Begin with what is kept, or with the connection's own.

        Args:
            connection: whose token it is.
            store: where refreshed tokens are kept; without, nothing is refreshed.
            refresh: asks the platform, given a call that names it in messages, the refresh token,
                and what to await at the last moment before it is sent.
            ends: moment of `time.monotonic` after which waiting for others is of no use.
        """
        self._connection = connection
        self._store = store
        self._refresh = refresh
        self._ends = ends
        self._lock = asyncio.Lock()
        self._opened = False
        self._gave_up_ahead = False
        self._kept = first_tokens(connection)

    async def current(self, call: Call) -> Kept:
        """Return what a call is to be made with; refresh it first when it is about to end.

        Raises:
            SQLAlchemyError: the warehouse cannot be asked.
        """
        if self._store is None:
            return self._kept
        async with self._lock:
            opening, self._opened = not self._opened, True
            if opening:
                self._know(await asyncio.to_thread(self._store.open, self._connection))
            if not self._gave_up_ahead and self._is_due(opening=opening):
                await self._renew_ahead(self._store, call)
            return self._kept

    async def after(self, expired: AuthExpired, used: Kept, call: Call) -> Kept:
        """Return what the call is to be tried with again, now that its token has expired.

        Raises:
            AuthExpired: the platform does not refresh it; says what a person must do.
            Temporary: it could not be refreshed now.
            SQLAlchemyError: the warehouse cannot be asked.
        """
        if self._store is None:
            raise expired
        async with self._lock:
            if self._kept is used:
                try:
                    await self._renew(self._store, call, wait=True)
                except Temporary:
                    raise
                except Malformed as error:  # no answer that says no
                    raise Temporary(
                        call,
                        _(
                            "the access token has expired, and nobody can tell whether it was "
                            "refreshed ({error}); run it again; if it stays so, {repair}",
                            error=error,
                            repair=self._repair(),
                        ),
                        code=error.code,
                    ) from None
                except GatewayError as error:
                    problem = self._not_refreshed(error)
                    raise AuthExpired(call, problem, code=error.code) from None
            return self._kept

    def _not_refreshed(self, error: GatewayError) -> Message:
        """Return what a person must do whose token the platform does not refresh."""
        if isinstance(error, AuthExpired):  # says itself what to do
            call = Call(error.method, page=error.page)
            told = _("{call}: {problem}", call=call, problem=error.problem)
            return _(
                "the access token has expired, and it cannot be refreshed: {error}", error=told
            )
        template = N_(
            "the access token has expired, and it cannot be refreshed ({error}): {repair}"
        )
        return _(template, error=error, repair=self._repair())

    def refused(self, call: Call, said: AuthExpired) -> Temporary:
        """Return what it means that a call was refused with what `after` gave.

        No refresh was refused, so the next run may well be given a token that is taken: some live
        for moments only, and another process can have exchanged this one already.
        """
        return Temporary(
            call,
            _(
                "the platform refuses an access token that it has just given ({said}): run it "
                "again; if it stays so, {repair}",
                said=said,
                repair=self._repair(),
            ),
            code=said.code,
        )

    def _is_due(self, *, opening: bool) -> bool:
        ends, refreshed = self._kept.tokens.expires_at, self._kept.refreshed_at
        if ends is None:
            return False
        now = datetime.now(timezone.utc)
        recent = refreshed is not None and now - refreshed < RECENTLY
        return ends - now <= URGENT or (opening and ends - now <= AHEAD and not recent)

    async def _renew_ahead(self, store: TokenStore, call: Call) -> None:
        """Refresh a token that may still be good; where that fails, the gateway has the word."""
        ends = self._kept.tokens.expires_at
        urgent = ends is not None and ends - datetime.now(timezone.utc) <= URGENT
        try:
            await self._renew(store, call, wait=urgent)
        except GatewayError as error:
            self._gave_up_ahead = True
            logger.warning(
                _(
                    "connection {connection}: its access token ends at {ends:%Y-%m-%d %H:%M} UTC "
                    "and was not refreshed ({error}); the next run tries again; if that fails "
                    "too, by then {repair}",
                    connection=self._connection.id,
                    ends=ends,
                    error=error,
                    repair=self._repair(),
                )
            )

    async def _renew(self, store: TokenStore, call: Call, *, wait: bool) -> None:
        """Refresh, or take over what another process has refreshed; `wait` for one under way."""
        holder = uuid4().hex
        while not await asyncio.to_thread(store.take_lease, self._connection, self._kept, holder):
            if await self._taken_over(store, call) or not wait:
                return
            if time.monotonic() >= self._ends:
                raise Temporary(
                    call,
                    _("another process takes too long to refresh the access token: run it again"),
                )
            await asyncio.sleep(LOOK_AGAIN)
        try:
            await self._exchange(store, call, holder)
        finally:
            with suppress(SQLAlchemyError):  # else it runs out by itself
                await asyncio.to_thread(store.end_lease, self._connection, holder)

    async def _taken_over(self, store: TokenStore, call: Call) -> bool:
        """Read what is kept now, and return whether it is new."""
        kept = await asyncio.to_thread(store.read, self._connection)
        if kept is None:
            raise Temporary(
                call,
                _(
                    "the tokens kept for connection {connection} have been removed since this run "
                    "began: run it again",
                    connection=self._connection.id,
                ),
            )
        if kept.secret == self._kept.secret:
            return False
        self._know(kept)
        return True

    async def _exchange(self, store: TokenStore, call: Call, holder: str) -> None:
        async def ready() -> None:
            # The turn may have taken longer to come than the lease lasts.
            if not await asyncio.to_thread(store.extend_lease, self._connection, holder):
                raise Temporary(
                    call, _("another process refreshes the access token, too: run it again")
                )

        old = self._kept.tokens
        refreshing = N_("refresh of the access token of connection {connection}")
        named = Call(_(refreshing, connection=self._connection.id), {}, call.shop)
        tokens = await self._refresh(named, old.refresh_token, ready)
        tokens = replace(tokens, refresh_token=tokens.refresh_token or old.refresh_token)
        # Kept before they are used for the first time: those before may be worth nothing from now.
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(OperationalError),
            wait=wait_fixed(STORING_PAUSE),
            stop=stop_after_attempt(STORING_ATTEMPTS),
            reraise=True,
        )
        await retrying(asyncio.to_thread, store.put, self._connection, self._kept, tokens)
        await self._taken_over(store, call)

    def _know(self, kept: Kept) -> None:
        self._kept = kept
        self._connection.conceal(kept.tokens.access_token, kept.tokens.refresh_token)

    def _repair(self) -> str:
        return _(
            "authorise the app again, and put the new access_token and refresh_token into "
            "the extra of connection {connection}",
            connection=self._connection.id,
        )
