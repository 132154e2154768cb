"""拼多多's dialect signs as the platform and others do, and reads its envelopes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ddk.api import base as ddk
from pdd_sdk.api import base as pdd_sdk

from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, Malformed, Refused, Temporary
from include.gateways.fields import parsed
from include.gateways.limiter import Limit
from include.platforms.jd.dialect import Jd, Vender
from include.platforms.jushuitan.dialect import Jushuitan, ShopInfo
from include.platforms.pdd.dialect import (
    GRANTED,
    MALL,
    REFRESH,
    REFUNDS,
    Mall,
    Pdd,
    signature,
    written,
)

SHOP = Connection("pdd_1", "http://127.0.0.1:1", "cid-demo", "demoSecret", "tok-demo")
CALL = Call(REFUNDS, {"page": 1}, shop=20001, page=1)
SEVERAL = 1000


@pytest.mark.parametrize(
    ("secret", "params", "expected"),
    [
        (
            "testSecret",
            {
                "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
                "client_id": "1",
                "data_type": "XML",
                "order_status": "1",
                "page": "1",
                "page_size": "10",
                "timestamp": "1480411125",
                "type": "pdd.order.number.list.get",
                "sign": "is not signed",
            },
            "E4DE3ED21002510DED352819E7AE6775",
        ),
        (
            "demoSecret",
            {
                "type": REFUNDS,
                "client_id": "cid-demo",
                "access_token": "tok-demo",
                "timestamp": "1767225600",
                "data_type": "JSON",
                "after_sales_status": "10",
                "after_sales_type": "1",
                "start_updated_at": "1767139200",
                "end_updated_at": "1767141000",
                "page": "1",
                "page_size": "100",
            },
            "E5EE7CF204E3A100B828F526B1C20454",
        ),
        (
            "demoSecret",
            {
                "type": "pdd.goods.list.get",
                "client_id": "cid-demo",
                "access_token": "tok-demo",
                "timestamp": "1767225600",
                "data_type": "JSON",
                "goods_name": "测试 商品",
                "page": "1",
                "page_size": "100",
            },
            "C2484AA5A6C5903ADB232067A8C7BD62",
        ),
    ],
    ids=["official", "refunds", "goods"],
)
def test_signatures_are_those_of_the_platform(
    secret: str, params: dict[str, str], expected: str
) -> None:
    """The official vector and those that independent clients agree on are met."""
    assert signature(secret, params) == expected


def _text(chance: random.Random) -> str:
    return "".join(
        chance.choice("aZ09_-. &=\"'\\/质量破损少件😀") for _ in range(chance.randint(0, 12))
    )


def _value(chance: random.Random, depth: int = 2) -> Any:
    kind = chance.randrange(6 if depth else 4)
    if kind == 4:
        return [_value(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    if kind == 5:
        return {_text(chance): _value(chance, depth - 1) for _ in range(chance.randint(0, 3))}
    return (
        _text(chance),
        chance.randint(-(10**12), 10**12),
        chance.random() < 0.5,
        f"{chance.randint(0, 10**7) / 100:.2f}",
    )[kind]


def test_signatures_agree_with_other_clients() -> None:
    """Over 1,000 random parameter sets, with Chinese, nested values and booleans, as they are sent.

    Both packages sign what they are given as text; that what is sent is that text is read back
    from the body, as a gateway does.
    """
    chance = random.Random(20251009)
    for _ in range(SEVERAL):
        params = {f"p{chance.randint(0, 99)}_{_text(chance)}": _value(chance) for _ in range(5)}
        secret = f"secret-{_text(chance)}"
        connection = Connection("pdd_1", "http://127.0.0.1:1", "cid-demo", secret, "tok-demo")
        sent = json.loads(Pdd(connection).request(Call(REFUNDS, params), "tok-demo").body)
        sign = sent.pop("sign")
        assert all(isinstance(value, str) for value in sent.values())
        assert sign == ddk.sign(secret, sent) == pdd_sdk.sign(secret, sent)
        for name, value in params.items():
            same = sent[name] if isinstance(value, str) else json.loads(sent[name])
            assert same == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (7, "7"),
        ("测试 商品", "测试 商品"),
        (["a", {"名": [1, True]}], '["a",{"名":[1,true]}]'),
        ({}, "{}"),
    ],
)
def test_values_are_written_as_the_platform_reads_them(value: object, text: str) -> None:
    """Objects and lists are compact JSON, booleans in lower case, Chinese as it is."""
    assert written(value) == text


def test_a_request_is_what_the_platform_documents() -> None:
    """One flat object with common and business parameters, signed as of now; None is left out."""
    call = Call(REFUNDS, {"page": 1, "order_sn": None, "is_new": True}, shop=20001)
    request = Pdd(SHOP).request(call, "another-token")
    sent = json.loads(request.body)
    assert abs(int(sent.pop("timestamp")) - datetime.now(timezone.utc).timestamp()) < 5
    sent.pop("sign")
    assert sent == {
        "type": REFUNDS,
        "client_id": "cid-demo",
        "access_token": "another-token",
        "data_type": "JSON",
        "page": "1",
        "is_new": "true",
    }
    assert (request.url, request.verb) == ("http://127.0.0.1:1/api/router", "POST")
    assert request.headers["Content-Type"] == "application/json"
    assert "demoSecret" not in repr(request)


def test_what_a_call_is_named_cannot_be_overwritten() -> None:
    """A business parameter that is called as a common one does not change who calls what."""
    sent = json.loads(Pdd(SHOP).request(Call(REFUNDS, {"type": "pdd.refund.agree"}), "t").body)
    assert sent["type"] == REFUNDS


def test_the_data_is_under_the_interfaces_own_key() -> None:
    """The key of each interface is known; it does not follow from the name."""
    pdd = Pdd(SHOP)
    assert pdd.unwrap(CALL, {"refund_increment_get_response": {"total_count": 0}}) == {
        "total_count": 0
    }
    assert pdd.unwrap(Call(MALL), {"mall_info_get_response": {"mall_id": 1}}) == {"mall_id": 1}


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        [],
        None,
        "ok",
        {"refund_list_increment_get_response": {}},
        {"error_response": None},
    ],
)
def test_another_envelope_is_malformed(envelope: object) -> None:
    """What is neither the data nor an error names the call and what came instead."""
    with pytest.raises(Malformed, match=f"shop 20001, {REFUNDS}, page 1: "):
        Pdd(SHOP).unwrap(CALL, envelope)


@pytest.mark.parametrize("error", [{"error_msg": "?"}, {"error_code": None}, {"error_code": "?"}])
def test_an_error_without_a_known_code_is_temporary(error: dict[str, object]) -> None:
    """It says that something failed, and nothing says that it will again."""
    with pytest.raises(Temporary, match=f"shop 20001, {REFUNDS}, page 1: code .*run it again"):
        Pdd(SHOP).unwrap(CALL, {"error_response": error})


@pytest.mark.parametrize("sub_code", [None, 10001, "10001", "isv.invalid"])
def test_an_error_is_one_whatever_its_sub_code(sub_code: object) -> None:
    """The official sample's error, whose `sub_code` comes as null, number or text."""
    error = {
        "error_msg": "公共参数错误:type",
        "sub_msg": "",
        "sub_code": sub_code,
        "error_code": 10001,
        "request_id": "15440104776643887",
    }
    with pytest.raises(Refused, match="code 10001 '公共参数错误:type") as caught:
        Pdd(SHOP).unwrap(CALL, {"error_response": error})
    assert caught.value.code == 10001


