"""The page's own files: a list made once, so that no path leads out of the folder."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import HTTPException, Request, status
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
INDEX = "index.html"
# Asked again each time, which costs no bytes when nothing has changed.
CACHE = "private, no-cache"


class PageFile(NamedTuple):
    """One of them, as it is sent."""

    content: bytes
    kind: str
    tag: str


@cache
def files() -> dict[str, PageFile]:
    """Read them all."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in KINDS:
            content = path.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            found[path.name] = PageFile(content, KINDS[path.suffix], tag)
    return found


def answer_with(request: Request, name: str) -> Response:
    """Send one, unless the browser has it.

    Raises:
        HTTPException: there is none of that name.
    """
    file = files().get(name)
    if file is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no such file")
    headers = {"ETag": file.tag, "Cache-Control": CACHE}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(file.content, media_type=file.kind, headers=headers)
