"""JSON out of the bytes of an answer, so that nothing in it is taken for something else."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from include.text import storable_json

# JSON is written in UTF-8. Of what a header says besides, only these are believed: others, such as
# ISO-8859-1, are what servers write unless they are told otherwise. Most of those that say GB2312
# write characters that only its successors have.
CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5"}
LOOKS_LIKE = {"gb18030": "gbk", "big5": "big5"}
# Chinese text in UTF-8 has characters from here on; GBK that is UTF-8 by chance has none.
# Escapes of half characters and of NUL, half characters as Java writes them, and UTF-16.
MAY_BE_UNSTORABLE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)|\xed[\xa0-\xbf]|\x00")
FIRST_OF_THREE_BYTES = "\u0800"


class OtherEncodingError(Exception):
    """It is JSON, but neither in UTF-8 nor in what its header says; its text names the charset."""


class DoubledKeyError(Exception):
    """An object has a key twice, with different values.

    Attributes:
        key: which.
        values: both, as they came.
    """

    def __init__(self, key: str, *values: Any) -> None:
        """Name the key and both values."""
        super().__init__(key)
        self.key = key
        self.values = values


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
