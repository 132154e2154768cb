"""An answer is read whole, none takes more memory than there is; its JSON is what was written."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import Response, StreamingResponse

from include.gateways.bodies import DoubledKeyError, OtherEncodingError, json_of
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import Malformed, Temporary
from tests.gateways.asking import Plain, using
from tests.gateways.data_service import in_turn, serving
from tests.gateways.scripted_gateway import scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 2**20
PACKER = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
# The head and 200 times one MB, each packed by itself; its end never comes.
BOMB = b"".join(
    [
        PACKER.compress(bytes(MB)) + PACKER.flush(zlib.Z_FULL_FLUSH),
        (PACKER.compress(bytes(MB)) + PACKER.flush(zlib.Z_FULL_FLUSH)) * 199,
    ]
)
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


TEXT = '{"名": "毛毯褪色", "价": 12.30}'
DATA = {"名": "毛毯褪色", "价": Decimal("12.30")}


@pytest.mark.parametrize("charset", [None, "utf-8", "gbk", "iso-8859-1", "no-such", "gb2312"])
def test_utf8_is_read_whatever_the_header_says(charset: str | None) -> None:
    """Many servers name an encoding that their JSON is not in."""
    assert json_of(TEXT.encode(), charset) == DATA


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("gbk", "GBK"), ("gbk", "gb2312"), ("gb18030", "gb18030"), ("utf-16", None)],
)
def test_what_the_header_names_is_read(encoding: str, charset: str | None) -> None:
    """Also text that is UTF-8 by chance, as other characters."""
    assert json_of(TEXT.encode(encoding), charset) == DATA
    if encoding == "gbk":
        by_chance = '"目录"'.encode("gbk")
        assert json_of(by_chance, charset) == "目录"


@pytest.mark.parametrize(("encoding", "looks"), [("gbk", "gbk"), ("big5", "big5")])
@pytest.mark.parametrize("charset", [None, "utf-8", "iso-8859-1"])
def test_another_encoding_is_named(encoding: str, looks: str, charset: str | None) -> None:
    """Where no header does, what it looks like is told and nothing is guessed."""
    content = '{"品": "測試咪咪"}'.encode(encoding)
    with pytest.raises(OtherEncodingError) as caught:
        json_of(content, charset)
    assert str(caught.value) in (looks, "gbk")


@pytest.mark.parametrize("charset", [None, "gbk"])
@pytest.mark.parametrize("content", [TEXT.encode()[:8], TEXT.encode("gbk")[:-4], b'"\xff"', b""])
def test_what_was_cut_is_no_json(content: bytes, charset: str | None) -> None:
    """It is no other encoding either."""
    with pytest.raises(ValueError, match=r"."):
        json_of(content, charset)


def test_a_key_that_comes_twice_is_refused_where_it_matters() -> None:
    """Which of two values counts, nobody has said; one that is said twice is said."""
    assert json_of(b'{"a": {"b": 1, "b": 1}}', None) == {"a": {"b": 1}}
    with pytest.raises(DoubledKeyError) as caught:
        json_of(b'[{"data": [1], "code": 0, "data": []}]', None)
    assert (caught.value.key, caught.value.values) == ("data", ([1], []))


@pytest.mark.parametrize(
    "content",
    [
        '{"data":{"list":[{"a":1}]},"data":{"list":[]}}',
        '{"data" :{"list":[{"a":1}]},"data":{"list":[]}}',
        '{"data":{"list":[{"a":1,"b":2},{"a":1,"a":2}]}}',
        '{"data":{"list":[{"a":{"b":1,"b":2}}]}}',
        '{"data":{"list":[{"a":"{\\"b\\":","b":1,"b":2}]}}',
        '[[{"a":1,"a":2}]]',
        '{"a":1,"b":{"c":2},"b":{"c":3}}',
    ],
)
def test_a_doubled_key_is_found_wherever_it_is(content: str) -> None:
    """In the envelope, a row, a row within a row; whatever a text beside it looks like."""
    with pytest.raises(DoubledKeyError):
        json_of(content.encode(), None)


@pytest.mark.parametrize(
    "content", ['{"a":"{\\"b\\":1}","b":1}', '{"a" :1}', '[{"a":[{"a":1}]}]', "[]", "1", '"a"']
)
def test_what_only_looks_doubled_is_read(content: str) -> None:
    """A text that looks like a key, one key on two levels, and what has no keys."""
    assert json_of(content.encode(), None) == json.loads(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (rb'{"msg": "\ud800 \u0000", "\uDFFF": ["\ud83d\ude00"]}', None),
        (b'{"msg": "\xed\xa0\x80 \\u0000", "\xed\xbf\xbf": ["\xf0\x9f\x98\x80"]}', None),
        (b'"\\\\ud800"', r"\ud800"),
        ('"目录 \\ud800"'.encode("utf-16"), r"目录 \ud800"),
    ],
    ids=["escaped", "in bytes", "no escape", "utf-16"],
)
def test_half_characters_are_escaped(content: bytes, value: object) -> None:
    """What an answer holds can be shown, stored and sent, whatever is in it."""
    expected = {"msg": r"\ud800 \x00", r"\udfff": ["\U0001f600"]}
    assert json_of(content, None) == (value or expected)
