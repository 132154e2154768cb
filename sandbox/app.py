"""The sandbox as a web app: the gateways, and `/sandbox/…` for who wants to check against it.

The server that it runs on dates answers, and lets the app break connections.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - FastAPI reads the annotation
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse, Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import admin, feeds, jd, jushuitan, pdd
from sandbox.book import as_text
from sandbox.wire import FaultyWire
from sandbox.world import World

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.book import Book
    from sandbox.limits import Allowances

# Each serves its platform's paths; under /sandbox/truth/ stands what is true of it.
GATEWAYS = {
    "erp/orders": jushuitan,
    "jd/orders": jd,
    "pdd/refunds": pdd,
}
HOST = "127.0.0.1"
# An answer that is never done would keep the server for ever.
SECONDS_FOR_LAST_ANSWERS = 1


def create_app(
    seed: int = 1,
    clock: Callable[[], datetime] | None = None,
    allowances: Allowances = None,
) -> FastAPI:
    """Make the sandbox.

    Args:
        seed: another gives other data.
        clock: gives the moment (naive: of Asia/Shanghai) whose truth is served; without, now.
            Timestamps of requests are held against the real time.
        allowances: the rate limits that it enforces: one list for all platforms, or a list for
            some by name (erp, jd, pdd, feeds); without, as the platforms document them.
    """
    world = World(seed, clock, allowances)
    app = FastAPI(title="Sandbox of the platforms' gateways", openapi_url=None)
    app.add_middleware(FaultyWire, world=world)
    admin.add_routes(app, world)
    feeds.add_routes(app, world)
    for path, gateway in GATEWAYS.items():
        _tell_truth(app, path, gateway.add_routes(app, world))
    return app


def _tell_truth(app: FastAPI, path: str, book: Book[Any]) -> None:
    @app.get(f"/sandbox/truth/{path}")
    async def truth(shop: int, day: date, by: str = "change") -> Response:
        return JSONResponse(as_text(book.told(shop, day, by)))


class Connection(HttpToolsProtocol):
    """A connection that the app may break: `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand it to the app with every request."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Dated:
    """ASGI middleware: says when an answer was made, where the app does not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if all(name.lower() != b"date" for name, _ in headers):
                    headers.append((b"date", formatdate(usegmt=True).encode()))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, dated)


def server_of(app: ASGIApp, port: int = 0, host: str = HOST) -> uvicorn.Server:
    """Make a server of a web app, not yet running, on a port of this machine."""
    return uvicorn.Server(
        uvicorn.Config(
            Dated(app),
            host=host,
            port=port,
            http=Connection,
            lifespan="off",
            date_header=False,  # it is the app's, or ours
            log_level="warning",
            timeout_graceful_shutdown=SECONDS_FOR_LAST_ANSWERS,
        )
    )