def _error(code: int) -> dict[str, Any]:
    return {"error_response": {"error_code": code, "error_msg": "?", "sub_code": None}}


def test_a_token_is_refreshed_at_the_same_gateway() -> None:
    """The refresh token goes signed, without the access token that has expired."""
    request = Pdd(SHOP).refresh_request(Call("refresh", shop=20001), "refresh-demo")
    sent = json.loads(request.body)
    assert sent.pop("sign") == signature("demoSecret", sent)
    assert (sent["type"], sent["refresh_token"]) == (REFRESH, "refresh-demo")
    assert "access_token" not in sent
    assert request.url == "http://127.0.0.1:1/api/router"


def test_new_tokens_are_read() -> None:
    """Both tokens, and when the access token expires."""
    ends = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    answer = {
        "access_token": "new",
        "refresh_token": "newer",
        "owner_id": "20001",
        "expires_at": int(ends.timestamp()),
    }
    tokens = Pdd(SHOP).refreshed(CALL, {"pop_auth_token_refresh_response": answer})
    assert (tokens.access_token, tokens.refresh_token) == ("new", "newer")
    assert tokens.expires_at is not None
    assert abs(tokens.expires_at - ends) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("code", "kind"), [(10019, AuthExpired), (20004, Refused), (52101, Temporary)]
)
def test_a_refresh_that_fails_says_whether_a_person_must_help(
    code: int, kind: type[Exception]
) -> None:
    """An expired refresh token needs the shop's owner; a busy gateway does not."""
    with pytest.raises(kind, match=f"code {code}"):
        Pdd(SHOP).refreshed(CALL, _error(code))


