"""A gateway in 聚水潭's words whose tokens expire."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from tests.sandbox.serving import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator

CALL = Call("/open/some/query", {}, shop=7)
LIFETIME = timedelta(days=30)


@dataclass
class TokenGateway:
    """Takes the access token that it issued last, and exchanges the refresh token once.

    Attributes:
        generation: of the tokens that are good; the connection's own are of 0.
        expired: whether the access token has ended; a refresh ends that.
        refusal: what the refresh is answered with instead of tokens.
        slow: seconds that a refresh takes.
        lifetime: of what it issues.
        together: no call is answered before so many have come.
        calls, refreshes: how many were asked for.
    """

    generation: int = 0
    expired: bool = False
    refusal: Any = None
    slow: float = 0
    lifetime: timedelta = LIFETIME
    together: int = 0
    calls: int = 0
    refreshes: int = 0
    base_url: str = ""
    _lock: Lock = field(default_factory=Lock)

    def some(self, form: dict[str, str]) -> Any:
        """Answer any call."""
        with self._lock:
            self.calls += 1
            good = not self.expired and form["access_token"] == access(self.generation)
        while self.calls < self.together:
            time.sleep(0.01)
        if good:
            return {"code": 0, "data": {"generation": self.generation}}
        return {"code": 100, "msg": f"access_token {form['access_token']} 已过期"}

    def refresh(self, form: dict[str, str]) -> Any:
        """Answer a refresh."""
        with self._lock:
            self.refreshes += 1
            time.sleep(self.slow)
            if self.refusal is not None:
                return self.refusal
            if form["refresh_token"] != refresh(self.generation):
                return {"code": 100, "msg": f"refresh_token {form['refresh_token']} 无效"}
            self.generation += 1
            self.expired = False
            tokens = {
                "access_token": access(self.generation),
                "refresh_token": refresh(self.generation),
                "expires_in": int(self.lifetime.total_seconds()),
            }
            return {"code": 0, "data": tokens}

    def connection(self, ends_in: timedelta | None = None, generation: int = 0) -> Connection:
        """Return a connection that holds the tokens of a generation."""
        ends = None if ends_in is None else datetime.now(timezone.utc) + ends_in
        tokens = access(generation), refresh(generation), ends
        return Connection("erp", self.base_url, "key", "s3cret", *tokens)


def access(generation: int) -> str:
    """Return the access token of a generation."""
    return f"acc3ss-{generation}-of-the-gateway"


def refresh(generation: int) -> str:
    """Return the refresh token of a generation."""
    return f"r3fresh-{generation}-of-the-gateway"


@contextmanager
def token_gateway(**changed: Any) -> Iterator[TokenGateway]:
    """Serve one on loopback."""
    gateway = TokenGateway(**changed)
    app = FastAPI()

    async def form_of(request: Request) -> dict[str, str]:
        return dict(parse_qsl((await request.body()).decode()))

    @app.post("/open/some/query")
    async def some(request: Request) -> Any:
        return await run_in_threadpool(gateway.some, await form_of(request))

    @app.post("/openWeb/auth/refreshToken")
    async def refresh(request: Request) -> Any:
        answer = await run_in_threadpool(gateway.refresh, await form_of(request))
        return answer if isinstance(answer, dict) else Response(answer)

    with serve_app(app) as gateway.base_url:
        yield gateway
