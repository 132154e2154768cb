"""The dialect of feeds: what is sent, who we are, and what an answer that is an error means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import Response

from include.errors import ConfigurationError
from include.gateways.dialect import Call
from include.gateways.errors import (
    AuthExpired,
    GatewayError,
    Malformed,
    Misdirected,
    Refused,
    Temporary,
)
from include.platforms.feed.dialect import FeedDialect, call_of, connection_of
from sandbox.credentials import FEED_TOKEN
from tests.gateways.asking import using
from tests.gateways.data_service import in_turn, serving
from tests.gateways.feed_samples import BLANKS, DELIVERED, KPI, REVIEWS, connection_to, feed_of

if TYPE_CHECKING:
    from include.registry.feeds import Feed
    from tests.conftest import Sandbox

HOST = "https://data.example.com"
AUTHS: list[dict[str, str]] = [
    {},
    {"auth": "bearer"},
    {"auth": "header", "header": "X-Api-Key"},
    {"auth": "cookie", "cookie": "session"},
]
RULES = {
    "success": "code == `0`",
    "message": "msg",
    "expired": "code == `401`",
    "temporary": "code == `429`",
}


def _dialect(feed: Feed, base_url: str = HOST, **extra: str) -> FeedDialect:
    return FeedDialect(feed, connection_to(base_url, feed, **extra))


def test_what_a_get_sends() -> None:
    """Everything is in the URL but the credentials, which are in a header."""
    feed = feed_of(
        REVIEWS,
        path="/店/{shop}/reviews",
        query={"day": "{first_day}", "note": "a b&c", "n": 5},
        headers={"Accept-Language": "zh-CN"},
    )
    request = _dialect(feed).request(call_of(feed, BLANKS, 1, {"page": 1}), "the-token")
    assert request.verb == "GET"
    assert request.body == b""
    assert request.url == (f"{HOST}/%E5%BA%97/20001/reviews?day=2025-10-02&note=a+b%26c&n=5&page=1")
    assert request.headers == {
        "Accept": "application/json",
        "Accept-Language": "zh-CN",
        "Authorization": "Bearer the-token",
    }


def test_what_a_post_sends() -> None:
    """The body is a JSON object; what the paging adds stands in it, not in the URL."""
    feed = feed_of(
        REVIEWS,
        method="POST",
        query={"v": 2},
        body={"mall": "{shop:number}", "days": ["{first_day}"], "名": "店"},
    )
    request = _dialect(feed).request(call_of(feed, BLANKS, 1, {"page": 1}), "the-token")
    assert (request.verb, request.url) == ("POST", f"{HOST}/reviews?v=2")
    assert json.loads(request.body) == {
        "mall": 20001,
        "days": ["2025-10-02"],
        "名": "店",
        "page": 1,
    }
    assert request.headers["Content-Type"] == "application/json"


def test_it_is_sent_so_over_the_wire() -> None:
    """A real server gets verb, path, query, headers and body as they were written."""
    feed = feed_of(REVIEWS, method="POST", path="/a b/{shop}", body={"店": "{shop}"})
    with serving() as service:
        service.asked(in_turn({"rows": []}))
        dialect = _dialect(feed, service.base_url, auth="cookie", cookie="session")
        call = call_of(feed, BLANKS)
        assert using(dialect, lambda client: client.call(call)) == {"rows": []}
    (request,) = service.requests
    assert (request["verb"], request["path"]) == ("POST", "/a%20b/20001")
    assert json.loads(request["body"]) == {"店": "20001"}
    assert request["headers"]["cookie"] == f"session={FEED_TOKEN}"
    assert "authorization" not in request["headers"]


@pytest.mark.parametrize("extra", AUTHS, ids=str)
def test_the_sandbox_takes_each_kind_of_credentials(
    sandbox: Sandbox, extra: dict[str, str]
) -> None:
    """Bearer token, header or cookie, as the connection says."""
    feed = DELIVERED["pdd_chat"]
    dialect = _dialect(feed, sandbox.base_url, **extra)
    answer = using(dialect, lambda client: client.call(call_of(feed, BLANKS)))
    assert answer["ok"] is True


@pytest.mark.parametrize("extra", AUTHS, ids=str)
def test_wrong_credentials_end_in_what_to_renew(sandbox: Sandbox, extra: dict[str, str]) -> None:
    """HTTP 401: the message names the connection, and no secret."""
    feed = DELIVERED["pdd_chat"]
    connection = connection_to(sandbox.base_url, feed, "wrong-token-of-a-test", **extra)
    with pytest.raises(AuthExpired) as caught:
        using(FeedDialect(feed, connection), lambda client: client.call(call_of(feed, BLANKS)))
    assert "connection pdd_feed" in str(caught.value)
    assert "shop 20001, feed pdd_chat" in str(caught.value)
    assert "wrong-token-of-a-test" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (
            {"code": 401, "msg": "bad token"},
            AuthExpired,
            (
                "the credentials are invalid or expired ('bad token'): "
                "renew the token in the password of connection our_feed"
            ),
        ),
        (
            {"code": 401, "msg": "系统繁忙，请稍后再试"},
            Temporary,
            "the feed asks to come back later ('系统繁忙，请稍后再试'): run it again later",
        ),
        ({"code": 429}, Temporary, "the feed asks to come back later: run it again later"),
        (
            {"code": 5, "msg": "没有这家店"},
            Temporary,
            (
                "the feed answers with an error ('没有这家店'): success (code == `0`) is false and "
                "not true, as code holds 5; run it again; if it stays so, fix what it says, or ask "
                f"who runs the feed at {HOST}; if it is no error, correct success of feed reviews "
                "in config/feeds.yaml"
            ),
        ),
        ({"code": None, "msg": {"a": 1}}, Temporary, "an error ('{\"a\": 1}')"),
        (
            {"code": "0"},
            Temporary,
            "an error: success (code == `0`) is false and not true, as code holds '0'; run",
        ),
        ({"msg": "x"}, Malformed, "success (code == `0`) is not there: there are msg; fix feed"),
        ([], Malformed, "success (code == `0`) is not there: [] stands where 'code'"),
        ({"code": 401, "msg": FEED_TOKEN}, AuthExpired, "('***')"),
    ],
)
def test_an_error_in_an_answer(answer: Any, kind: type[GatewayError], said: str) -> None:
    """It is what the feed's rules make of it, and says what to do."""
    feed = feed_of(REVIEWS, **RULES)
    with pytest.raises(GatewayError) as caught:
        _dialect(feed).unwrap(Call("feed reviews"), answer)
    assert type(caught.value) is kind
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("success", "said"),
    [
        ("ok", "success (ok) is 1 and not true, as ok holds 1;"),
        ("meta.ok && code == `0`", "is false and not true, as meta.ok holds true and code holds 5"),
        ("length(errors) == `0`", "is false and not true, as errors holds [7];"),
        ("data[0].ok", "success (data[0].ok) is null and not true;"),
    ],
)
def test_what_denies_success_is_shown(success: str, said: str) -> None:
    """Each path of the expression comes with what it holds."""
    answer = {"ok": 1, "code": 5, "meta": {"ok": True}, "errors": [7], "data": [{"ok": None}]}
    with pytest.raises(GatewayError) as caught:
        _dialect(feed_of(REVIEWS, success=success)).unwrap(Call("feed reviews"), answer)
    assert said in str(caught.value)