@pytest.mark.parametrize("name", [{}, {"mall_name": None}, {"mall_name": 5}])
def test_a_shop_without_a_name_is_a_shop(name: dict[str, object]) -> None:
    """Only its number is needed, on every platform: a name is for messages."""
    info = {"shop_id": 7, **({"shop_name": name["mall_name"]} if name else {})}
    assert parsed(Mall, {"mall_id": 7, **name}, CALL).mall_id == 7
    assert parsed(Vender, {"vender_id": 7, **info}, CALL).vender_id == 7
    assert parsed(ShopInfo, info, CALL).shop_id == 7


@pytest.mark.parametrize("odd", [None, 5, {"a": 1}, ["x"]])
def test_odd_words_of_an_error_cost_nothing(odd: object) -> None:
    """What it says is for people; its code decides, on every platform."""
    said = {"error_code": 70031, "error_msg": odd, "sub_msg": odd, "sub_code": odd}
    with pytest.raises(Temporary, match="code 70031"):
        Pdd(SHOP).unwrap(CALL, {"error_response": said})
    with pytest.raises(Temporary, match="code 199"):
        Jushuitan(SHOP).unwrap(CALL, {"code": 199, "msg": odd})
    with pytest.raises(Temporary, match="code 65"):
        Jd(SHOP).unwrap(CALL, {"error_response": {"code": 65, "zh_desc": odd, "en_desc": odd}})
    assert Jushuitan(SHOP).unwrap(CALL, {"code": 0, "msg": odd, "data": 1}) == 1


@pytest.mark.parametrize(
    ("extra", "calls"), [({}, 100), ({GRANTED: 500}, 500), ({GRANTED: "300"}, 300)]
)
def test_an_app_may_have_been_granted_more_calls(extra: dict[str, Any], calls: int) -> None:
    """Its connection says so, per shop; the app's own limit stays, and so does that of others."""
    dialect = Pdd(replace(SHOP, extra=extra))
    assert dialect.limits == (Limit(calls, 10, per="shop"), Limit(500, 1))
    assert Pdd(SHOP).limits == Pdd.limits


@pytest.mark.parametrize("granted", [0, -1, "many", None, 1.5, True])
def test_what_is_no_number_of_calls_is_refused(granted: object) -> None:
    """The message names connection and field, and what belongs there."""
    with pytest.raises(ConfigurationError, match=r"pdd_1: extra\.calls_per_10s .* leave it out"):
        Pdd(replace(SHOP, extra={GRANTED: granted}))
