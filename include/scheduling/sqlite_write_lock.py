"""Makes the web server's writing requests take turns where Airflow's database is SQLite.

Airflow writes its audit log inside the event loop. Where another request has the database's one
lock just then, the loop waits for it, and that request waits for the loop: nothing is answered
until SQLite gives up, after half a minute, and two who trigger a run at once both get an error. In
turn they take milliseconds each.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class WritingInTurn:
    """A middleware around the whole web server.

    Args:
        app: the server.
        apart: requests below this path are let through: they ask the server themselves.
        wanted: whether turns are taken; by default where Airflow's database is SQLite.
    """

    def __init__(self, app: ASGIApp, apart: str, *, wanted: bool | None = None) -> None:
        self._app = app
        self._apart = f"{apart}/"
        self._wanted = _is_sqlite() if wanted is None else wanted
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, when it is its turn."""
        reads = scope["type"] != "http" or scope["method"] in READING
        if reads or not self._wanted or self._apart in scope["path"]:
            await self._app(scope, receive, send)
            return
        # A client that is slow to say what it wants keeps nobody waiting.
        receive = await _said_in_full(receive)
        async with self._turn:
            await self._app(scope, receive, send)


async def _said_in_full(receive: Receive) -> Receive:
    said: list[Message] = [await receive()]
    while said[-1].get("more_body"):
        said.append(await receive())

    async def again() -> Message:
        return said.pop(0) if said else await receive()

    return again


def _is_sqlite() -> bool:
    from airflow.configuration import conf  # noqa: PLC0415 -- every component loads plugins

    return bool(conf.get("database", "sql_alchemy_conn").startswith("sqlite"))
