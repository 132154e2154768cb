"""Answers each request in the language that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.language import CHINESE, ENGLISH, speaking

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class ReaderLanguage:
    """Chinese where `Accept-Language` begins with that, else English, whatever the service speaks.

    Args:
        app: answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        wish = dict(scope.get("headers", ())).get(b"accept-language", b"")
        with speaking(CHINESE if wish.lower().startswith(b"zh") else ENGLISH):
            await self._app(scope, receive, send)
