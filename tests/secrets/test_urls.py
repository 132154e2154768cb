"""No part of a secret stands in a message, whoever quotes it and however it was cut."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import Malformed
from include.gateways.fields import quoted
from include.platforms.feed.dialect import FeedDialect, call_of
from include.platforms.feed.rows import RowReader
from include.platforms.jd.dialect import Jd
from include.platforms.pdd.dialect import Pdd
from include.secrets.urls import concealed
from tests.gateways.asking import using
from tests.gateways.data_service import in_turn, serving
from tests.gateways.feed_samples import BLANKS, DAY, REVIEW, REVIEWS, connection_to, feed_of

TOKEN = "NEWtoken/with+signs=and-38-characters0"
FORMS = [
    TOKEN,
    "NEWtoken%2Fwith%2Bsigns%3Dand-38-characters0",
    "NEWtoken%2fwith%2bsigns%3dand-38-characters0",
    r"NEWtoken\/with+signs=and-38-characters0",
    "TkVXdG9rZW4vd2l0aCtzaWducz1hbmQtMzgtY2hhcmFjdGVyczA=",
]


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
