"""The server that the sandbox runs on: it dates answers, and lets the app break connections."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


HOST = "127.0.0.1"
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
