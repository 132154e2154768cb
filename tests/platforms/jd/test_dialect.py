"""京东's dialect signs as the platform and another client do, and reads its envelopes."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from jd_union.api import base as jd_union

from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.gateways.dialect import Call, Tokens
from include.gateways.errors import AuthExpired, Malformed, Refused, Temporary
from include.gateways.fields import SHANGHAI
from include.platforms.jd.dialect import Jd, signature, vender
from tests.gateways.asking import using
from tests.jd_shops import connection_of

if TYPE_CHECKING:
    from tests.conftest import Sandbox

SHOP = Connection("jd_1", "http://127.0.0.1:1", "ak-demo", "demoSecret", "tok-demo")
CALL = Call("jingdong.pop.order.search", {"page": "1"}, shop=30001, page=1)
ANSWER = "jingdong_pop_order_search_responce"
SEVERAL = 1000
CHINESE = "差评不想要了质量问题快递丢件旗舰店"
DEMO = {"app_key": "ak-demo", "access_token": "tok-demo", "v": "2.0"}
DEMO["timestamp"] = "2026-01-01 08:00:00"


@pytest.mark.parametrize(
    ("secret", "form", "expected"),
    [
        (
            "yourappSecret",
            {
                "360buy_param_json": '{"end_date":null,"optional_fields":null,'
                '"order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"200",'
                '"start_date":null}',
                "access_token": "yourtoken",
                "app_key": "yourappkey",
                "method": "jingdong.pop.order.search",
                "timestamp": "2021-05-07 09:20:39.683+0800",
                "v": "2.0",
                "sign": "is not signed",
            },
            "D70825340F4084360B9362B60DFD7930",
        ),
        (
            "demoSecret",
            {
                **DEMO,
                "method": "jingdong.im.pop.chatlog.get",
                "360buy_param_json": '{"customer":"cust1","endTime":"2025-12-31 00:00:00",'
                '"page":1,"pageSize":50,"startTime":"2025-12-31 00:00:00"}',
            },
            "33B4525E27A10B8BC769BA62CE4C0DD5",
        ),
        (
            "demoSecret",
            {
                **DEMO,
                "method": "jingdong.pop.PopCommentJsfService.getVenderCommentsForJos",
                "360buy_param_json": '{"beginTime":"2025-12-31 00:00:00","content":"差评",'
                '"endTime":"2025-12-31 23:59:59","page":1,"pageSize":50,"score":1}',
            },
            "B5B9AE382293FB2B0C49EE2186783CA2",
        ),
    ],
    ids=["official", "chat", "comments"],
)
def test_signatures_are_those_of_the_platform(
    secret: str, form: dict[str, str], expected: str
) -> None:
    """The official vector and those that independent clients agree on are met."""
    assert signature(secret, form) == expected


def test_signatures_are_those_of_another_client() -> None:
    """Over many forms with Chinese text, long and empty values the independent package agrees."""
    chance = random.Random(20261124)

    def text() -> str:
        letters = CHINESE + "abcXYZ019 _-.:,{}[]\"'&=+%é😀"
        return "".join(chance.choices(letters, k=chance.randrange(40)))

    for _ in range(SEVERAL):
        params = {text() or "k": text() for _ in range(chance.randrange(6))}
        form = {**DEMO, "360buy_param_json": json.dumps(params, ensure_ascii=False)}
        form |= {text() or "method": text() for _ in range(chance.randrange(8))}
        form.pop("sign", None)
        secret = text()
        assert signature(secret, form) == jd_union.sign(secret, form)


def test_a_call_is_one_signed_form() -> None:
    """Chinese is compact JSON in UTF-8; no secret stands in the URL, nor the secret anywhere."""
    call = Call("jingdong.some.get", {"content": "差评 &=+", "page": "1"})
    request = Jd(SHOP).request(call, "another-token")
    form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
    assert (request.url, request.verb) == ("http://127.0.0.1:1/routerjson", "POST")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert form.pop("sign") == jd_union.sign("demoSecret", form)
    signed_at = datetime.fromisoformat(form.pop("timestamp"))
    assert abs(datetime.now(SHANGHAI).replace(tzinfo=None) - signed_at) < timedelta(seconds=5)
    assert form == {
        "method": "jingdong.some.get",
        "app_key": "ak-demo",
        "access_token": "another-token",
        "v": "2.0",
        "360buy_param_json": '{"content":"差评 &=+","page":"1"}',
    }
    assert b"demoSecret" not in request.body
    assert "another-token" not in repr(request)


@pytest.mark.parametrize("code", [{}, {"code": "0"}, {"code": 0}])
def test_an_answer_is_unwrapped(code: dict[str, Any]) -> None:
    """What the key of the method holds comes out whole, with or without a code of success."""
    inside = {**code, "searchorderinfo_result": {"orderTotal": 1}}
    assert Jd(SHOP).unwrap(CALL, {ANSWER: inside}) == inside


@pytest.mark.parametrize(
    "envelope",
    [
        {"error_response": {"code": "19", "zh_desc": "无效access_token", "en_desc": "Invalid"}},
        {"error_response": {"code": 19, "en_desc": "无效access_token"}},
        {"code": "19", "errorMessage": "无效access_token"},
        {"code": 19, "msg": "无效access_token"},
        {ANSWER: {"code": "19", "zh_desc": "无效access_token"}},
        {ANSWER: {"code": "0"}, "error_response": {"code": "19", "zh_desc": "无效access_token"}},
    ],
)
def test_an_error_is_found_wherever_it_stands(envelope: dict[str, Any]) -> None:
    """Around the answer, beside it or in it: it names call, code, message and what to do."""
    with pytest.raises(AuthExpired) as caught:
        Jd(SHOP).unwrap(CALL, envelope)
    expected = "shop 30001, jingdong.pop.order.search, page 1: code 19 '无效access_token': "
    assert str(caught.value).startswith(expected)
    assert "extra.access_token and extra.refresh_token of connection jd_1" in str(caught.value)


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        ([], "field data holds []"),
        ({}, f"field {ANSWER} is missing from the answer"),
        ({"jingdong_pop_order_search_response": {}}, f"field {ANSWER} is missing"),
        ({ANSWER: None}, "field data holds null"),
        ({ANSWER: []}, "field data holds []"),
        ({"error_response": "busy"}, "field error_response holds 'busy'"),
        ({ANSWER: {"code": ["0"]}}, 'field code holds ["0"]'),
    ],
)
def test_an_answer_of_another_shape_is_malformed(envelope: Any, said: str) -> None:
    """It is neither data nor an error of the platform's."""
    with pytest.raises(Malformed) as caught:
        Jd(SHOP).unwrap(CALL, envelope)
    assert said in str(caught.value)


def test_an_error_without_a_code_is_temporary() -> None:
    """Nothing says that another try is useless."""
    with pytest.raises(Temporary, match=r"code \(none\) '系统繁忙'"):
        Jd(SHOP).unwrap(CALL, {"error_response": {"zh_desc": "系统繁忙"}})


def test_tokens_are_asked_for_at_their_own_host() -> None:
    """By a form, so that app secret and refresh token stand in no URL."""
    request = Jd(SHOP).refresh_request(CALL, "refresh-demo")
    assert request.url == "https://open-oauth.jd.com/oauth2/refresh_token"
    assert dict(parse_qsl(request.body.decode())) == {
        "app_key": "ak-demo",
        "app_secret": "demoSecret",
        "grant_type": "refresh_token",
        "refresh_token": "refresh-demo",
    }
    assert "refresh-demo" not in repr(request)


def _with_host(host: Any) -> Connection:
    fields = {"id": "jd_1", "base_url": "https://api.jd.com", "app_key": "key"}
    return Connection(
        **fields, app_secret="s", access_token="t", extra={"oauth_host": host, "sandbox": True}
    )


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("https://oauth.example.com/", "https://oauth.example.com"),
        ("https://relay.example.cloud/jd/", "https://relay.example.cloud/jd"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("", "https://open-oauth.jd.com"),
        (None, "https://open-oauth.jd.com"),
    ],
)
def test_the_connection_may_name_the_host_of_tokens(host: str | None, url: str) -> None:
    """Any host by https, this machine's own by http, too; without, the platform's."""
    request = Jd(_with_host(host)).refresh_request(CALL, "refresh-demo")
    assert request.url == f"{url}/oauth2/refresh_token"


@pytest.mark.parametrize(
    "host",
    [
        "http://oauth.example.com",
        "http://10.0.0.1:8080",
        "open-oauth.jd.com",
        "https://",
        "https://s3cret@oauth.example.com",
        "https://oauth.example.com/up/../path",
        "https://oauth.example.com?a=s3cret",
        "https://oauth.example.com:port",
        "https://oauth.example.com:0",
        "https://[::1",
        17,
    ],
)
def test_secrets_are_sent_to_no_other_address(host: Any) -> None:
    """What is no https address, nor one of this machine, is an error of the configuration."""
    with pytest.raises(ConfigurationError, match=r"connection jd_1: extra\.oauth_host") as caught:
        Jd(_with_host(host))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("more", [{}, {"code": 0, "scope": "snsapi_base", "uid": "1"}])
def test_new_tokens_are_read_with_their_end(more: dict[str, Any]) -> None:
    """`expires_in` counts from now."""
    answer = {"access_token": "new", "refresh_token": "next", "expires_in": 3600, **more}
    tokens = Jd(SHOP).refreshed(CALL, answer)
    assert isinstance(tokens, Tokens)
    assert (tokens.access_token, tokens.refresh_token) == ("new", "next")
    assert tokens.expires_at is not None
    left = tokens.expires_at - datetime.now(timezone.utc)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_a_refusal_to_refresh_needs_a_person() -> None:
    """The token host has an envelope of its own."""
    answer = {"code": 19, "msg": "refresh_token无效或已过期", "requestId": "r-1"}
    with pytest.raises(AuthExpired, match="authorise the shop again"):
        Jd(SHOP).refreshed(CALL, answer)


@pytest.mark.parametrize("number", [30001, 30003])
def test_a_token_says_whose_it_is(number: int, sandbox: Sandbox) -> None:
    """The shop's number and name come from the gateway."""
    found = using(Jd(connection_of(sandbox, number)), lambda client: vender(client, number))
    assert found.vender_id == number
    assert found.shop_name.endswith("京东店")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"app_key": "other"}, Refused),
        ({"app_secret": "other"}, Refused),
        ({"access_token": "other"}, AuthExpired),
    ],
)
def test_wrong_credentials_are_told_apart(
    changed: dict[str, str], kind: type[Exception], sandbox: Sandbox
) -> None:
    """A wrong key or secret is refused, a stale token has expired; the repair names the field."""
    given = connection_of(sandbox, 30001)
    fields = {"app_key": given.app_key, "app_secret": given.app_secret}
    fields |= {"access_token": given.access_token, **changed}
    connection = Connection("jd_1", given.base_url, **fields)
    with pytest.raises(kind, match="connection jd_1") as caught:
        using(Jd(connection), lambda client: vender(client, 30001))
    assert not set(changed.values()) & set(str(caught.value).split())
