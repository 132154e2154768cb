"""The page's web application, as Airflow mounts it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from include.language import N_, _

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

PREFIX = "/coverage"
NAME = "coverage"
# Airflow shows it as it stands, to every reader, and has room for one short word.
TITLE = N_("Coverage")
VIEW = {
    "name": _(TITLE)[:],
    "href": f"{PREFIX.lstrip('/')}/",  # relative, so that it is found below a base URL's path, too
    "url_route": NAME,
    "destination": "nav",
    "nav_top_level": True,
    "icon": f"{PREFIX.lstrip('/')}/files/icon.svg",
    "icon_dark_mode": f"{PREFIX.lstrip('/')}/files/icon-dark.svg",
}


class CoverageApp:
    """Made at its first request: plugins are loaded by every component, and only one serves it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        # What it is mounted in; runs are made by asking that, as the same user.
        self._made.state.airflow = scope.get("app")
        await self._made(scope, receive, send)

    @property
    def routes(self) -> list[Any]:
        """What it serves."""
        return self._made.routes

    @cached_property
    def _made(self) -> FastAPI:
        from include.coverage_page.routes import make_app  # noqa: PLC0415 -- loads FastAPI

        return make_app()
