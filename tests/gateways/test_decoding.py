"""JSON in the encoding that it is written in, or none."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from include.gateways.bodies import DoubledKeyError, OtherEncodingError, json_of

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
