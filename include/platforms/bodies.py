"""Reading an answer to its end, however much somebody sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from include.platforms.errors import Malformed
from include.quoting import quoted

if TYPE_CHECKING:
    from include.platforms.connection import Connection
    from include.platforms.dialect import Call

# Pages are of some hundred rows, at most a few MB; much more than that would take the memory of
# all that runs beside.
LARGEST = 64 * 2**20
# What these unpack from one piece of the network is of a known size; one inside another is not.
ENCODINGS = ("gzip", "deflate")
ACCEPTED = {"Accept-Encoding": ", ".join(ENCODINGS)}
# What a head says of its body as it was on its way.
PACKING = (b"content-encoding", b"content-length", b"transfer-encoding")


async def received(call: Call, response: httpx.Response, connection: Connection) -> httpx.Response:
    """Read an answer that is still on its way.

    Args:
        call: what was asked.
        response: its head.
        connection: which the repair names.

    Returns:
        the whole answer, unpacked.

    Raises:
        Malformed: it is larger than 64 MB, or packed in a way that was not asked for.
        RequestError: the network's own errors, and what cannot be unpacked.
    """
    repair = f"check host {connection.base_url} of connection {connection.id}"
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in (*ENCODINGS, "identity", ""):
        problem = f"the answer's Content-Encoding is {quoted(packed)}, which was not asked for"
        raise Malformed(call, problem, repair=repair)
    if not packed and _is_known_to_be_small(response.headers):
        await response.aread()
        return response
    pieces, size = [], 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > LARGEST:
            problem = f"the answer is larger than {LARGEST // 2**20} MB, and was not read on"
            raise Malformed(call, problem, repair=f"ask for fewer rows at a time, or {repair}")
        pieces.append(piece)
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in PACKING]
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=b"".join(pieces),
        request=response.request,
    )


def _is_known_to_be_small(headers: httpx.Headers) -> bool:
    """Tell whether the network gives no more than a head says; most answers are so."""
    if "transfer-encoding" in headers:  # then the length means nothing
        return False
    return 0 <= int(headers.get("content-length", -1)) <= LARGEST
