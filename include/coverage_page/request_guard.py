"""What keeps other web pages out, and strange texts from becoming a part of this one.

The browser's session is a cookie, which it also sends with what another page lets it send. Such a
request is no JSON, or says where it comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
JSON = "application/json"


def refuse_other_pages(request: Request) -> None:
    """Refuse what this page has not sent: another content than JSON, or another origin."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        message = f"the body is {kind or 'of no type'}: send JSON, with Content-Type: {JSON}"
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, message)
    if not _from_here(request):
        message = "this was sent by another page: open the page Coverage and repair there"
        raise HTTPException(status.HTTP_403_FORBIDDEN, message)


def _from_here(request: Request) -> bool:
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:  # a browser, and it says so itself
        return fetched == "same-origin"
    origin = request.headers.get("origin")
    # A program sends none; a browser does with everything that is no GET.
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Let the browser run what comes from here alone, and keep nothing that it was told."""
    answer = await call_next(request)
    answer.headers.update(HEADERS)
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer
