"""Masking: nothing of a secret is shown, whatever its form, and nothing else is lost."""

from __future__ import annotations

import base64
import html
import itertools
import json
import logging
import random
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import Malformed
from include.gateways.fields import quoted
from include.language import _, english, speaking
from include.platforms.feed.dialect import FeedDialect, call_of
from include.platforms.feed.rows import RowReader
from include.platforms.jd.dialect import Jd
from include.platforms.pdd.dialect import Pdd
from include.secrets.masking import MaskedStream, Masker, concealed, forms_of
from tests.gateways.asking import using
from tests.gateways.data_service import in_turn, serving
from tests.gateways.feed_samples import BLANKS, DAY, REVIEW, REVIEWS, connection_to, feed_of

SECRETS = ["hunter22", "hunter2255", "ter22xyz", "aaaa", "first line\nsecond", "密码一二三"]
TOKEN = "NEWtoken/with+signs=and-38-characters0"
FORMS = [
    TOKEN,
    "NEWtoken%2Fwith%2Bsigns%3Dand-38-characters0",
    "NEWtoken%2fwith%2bsigns%3dand-38-characters0",
    r"NEWtoken\/with+signs=and-38-characters0",
    "TkVXdG9rZW4vd2l0aCtzaWducz1hbmQtMzgtY2hhcmFjdGVyczA=",
]


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut data at the given places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


def shown(masker: Masker, pieces: list[bytes]) -> bytes:
    """Send pieces through a stream and join what it shows."""
    stream = MaskedStream(masker)
    return b"".join([stream.feed(piece) for piece in pieces] + [stream.finish()])


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_however_it_is_cut(secret: str) -> None:
    """Every place at which a secret may be cut in two gives the same as the whole."""
    data = f"before {secret} after\n".encode()
    masker = Masker([secret])
    for place in range(len(data)):
        assert shown(masker, [data[:place], data[place:]]) == b"before *** after\n"
    assert shown(masker, [bytes([byte]) for byte in data]) == b"before *** after\n"


@given(
    words=st.lists(st.sampled_from([*SECRETS, "hunt", "er22", "aa", "x", "\n", "密", "a"])),
    cuts=st.lists(st.integers(min_value=0)),
)
def test_cuts_change_nothing(words: list[str], cuts: list[int]) -> None:
    """Text without secrets comes out as it is, and no secret ever comes out, wherever it is cut."""
    data = "".join(words).encode()
    masker = Masker(SECRETS)
    result = shown(masker, pieces_of(data, cuts))
    assert result.count(b"\n") <= data.count(b"\n")
    for secret in SECRETS:
        assert secret.encode() not in result
    if not masker.find(data):
        # An end that looks like the beginning of a secret may be masked, and nothing else.
        assert data.startswith(result.removesuffix(b"***"))


def test_overlapping_secrets_leave_no_rest() -> None:
    """Where one secret ends inside another, neither's rest is shown."""
    assert Masker(SECRETS).mask("<hunter22xyz>") == "<***>"


def test_a_line_is_not_held_back() -> None:
    """A finished line is shown at once, not when the next one comes."""
    assert MaskedStream(Masker(["hunter22"])).feed(b"hunter22 done\n") == b"*** done\n"


def test_a_secret_that_is_cut_off_is_not_shown() -> None:
    """A script that ends in the middle of a secret does not show the half of it."""
    assert shown(Masker(["hunter22"]), [b"see: hunter2"]) == b"see: ***"
    assert shown(Masker(["hunter22"]), [b"see: hu"]) == b"see: hu"


def test_a_flood_is_masked_quickly() -> None:
    """Ten connections and 4 MB of text take a second of the processor at most, or two."""
    source = random.Random(1)
    secrets = ["".join(source.choices("abcdefghijklmnop0123456789", k=32)) for _ in range(30)]
    line = b"2025-10-02 08:00:01 shop 1001: page 17 of 230, 100 orders, paid 8,412.50\n"
    flood = [line * 900] * 62
    started = time.process_time()
    assert shown(Masker(secrets), flood) == b"".join(flood)
    assert time.process_time() - started < 3


@pytest.mark.parametrize("secret", ["pass\ud800word", "name\udcffword", "密码\udfff"])
def test_half_characters_hide_no_secret(secret: str) -> None:
    """A text with half a character is shown escaped, and a secret with one is masked."""
    assert Masker([secret]).mask(f"<{secret}> \ud800") == r"<***> \ud800"
    assert Masker(["hunter22"]).mask("\ud800 hunter22 \udcff") == r"\ud800 *** \udcff"


@pytest.mark.parametrize(
    "secret", ["p@ss/w+rd=&", 'quo"te\\back', "it's", "密码一二三", "two\nlines", "abcd"]
)
def test_every_usual_form_is_known(secret: str) -> None:
    """Plain, percent-encoded (either case), escaped in JSON and Python, in base64."""
    forms = {form.decode() for form in forms_of(secret)}
    assert {secret, quote(secret, safe=""), quote(secret)} <= forms
    assert {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]} <= forms
    assert {repr(secret)[1:-1], ascii(secret)[1:-1]} <= forms
    assert json.dumps(secret)[1:-1].replace("/", r"\/") in forms
    assert base64.b64encode(secret.encode()).decode() in forms
    assert {html.escape(secret), repr(secret.encode())[2:-1]} <= forms


@pytest.mark.parametrize(
    "secret", ["p@ss/w+rd=&", 'quo"te\\back', "it's", "密码一二三", "é'\"\\/%"]
)
def test_a_secret_that_is_escaped_twice_is_known(secret: str) -> None:
    """As in a printed environment, whose connections are JSON, or in JSON inside JSON."""

    def shown(password: str) -> list[str]:
        connection = json.dumps({"password": password})
        return [repr({"X": connection}), json.dumps([connection])]

    masker = Masker([secret])
    assert [masker.mask(text) for text in shown(secret)] == shown("***")
    assert masker.mask(quote(quote(secret))) == "***"


@pytest.mark.parametrize("login", ["", "u:", "us:", "use:", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_a_secret_is_found_inside_longer_base64(login: str, after: str) -> None:
    """As in the header of HTTP Basic authentication, at whatever place."""
    whole = base64.b64encode(f"{login}correct horse{after}".encode())
    longest = max((form for form in forms_of("correct horse") if form in whole), key=len)
    assert len(longest) >= len(base64.b64encode(b"correct horse")) - 6


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    """As in a page that repeats the form it was sent."""
    shop = Connection("jd_1", "http://127.0.0.1:1", "key", "s3cret", "t0ken")
    shop.conceal(TOKEN)
    assert shop.masked(f"for access_token={form}&v=2") == "for access_token=***&v=2"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mark", ["…", "..."])
def test_what_a_cut_leaves_of_a_secret_is_none_of_it(form: str, mark: str) -> None:
    """From four characters on: its beginning before the cut, its end behind it."""
    for size in range(4, len(form)):
        assert concealed(f"x={form[:size]}{mark}: wrong", [TOKEN]) == f"x=***{mark}: wrong"
        assert concealed(f"x={mark}{form[-size:]}'", [TOKEN]) == f"x={mark}***'"


def test_a_message_is_masked_in_every_language() -> None:
    """It stays a message, unless the secret shows only where its values are put together."""
    masker = Masker(["s3cret-token", "1,234,567"])
    inner = _("{first}; {then}", first="s3cret-token", then=[1, "of s3cret-token"])
    masked = masker.mask(_("{first}; {then}", first=inner, then="***"))
    with speaking("zh"):
        assert str(masker.mask(masked)) == english(masked) == "***; 1, of ***; ***"
        assert masked.into("zh") == "***；1、of ***；***"
    assert masker.mask(_("{rows:,} rows", rows=1234567)) == "*** rows"


def test_what_only_looks_like_a_part_stays() -> None:
    """Without a cut it is a text like any other; so is what shares fewer characters."""
    for text in ("NEWtoken is wrong", "NEW… is wrong", "the NEWtoken of…", "", "…"):
        assert concealed(text, [TOKEN, "", "abc"]) == text


def test_a_secret_inside_a_longer_one_hides_no_rest() -> None:
    """The longer one is cut within what it has more."""
    assert concealed("for s3cret-and-mo…", ["s3cret", "s3cret-and-more"]) == "for ***…"


@pytest.mark.parametrize("before", range(20, 90))
def test_no_place_in_a_quote_shows_a_part(before: int) -> None:
    """Wherever the quote is cut, at most three characters are left."""
    shown = concealed(quoted({"field": "x" * before + TOKEN}), [TOKEN])
    assert TOKEN[:4] not in shown


def _feed(base_url: str) -> tuple[Any, Call, Any, Any]:
    feed = feed_of(REVIEWS)
    dialect, call = FeedDialect(feed, connection_to(base_url, feed, TOKEN)), call_of(feed, BLANKS)
    row = REVIEW | {"at": "x" * 45 + TOKEN}
    return dialect, call, {"rows": [row]}, lambda data: RowReader(feed).read(call, data, DAY)


def _feed_without_rows(base_url: str) -> tuple[Any, Call, Any, Any]:
    dialect, call, _, read = _feed(base_url)
    return dialect, call, {"rows": "x" * 45 + TOKEN}, read


def _jd(base_url: str) -> tuple[Any, Call, Any, Any]:
    shop = Connection("jd_1", base_url, "key", "s3cret", "t0ken")
    shop.conceal(TOKEN)  # as a refreshed one is
    return Jd(shop), Call("jd.some.get", shop=1), {"other": "x" * 45 + TOKEN}, None


def _pdd(base_url: str) -> tuple[Any, Call, Any, Any]:
    shop = Connection("pdd_1", base_url, "key", "s3cret", TOKEN)
    return Pdd(shop), Call("pdd.refund.list.increment.get", shop=1), ["x" * 45 + TOKEN], None


@pytest.mark.parametrize("asked", [_feed, _feed_without_rows, _jd, _pdd])
def test_no_error_shows_a_part_of_a_token(asked: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What an answer repeats of it, where it is not what is expected."""
    caplog.set_level(logging.DEBUG)
    with serving() as service:
        dialect, call, answer, read = asked(service.base_url)
        service.asked(in_turn(answer))
        with pytest.raises(Malformed, match="xxx") as caught:
            using(dialect, lambda client: client.call(call, read))
    for text in (str(caught.value), caplog.text):
        assert TOKEN[:4] not in text
        assert TOKEN[-5:] not in text
