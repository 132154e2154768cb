"""The client that all platforms share: turns, retries, deadlines, counting, decoding."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential, wait_random

from include.platforms.errors import Refused, Temporary
from include.platforms.fields import quoted
from include.platforms.limits import RateLimiter

if TYPE_CHECKING:
    from types import TracebackType

    from tenacity import RetryCallState
    from typing_extensions import Self

    from include.platforms.dialect import Call, Dialect

logger = logging.getLogger(__name__)

# Statuses that say "not now": request timeout, too early, too many requests, and every 5xx.
NOT_NOW = (408, 425, 429)
SERVER_ERRORS = range(500, 600)
LONGEST_PAUSE = timedelta(seconds=30)
# A proxy of the environment is for the outside world, never for this machine.
NO_PROXY = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))


@dataclass(frozen=True)
class Patience:
    """How long a client goes on.

    Attributes:
        timeout: of one call, from sending to the last byte of the answer.
        deadline: of all calls of one client together, from its making on.
        attempts: how often one call is tried while its failure is temporary.
        pause: before the second attempt; it doubles from there, with as much jitter.
    """

    timeout: timedelta = timedelta(seconds=30)
    deadline: timedelta = timedelta(minutes=30)
    attempts: int = 5
    pause: timedelta = timedelta(seconds=1)


class GatewayClient:
    """A gateway, spoken to in one platform's dialect; use it as an async context manager.

    Attributes:
        calls: requests sent so far, retries among them.
    """

    def __init__(
        self,
        dialect: Dialect,
        patience: Patience | None = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        """Make a client that opens its connections when it is first asked something.

        Args:
            dialect: of the platform, with the connection it speaks for.
            patience: how long to go on.
            limiter: who gives the turns; without, the one that all of this machine share who
                speak for the same app.
        """
        self.calls = 0
        self._dialect = dialect
        self._patience = patience or Patience()
        self._limiter = limiter or RateLimiter.of_app(
            dialect.name, dialect.connection.app_key, dialect.limits, self._patience.timeout
        )
        self._ends = time.monotonic() + self._patience.deadline.total_seconds()
        # The time of a call is watched as a whole, in _send; httpx would watch each of its steps.
        self._http = httpx.AsyncClient(timeout=None, mounts=NO_PROXY)  # noqa: S113 - said above
        pause = self._patience.pause.total_seconds()
        self._backoff = wait_exponential(pause, LONGEST_PAUSE.total_seconds()) + wait_random(
            0, pause
        )

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def call(self, call: Call) -> Any:
        """Ask the gateway; try again what is temporary.

        Returns:
            the data inside the platform's envelope: decoded JSON, its decimals exact.

        Raises:
            Temporary: it still failed at the last attempt that the patience allows.
            AuthExpired, Refused, Malformed: another attempt is useless.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Temporary),
            wait=self._pause,
            stop=stop_after_attempt(self._patience.attempts)
            | stop_before_delay(self._ends - time.monotonic()),
            before_sleep=_log_retry,
            reraise=True,
        )
        return await retrying(self._attempt, call)

    async def _attempt(self, call: Call) -> Any:
        try:
            ticket = await self._limiter.take(latest=self._ends)
        except TimeoutError:
            raise Temporary(
                call,
                f"the rate limit leaves it no turn within the {self._patience.deadline} that all "
                "calls of this run may take; run it again for what is left",
            ) from None
        try:
            response = await self._send(call)
        finally:
            self._limiter.ended(ticket)
        return self._dialect.unwrap(call, self._decoded(call, response))

    async def _send(self, call: Call) -> httpx.Response:
        request = self._dialect.request(call)
        left = self._ends - time.monotonic()
        timeout = max(0.0, min(self._patience.timeout.total_seconds(), left))
        self.calls += 1
        try:
            sending = self._http.post(
                request.url, content=request.body, headers=dict(request.headers)
            )
            return await asyncio.wait_for(sending, timeout)
        except asyncio.TimeoutError:
            raise Temporary(call, f"no answer within {timeout:.3g} s from {request.url}") from None
        except httpx.RequestError as error:
            reason = f"{type(error).__name__} {error}".strip()
            raise Temporary(call, f"no answer from {request.url}: {reason}") from None

    def _decoded(self, call: Call, response: httpx.Response) -> Any:
        status = response.status_code
        shown = quoted(self._dialect.connection.masked(response.text))
        if status in NOT_NOW or status in SERVER_ERRORS:
            wait = response.headers.get("retry-after", "")
            seconds = float(wait) if wait.isascii() and wait.isdecimal() else 0.0
            raise Temporary(call, f"HTTP {status} {shown}", code=status, wait=seconds)
        if not response.is_success:
            connection = self._dialect.connection
            raise Refused(
                call,
                f"HTTP {status} {shown} from {response.url}; "
                f"check host {connection.base_url} of connection {connection.id}",
                code=status,
            )
        try:
            return json.loads(response.content, parse_float=Decimal)
        except ValueError:  # a body that was cut, or a page that somebody put in between
            raise Temporary(call, f"the answer is not JSON: {shown}") from None

    def _pause(self, state: RetryCallState) -> float:
        return max(self._backoff(state), getattr(_error(state), "wait", 0.0))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _log_retry(state: RetryCallState) -> None:
    logger.warning("%s; trying again in %.1f s", _error(state), state.upcoming_sleep)
