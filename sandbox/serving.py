"""The sandbox on a port of this machine, for as long as somebody needs it."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from email.utils import formatdate
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.app import create_app

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.limits import Allowances

HOST = "127.0.0.1"
LOOK_AGAIN_AFTER_SECONDS = 0.01
# An answer that is never done would keep the server for ever.
SECONDS_FOR_LAST_ANSWERS = 1


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


@contextmanager
def serve(
    seed: int = 1,
    clock: Callable[[], datetime] | None = None,
    port: int = 0,
    allowances: Allowances = None,
) -> Iterator[str]:
    """Run the sandbox in a thread; arguments as those of `create_app`.

    Args:
        seed: another gives other data.
        clock: gives the moment whose truth is served; without, now.
        port: where; 0 takes a free one.
        allowances: the rate limits that it enforces.

    Yields:
        its base URL.
    """
    with serve_app(create_app(seed, clock, allowances), port) as base_url:
        yield base_url


@contextmanager
def serve_app(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Run any web app in a thread; yield its base URL."""
    with socket.create_server((HOST, port)) as listener:
        server = server_of(app)
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(LOOK_AGAIN_AFTER_SECONDS)
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
