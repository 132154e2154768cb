"""A relay as a team puts it into a platform's cloud: passes on what comes below its path."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.sandbox.serving import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

# What belongs to a connection and not to what is passed on.
OF_A_HOP = {"connection", "content-length", "transfer-encoding", "host", "keep-alive"}


class Relay:
    """Forwards `{base_url}/REST` to `{target}/REST`, whatever it is.

    Attributes:
        base_url: with its path.
        passed_on: how often each path of the target was asked for.
    """

    def __init__(self, target: str) -> None:
        self.base_url = ""
        self.passed_on: Counter[str] = Counter()
        self._target = target

    async def answer(self, request: Request) -> Response:
        """Pass one request on, and its answer back."""
        path = f"/{request.path_params['rest']}"
        self.passed_on[path] += 1
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.request(
                request.method,
                f"{self._target}{path}",
                params=request.query_params,
                headers={k: v for k, v in request.headers.items() if k not in OF_A_HOP},
                content=await request.body(),
            )
        left_out = OF_A_HOP | {"content-encoding"}
        headers = {k: v for k, v in answer.headers.items() if k not in left_out}
        return Response(answer.content, answer.status_code, headers)


@contextmanager
def relay(target: str, path: str = "/pdd") -> Iterator[Relay]:
    """Run a relay in front of a gateway."""
    one = Relay(target)
    methods = ["GET", "HEAD", "POST"]
    app = Starlette(routes=[Route(f"{path}/{{rest:path}}", one.answer, methods=methods)])
    with serve_app(app) as base_url:
        one.base_url = f"{base_url}{path}"
        yield one
