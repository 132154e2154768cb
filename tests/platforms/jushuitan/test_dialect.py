"""聚水潭's dialect signs as the platform does, and lists the shops of an account."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from include.gateways.client import Patience
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, GatewayError, Malformed, Refused, Temporary
from include.platforms.jushuitan.dialect import Jushuitan, shops, signature
from tests.gateways.asking import using
from tests.gateways.scripted_gateway import answer, scripted

if TYPE_CHECKING:
    from tests.conftest import Sandbox

APP_KEY = "5b53060f23d84ddf9703056e84fa5a2d"
SECRET = "e9c5ca33fecb404b8e6cdbd0ef4a6d25"


def _biz(request: bytes) -> dict[str, Any]:
    form = parse_qs(request.partition(b"\r\n\r\n")[2].decode())
    return json.loads(form["biz"][0])


@pytest.mark.parametrize(
    ("secret", "form", "expected"),
    [
        (
            SECRET,
            {
                "app_key": APP_KEY,
                "timestamp": "1639128407",
                "grant_type": "authorization_code",
                "charset": "utf-8",
                "code": "123456",
            },
            "05e3a51e19e0883afd1882ccd309e0b9",
        ),
        (
            SECRET,
            {
                "app_key": APP_KEY,
                "access_token": "d7b01bf0842a4742a9450e21ffd95f60",
                "timestamp": "1639128407",
                "version": "2",
                "charset": "utf-8",
                "biz": '{"page_index":"1","page_size":"100","nicks":["老板"]}',
                "sign": "is not signed",
            },
            "395f5a78b446be465ac03a02491296c7",
        ),
        (
            "demoSecret",
            {
                "app_key": "ak-demo",
                "access_token": "tok-demo",
                "timestamp": "1767225600",
                "charset": "utf-8",
                "version": "2",
                "biz": '{"modified_begin":"2025-12-31 00:00:00",'
                '"modified_end":"2026-01-01 00:00:00","page_index":1,"page_size":50,'
                '"shop_id":10001}',
            },
            "52786942e8096b183a13a44a63013291",
        ),
    ],
)
def test_signatures_are_those_of_the_platform(
    secret: str, form: dict[str, str], expected: str
) -> None:
    """Both official vectors and a production client's are met."""
    assert signature(secret, form) == expected


def test_the_form_is_encoded_as_the_platform_reads_it() -> None:
    """Chinese in `biz` is compact JSON in percent-encoded UTF-8, and signed as of now."""
    connection = Connection("erp", "http://127.0.0.1:1", APP_KEY, SECRET, "token")
    params = {"page_index": "1", "page_size": "100", "nicks": ["老板"]}
    request = Jushuitan(connection).request(Call("/open/some/query", params), "token")
    biz = (
        b"biz=%7B%22page_index%22%3A%221%22%2C%22page_size%22%3A%22100%22%2C"
        b"%22nicks%22%3A%5B%22%E8%80%81%E6%9D%BF%22%5D%7D"
    )
    form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    assert biz in request.body.split(b"&")
    assert form["sign"] == signature(SECRET, form)
    assert abs(int(form["timestamp"]) - datetime.now(timezone.utc).timestamp()) < 5
    assert request.url == "http://127.0.0.1:1/open/some/query"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert SECRET not in repr(request)


def test_a_refresh_is_signed_like_a_call() -> None:
    """It goes to the token's own address, with the fields that the platform documents."""
    connection = Connection("erp", "http://127.0.0.1:1", APP_KEY, SECRET, "token", "r3fresh")
    request = Jushuitan(connection).refresh_request(Call("refresh"), "r3fresh")
    form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    assert request.url == "http://127.0.0.1:1/openWeb/auth/refreshToken"
    assert form.pop("sign") == signature(SECRET, form)
    assert abs(int(form.pop("timestamp")) - datetime.now(timezone.utc).timestamp()) < 5
    assert form == {
        "app_key": APP_KEY,
        "grant_type": "refresh_token",
        "charset": "utf-8",
        "refresh_token": "r3fresh",
        "scope": "all",
    }


def test_refreshed_tokens_are_read_with_their_end() -> None:
    """The seconds that the platform gives count from now; a code other than 0 is its error."""
    dialect = Jushuitan(Connection("erp", "http://127.0.0.1:1", APP_KEY, SECRET, "token"))
    data = {"access_token": "a", "refresh_token": "r", "expires_in": "600", "scope": "all"}
    tokens = dialect.refreshed(Call("refresh"), {"code": 0, "msg": None, "data": data})
    assert (tokens.access_token, tokens.refresh_token) == ("a", "r")
    assert tokens.expires_at is not None
    left = tokens.expires_at - datetime.now(timezone.utc)
    assert timedelta(seconds=590) < left <= timedelta(seconds=600)
    with pytest.raises(AuthExpired, match="authorise it again"):
        dialect.refreshed(Call("refresh"), {"code": 150, "msg": "", "data": None})


def test_all_shops_are_listed(sandbox: Sandbox) -> None:
    """The account's shops come with their numbers and names."""
    found = using(Jushuitan(sandbox.connection), shops)
    assert [shop.shop_id for shop in found] == [10001, 10002, 10003]
    assert found[0].shop_name == "云朵家居旗舰店"


def test_shops_are_listed_over_several_pages() -> None:
    """Page follows page until the gateway says that there is none."""
    pages = [
        answer(
            json.dumps(
                {
                    "code": 0,
                    "data": {"datas": [{"shop_id": n, "shop_name": "店"}], "has_next": n < 3},
                }
            )
        )
        for n in (1, 2, 3)
    ]
    with scripted(*pages) as gateway:
        connection = Connection("erp", gateway.base_url, "key", "s3cret", "t0ken")
        found = using(Jushuitan(connection), shops)
        assert [_biz(request)["page_index"] for request in gateway.requests] == [1, 2, 3]
    assert [shop.shop_id for shop in found] == [1, 2, 3]


@pytest.mark.parametrize(
    "data",
    [
        {"datas": [], "has_next": False, "data_count": 3},
        {"datas": [], "has_next": True},
        {"datas": [{"shop_id": 1, "shop_name": "店"}], "has_next": False, "data_count": 3},
    ],
)
def test_shops_that_are_counted_but_not_there_are_asked_for_again(data: dict[str, Any]) -> None:
    """A list that a fault has emptied is not taken for an account without that shop."""
    whole = {"datas": [{"shop_id": n, "shop_name": "店"} for n in (1, 2, 3)], "has_next": False}
    script = [answer(json.dumps({"code": 0, "data": one})) for one in (data, whole)]
    patience = Patience(attempts=2, pause=timedelta(milliseconds=1))
    for answers, expected in ((script, 3), (script[:1], 0)):
        with scripted(*answers) as gateway:
            dialect = Jushuitan(Connection("erp", gateway.base_url, "key", "s3cret", "t0ken"))
            if expected:
                assert len(using(dialect, shops, patience)) == expected
            else:
                with pytest.raises(Temporary, match="run it again"):
                    using(dialect, shops, patience)


def test_a_number_of_shops_below_none_is_malformed() -> None:
    """It would be less than any shops that came."""
    body = json.dumps({"code": 0, "data": {"datas": [], "has_next": False, "data_count": -1}})
    with scripted(answer(body)) as gateway:
        dialect = Jushuitan(Connection("erp", gateway.base_url, "key", "s3cret", "t0ken"))
        with pytest.raises(Malformed, match="field data_count holds -1"):
            using(dialect, shops)


def test_shops_that_never_end_are_malformed() -> None:
    """A gateway that sends the same page for ever does not hold us for ever."""
    same = json.dumps(
        {"code": 0, "data": {"datas": [{"shop_id": 1, "shop_name": "店"}], "has_next": True}}
    )
    with scripted(answer(same)) as gateway:
        connection = Connection("erp", gateway.base_url, "key", "s3cret", "t0ken")
        with pytest.raises(Malformed, match="page 2: field has_next is true"):
            using(Jushuitan(connection), shops)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"app_key": "other"}, Refused),
        ({"app_secret": "other"}, Refused),
        ({"access_token": "other"}, AuthExpired),
    ],
)
def test_wrong_credentials_are_told_apart(
    changed: dict[str, str], kind: type[GatewayError], sandbox: Sandbox
) -> None:
    """A wrong secret is refused, a stale token has expired; neither is tried again."""
    connection = replace(sandbox.connection, **changed)
    with pytest.raises(kind, match="connection erp") as caught:
        using(Jushuitan(connection), shops)
    assert not set(changed.values()) & set(str(caught.value).split())
