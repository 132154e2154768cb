"""A real data service on loopback that answers as a test tells it to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation

from tests.sandbox.serving import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator


Answer = Callable[[int, dict[str, str]], Any]


def in_turn(*answers: Any) -> Answer:
    """Answer with one after the other, the last one for ever."""
    return lambda number, _: answers[min(number, len(answers) - 1)]


@dataclass
class DataService:
    """Answers each request with what a function makes of its number and its parameters.

    Attributes:
        requests: what was asked: verb, path, query, headers, body.
    """

    base_url: str = ""
    answer: Answer = field(default_factory=in_turn)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def asked(self, answer: Answer) -> DataService:
        """Forget what was asked, and answer so from now on."""
        self.answer, self.requests = answer, []
        return self


@contextmanager
def serving() -> Iterator[DataService]:
    """Serve one, which answers as the last `asked` said."""
    service, app = DataService(), FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def serve(request: Request) -> Any:
        body = await request.body()
        query = dict(request.query_params)
        service.requests.append(
            {
                "verb": request.method,
                "path": request.scope["raw_path"].decode(),
                "query": query,
                "headers": dict(request.headers),
                "body": body,
            }
        )
        return service.answer(len(service.requests) - 1, query)

    with serve_app(app) as service.base_url:
        yield service