def test_a_good_answer_is_given_whole() -> None:
    """With the rules of an entry, or without any."""
    answer = {"code": 0, "rows": []}
    assert _dialect(feed_of(REVIEWS, **RULES)).unwrap(Call("x"), answer) is answer
    assert _dialect(feed_of(REVIEWS)).unwrap(Call("x"), []) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": ""}, "password is missing: it holds the feed's token"),
        ({"extra": {"auth": "basic"}}, "extra.auth 'basic' is not known: write one of none (no"),
        ({"extra": {"auth": "header"}}, "extra.header is missing: it holds the name of the header"),
        ({"extra": {"auth": "cookie"}}, "extra.cookie is missing"),
        ({"extra": {"auth": "header", "header": "X Key"}}, "extra.header 'X Key' is no name"),
        ({"password": "two\nlines"}, "password holds characters that no bearer can carry"),
        ({"password": "密码"}, "password holds characters"),
        (
            {"password": "a;b", "extra": {"auth": "cookie", "cookie": "s"}},
            "password holds characters that no cookie can carry",
        ),
        ({"host": "https://data.example.com?v=1"}, "is not an address like https://host:port"),
        ({"host": ""}, "host is missing"),
    ],
)
def test_a_connection_that_cannot_be_used(fields: dict[str, Any], said: str) -> None:
    """The message names the connection and the field, shows a feed's example and no secret."""
    good = {"host": HOST, "password": "the-token", "extra": {"auth": "bearer"}}
    environ = {"AIRFLOW_CONN_OUR_FEED": json.dumps(good | fields)}
    with pytest.raises(ConfigurationError) as caught:
        connection_of(feed_of(REVIEWS), environ)
    assert f"connection our_feed: {said}" in str(caught.value) or said in str(caught.value)
    assert '{"auth": "bearer"}' in str(caught.value)
    assert "the-token" not in str(caught.value)


