"""An answer is read whole, and none takes more memory than there is."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import Response, StreamingResponse

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import Malformed, Temporary
from tests.gateways.asking import using
from tests.gateways.data_service import in_turn, serving
from tests.gateways.plain import Plain
from tests.gateways.scripted_gateway import scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 2**20
BOMB = gzip.compress(bytes(200 * MB), 1)
CALL = Call("/some", shop=1)


def ask(answer: Any) -> Any:
    """Return what a client makes of an answer."""
    with serving() as service:
        service.asked(in_turn(answer))
        shop = Connection("shop_1", service.base_url, "key", "s3cret", "t0ken")
        return using(Plain(shop), lambda client: client.call(CALL))


def packed(content: bytes, encoding: str) -> Response:
    """Name how the content is packed."""
    return Response(content, headers={"Content-Encoding": encoding})


def endless() -> Iterator[bytes]:
    """Go on for ever."""
    while True:
        yield bytes(MB)


@pytest.mark.parametrize(
    "answer",
    [
        packed(gzip.compress(b'{"a": [1]}'), "gzip"),
        packed(zlib.compress(b'{"a": [1]}'), "Deflate"),
        packed(b'{"a": [1]}', "identity"),
        StreamingResponse(iter((b'{"a"', b": [1]}"))),
    ],
    ids=["gzip", "deflate", "identity", "in pieces"],
)
def test_an_answer_is_given_unpacked(answer: Any) -> None:
    """However it is packed, and in however many pieces it comes."""
    assert ask(answer) == {"a": [1]}


def test_a_large_answer_is_read() -> None:
    """What is below the bound is an answer like any other."""
    assert len(ask(Response(b'"' + b"x" * 50 * MB + b'"'))) == 50 * MB


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("kind", ["bomb", "endless"])
def test_an_answer_that_is_too_large_is_not_read_on(kind: str, status: int) -> None:
    """Neither one that never ends, nor one that unpacks into a thousand times what was sent."""
    answer = packed(BOMB, "gzip") if kind == "bomb" else StreamingResponse(endless())
    answer.status_code = status
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match=r"larger than 64 MB.* of connection shop_1"):
            ask(answer)
        assert tracemalloc.get_traced_memory()[1] < 190 * MB
    finally:
        tracemalloc.stop()


def test_a_length_that_means_nothing_is_not_believed() -> None:
    """An answer that comes in pieces has none: one that says both is no HTTP, and is not read."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
    with scripted(head + b"%x\r\n" % (65 * MB) + bytes(65 * MB)) as gateway:
        shop = Connection("shop_1", gateway.base_url, "key", "s3cret", "t0ken")
        with pytest.raises(Temporary, match="Content-Length can't be present"):
            using(Plain(shop), lambda client: client.call(CALL))


@pytest.mark.parametrize("window", [-zlib.MAX_WBITS, zlib.MAX_WBITS | 16])
def test_a_packed_answer_that_was_cut_is_temporary(window: int) -> None:
    """Also one whose end looks like the end of its JSON."""
    packer = zlib.compressobj(wbits=window)
    start = packer.compress(b'{"a": 1}') + packer.flush(zlib.Z_SYNC_FLUSH)
    encoding = "deflate" if window < 0 else "gzip"
    assert ask(packed(start + packer.flush(), encoding)) == {"a": 1}
    with pytest.raises(Temporary, match="packed body was cut"):
        ask(packed(start, encoding))


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
def test_an_answer_packed_otherwise_than_asked_is_not_unpacked(encoding: str) -> None:
    """One bomb inside another would be unpacked at a stroke."""
    with pytest.raises(Malformed, match=r"Content-Encoding is .* not asked for"):
        ask(packed(gzip.compress(BOMB), encoding))


def test_what_cannot_be_unpacked_is_temporary() -> None:
    """As is what was cut on its way."""
    with pytest.raises(Temporary, match=r"cannot be unpacked"):
        ask(packed(b"no gzip", "gzip"))
