"""Writing requests of one web server, at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from include.scheduling.sqlite_write_lock import WritingInTurn

if TYPE_CHECKING:
    from starlette.requests import Request


class Server:
    """Answers each request after a moment; counts how many it has at once."""

    def __init__(self, *, wanted: bool = True) -> None:
        self.at_once = self.most_at_once = 0
        route = Route("/{path:path}", self._answer, methods=["GET", "POST"])
        self.app = WritingInTurn(Starlette(routes=[route]), "/coverage", wanted=wanted)

    async def _answer(self, request: Request) -> JSONResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.02)
        said: Any = await request.json() if request.method == "POST" else None
        self.at_once -= 1
        return JSONResponse(said)

    def ask(self, method: str, path: str) -> list[Any]:
        """Send ten requests at the same time; gives what was answered."""

        async def all_at_once() -> list[Any]:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                body = (lambda n: {"json": n}) if method == "POST" else lambda _: {}
                asked = (client.request(method, path, **body(n)) for n in range(10))
                return [answer.json() for answer in await asyncio.gather(*asked)]

        return asyncio.run(all_at_once())


def test_writing_requests_take_turns() -> None:
    """One at a time, and each is heard in full."""
    server = Server()
    assert server.ask("POST", "/api/v2/dags/x/dagRuns") == list(range(10))
    assert server.most_at_once == 1


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [("GET", "/api/v2/dags", True), ("POST", "/coverage/repair", True), ("POST", "/x", False)],
)
def test_others_do_not_wait(method: str, path: str, *, wanted: bool) -> None:
    """Who reads, who asks the server on, and where the database takes many writers."""
    server = Server(wanted=wanted)
    server.ask(method, path)
    assert server.most_at_once == 10