def test_a_connection_that_is_not_there() -> None:
    """It says which variable, and what to put there."""
    with pytest.raises(ConfigurationError, match="connection 'our_feed' is missing: "):
        connection_of(feed_of(REVIEWS), {})


def test_a_feed_may_need_no_credentials() -> None:
    """An exporter of one's own: no password, no header."""
    feed = feed_of(KPI)
    for extra in ({}, {"auth": "none"}):
        dialect = FeedDialect(feed, connection_to(HOST, feed, "", **extra))
        headers = dialect.request(call_of(feed, BLANKS), "").headers
        assert headers == {"Accept": "application/json"}


def test_feeds_of_one_connection_share_their_limit() -> None:
    """The limit is the host's; another connection has its own."""
    reviews, kpi = feed_of(REVIEWS), feed_of(KPI)
    other = feed_of(KPI, connection="other")
    dialects = [_dialect(feed) for feed in (reviews, kpi, other)]
    keys = [(dialect.name, dialect.connection.app_key) for dialect in dialects]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Response("no such page", 404),
            "HTTP 404 'no such page' from {url}; fix path of {feed}, or",
        ),
        (
            Response(status_code=405, headers={"Allow": "POST"}),
            "HTTP 405 '' from {url}; fix method of {feed}, which says GET: 'POST' is allowed, or",
        ),
        (
            Response(
                status_code=302, headers={"Location": "https://u:p@sso.example.com/in?t=s3cr"}
            ),
            (
                "HTTP 302 '' from {url}, which leads to https://sso.example.com/in; if that is "
                "where people sign in, renew the credentials; else fix path of {feed}, or"
            ),
        ),
        (Response(status_code=301, headers={"Location": "/v2/"}), "leads to {host}/v2/; if"),
        (Response(status_code=304), "fix path, query or body of {feed}, or"),
        (Response("which mall?", 422), "fix path, query or body of {feed}, or"),
    ],
    ids=lambda one: str(getattr(one, "status_code", "")),
)
def test_a_feed_that_is_not_where_the_entry_says(answer: Response, said: str) -> None:
    """It ends at once, with what to fix in which entry, and no secret of where it leads."""
    feed = feed_of(REVIEWS)
    with serving() as service:
        service.asked(in_turn(answer))
        with pytest.raises(Misdirected) as caught:
            using(
                _dialect(feed, service.base_url),
                lambda client: client.call(call_of(feed, BLANKS, 1, {"page": 1})),
            )
        names = {"host": service.base_url, "url": f"{service.base_url}/reviews"}
    assert said.format(**names, feed="feed reviews in config/feeds.yaml") in str(caught.value)
    assert str(caught.value).endswith(f"check host {service.base_url} of connection our_feed")
    assert "s3cr" not in str(caught.value)


def test_a_refusal_of_who_asks_is_no_matter_of_the_entry() -> None:
    """Whom the feed does not let in needs other credentials."""
    feed = feed_of(REVIEWS)
    with serving() as service:
        service.asked(in_turn(Response(status_code=403)))
        with pytest.raises(Refused, match="connection our_feed, and whether its account may"):
            using(_dialect(feed, service.base_url), lambda one: one.call(call_of(feed, BLANKS)))
