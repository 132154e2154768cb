"""Reading an answer to its end, however much somebody sends, and the JSON out of its bytes."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aiohttp import ClientPayloadError

from include.foreign_errors import explained
from include.gateways.errors import Malformed
from include.language import _
from include.text import quoted, storable_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse
    from multidict import CIMultiDictProxy

    from include.gateways.connection import Connection
    from include.gateways.dialect import Call, Request

# Pages are of some hundred rows, at most a few MB; much more than that would take the memory of
# all that runs beside.
LARGEST = 64 * 2**20
# What is unpacked at a time.
PIECE = 2**20
# What one of these unpacks into is counted as it comes; one inside another could not be.
ENCODINGS = ("gzip", "deflate")
ACCEPTED = {"Accept-Encoding": ", ".join(ENCODINGS)}
GZIP = zlib.MAX_WBITS | 16
DEFLATE = zlib.MAX_WBITS
# JSON is written in UTF-8. Of what a header says besides, only these are believed: others, such as
# ISO-8859-1, are what servers write unless they are told otherwise. Most of those that say GB2312
# write characters that only its successors have.
CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5"}
LOOKS_LIKE = {"gb18030": "gbk", "big5": "big5"}
# Escapes of half characters and of NUL, half characters as Java writes them, and UTF-16.
MAY_BE_UNSTORABLE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)|\xed[\xa0-\xbf]|\x00")
# Chinese text in UTF-8 has characters from here on; GBK that is UTF-8 by chance has none.
FIRST_OF_THREE_BYTES = "\u0800"


@dataclass(frozen=True)
class Answer:
    """What came back, whole and unpacked."""

    request: Request  # what it answers
    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)  # as they came
    content: bytes = field(repr=False)
    charset: str | None = None  # which its Content-Type says, if any

    @property
    def text(self) -> str:
        """The body as messages show it, whatever it is."""
        try:
            return self.content.decode(self.charset or "utf-8", "replace")
        except (LookupError, ValueError):  # there is no such charset
            return self.content.decode("utf-8", "replace")

    def header(self, name: str) -> str:
        """Return what a header says; empty when it is not there."""
        return header_of(self.headers, name)


def header_of(headers: CIMultiDictProxy[str], name: str) -> str:
    """Return what a header says, each time it is there; empty when it is not."""
    said = ", ".join(headers.getall(name, ()))
    return (
        said if said.isascii() else said.encode(errors="surrogateescape").decode(errors="replace")
    )


async def received(
    call: Call, request: Request, response: ClientResponse, connection: Connection
) -> Answer:
    """Read an answer that is still on its way.

    Returns:
        the whole answer, unpacked.

    Raises:
        Malformed: it is larger than 64 MB, or packed in a way that was not asked for.
        ClientError: the network's own errors, and what cannot be unpacked.
    """
    repair = _("check host {address} of connection {connection}", **connection.where)
    packed = header_of(response.headers, "Content-Encoding").strip().lower()
    if packed not in (*ENCODINGS, "identity", ""):
        problem = _(
            "the answer's Content-Encoding is {packed}, which was not asked for",
            packed=quoted(packed),
        )
        raise Malformed(call, problem, repair=repair)
    if packed not in ENCODINGS and _is_known_to_be_small(response):
        content = await response.read()
    else:
        pieces, size = [], 0
        async for piece in _pieces(response, packed):
            size += len(piece)
            if size > LARGEST:
                problem = _(
                    "the answer is larger than {most} MB, and was not read on",
                    most=LARGEST // 2**20,
                )
                raise Malformed(
                    call,
                    problem,
                    repair=_("ask for fewer rows at a time, or {repair}", repair=repair),
                )
            pieces.append(piece)
        content = b"".join(pieces)
    return Answer(request, response.status, response.headers, content, response.charset)


def _is_known_to_be_small(response: ClientResponse) -> bool:
    """Return whether the network gives no more than a head says; most answers are so."""
    if "Transfer-Encoding" in response.headers:  # then the length means nothing
        return False
    length = response.content_length
    return length is not None and length <= LARGEST


async def _pieces(response: ClientResponse, packed: str) -> AsyncIterator[bytes]:
    """Return the body as it comes, unpacked, no piece much larger than it came or than 1 MB."""
    unpacker = None
    async for piece in response.content.iter_any():
        if packed not in ENCODINGS:
            yield piece
            continue
        unpacker = unpacker or _unpacker(packed, piece)
        if unpacker.eof:  # what follows the end is nothing that was packed
            break
        left = piece
        while left:
            yield _unpacked(unpacker, left)
            left = unpacker.unconsumed_tail
    if unpacker:
        yield unpacker.flush()
        if not unpacker.eof:
            raise ClientPayloadError(_("the answer's packed body was cut"))


def _unpacker(packed: str, start: bytes) -> Any:
    if packed == "gzip":
        return zlib.decompressobj(GZIP)
    # Some servers leave out the head that deflate has in HTTP, which says this number.
    return zlib.decompressobj(DEFLATE if start[0] & 0x0F == zlib.DEFLATED else -DEFLATE)


def _unpacked(unpacker: Any, piece: bytes) -> bytes:
    try:
        unpacked: bytes = unpacker.decompress(piece, PIECE)
    except zlib.error as error:
        raise ClientPayloadError(
            _("the answer's body cannot be unpacked: {error}", error=explained(error))
        ) from None
    return unpacked


class OtherEncodingError(Exception):
    """It is JSON, but neither in UTF-8 nor in what its header says; its text names the charset."""


class DoubledKeyError(Exception):
    """An object has a key twice, with different values."""

    def __init__(self, key: str, *values: Any) -> None:
        """Name the key and both values."""
        super().__init__(key)
        self.key = key
        self.values = values  # both, as they came


def json_of(content: bytes, charset: str | None) -> Any:
    """Return the JSON in an answer's body, its decimals exact and all its texts storable.

    Raises:
        OtherEncodingError: it is JSON in an encoding that nobody has named.
        DoubledKeyError: an object has a key twice, and the values differ.
        ValueError, RecursionError: it is no JSON.
    """
    value = _json_of(content, charset)
    return storable_json(value) if MAY_BE_UNSTORABLE.search(content) else value


def _json_of(content: bytes, charset: str | None) -> Any:
    said = CHARSETS.get((charset or "").lower())
    if said and not content.isascii() and not _is_surely_utf8(content):
        return _loaded(content.decode(said))
    try:
        return _loaded(content)
    except UnicodeDecodeError:
        for encoding, name in LOOKS_LIKE.items():
            if _is_json_in(content, encoding):
                raise OtherEncodingError(name) from None
        raise


def _loaded(text: str | bytes) -> Any:
    if isinstance(text, bytes):
        value = json.loads(text, parse_float=Decimal)
        if _has_each_key_once(value, text):
            return value
    return json.loads(text, parse_float=Decimal, object_pairs_hook=_object)


def _has_each_key_once(value: Any, content: bytes) -> bool:
    """Return what counting can tell; looking at every key while reading costs a quarter of a call.

    Of rows inside rows, and of texts that look like a key, counting cannot tell.
    """
    objects, keys = _counted(value)
    shut = b'" ' not in content  # no key has a space before its colon
    return shut and objects == content.count(b"{") and keys == content.count(b'":')


def _counted(value: Any) -> tuple[int, int]:
    """Count the objects around the rows and the rows themselves, and the keys of all these."""
    if isinstance(value, dict):
        inner = [_counted(one) for one in value.values() if isinstance(one, (dict, list))]
        return 1 + sum(one[0] for one in inner), len(value) + sum(one[1] for one in inner)
    rows = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return len(rows), sum(map(len, rows))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        first: dict[str, Any] = {}
        for key, value in pairs:
            if first.setdefault(key, value) != value:
                raise DoubledKeyError(key, first[key], value)
    return found


def _is_surely_utf8(content: bytes) -> bool:
    try:
        return max(content.decode()) >= FIRST_OF_THREE_BYTES
    except UnicodeDecodeError:
        return False


def _is_json_in(content: bytes, encoding: str) -> bool:
    try:
        json.loads(content.decode(encoding))
    except (ValueError, RecursionError):
        return False
    return True
