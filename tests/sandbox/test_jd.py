"""The sandbox's 京东 gateway checks what the real one checks. It is asked without our client."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.credentials import (
    SANDBOX_APP_KEY,
    SANDBOX_APP_SECRET,
    access_token_of,
    refresh_token_of,
)
from sandbox.limits import Allowance
from tests.conftest import HTTP, Sandbox
from tests.jd_shops import truth
from tests.sandbox.jd_calls import DAY, ORDERS, VENDER, clock, post, signed
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from datetime import date

GRANT = {
    "app_key": SANDBOX_APP_KEY,
    "app_secret": SANDBOX_APP_SECRET,
    "grant_type": "refresh_token",
    "refresh_token": refresh_token_of("jd", 30001),
}
SHOP_INFO = "jingdong_vender_shop_query_responce"


def code_of(answer: dict[str, Any]) -> str:
    """Return the code of an error, with which come words in both languages."""
    error = answer["error_response"]
    assert error["zh_desc"]
    assert error["en_desc"]
    return error["code"]


def test_a_good_call_is_answered(steady: Sandbox) -> None:
    """The key is the method with underscores and the platform's own spelling of response."""
    answer = post(steady.base_url, signed(DAY))
    assert list(answer) == ["jingdong_pop_order_search_responce"]
    assert answer["jingdong_pop_order_search_responce"]["code"] == "0"


@pytest.mark.parametrize("shop", [30001, 30002])
def test_a_shop_tells_who_it_is(shop: int, steady: Sandbox) -> None:
    """The token alone decides whose data comes."""
    answer = post(steady.base_url, signed({}, VENDER, shop=shop))
    assert answer[SHOP_INFO]["shop_jos_result"]["vender_id"] == shop


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": None}, "14"),
        ({"method": "jingdong.made.up"}, "15"),
        ({"v": None}, "4"),
        ({"v": "1.0"}, "5"),
        ({"timestamp": None}, "7"),
        ({"timestamp": "now"}, "8"),
        ({"timestamp": clock(minutes=-7)}, "8"),
        ({"timestamp": clock(minutes=+60)}, "8"),
        ({"app_key": None}, "20"),
        ({"app_key": "other"}, "21"),
        ({"secret": "other"}, "12"),
        ({"access_token": None}, "18"),
        ({"access_token": "other"}, "19"),
        ({"access_token": access_token_of("pdd", 20001)}, "19"),
        ({"access_token": refresh_token_of("jd", 30001)}, "19"),
    ],
)
def test_each_fault_has_its_code(changes: dict[str, Any], code: str, steady: Sandbox) -> None:
    """Method, version, time, key, signature and token are refused as the platform does."""
    assert code_of(post(steady.base_url, signed(DAY, **changes))) == code


def test_a_form_that_was_changed_after_signing_is_refused(steady: Sandbox) -> None:
    """The signature covers every field; a form without one misses it."""
    form = {**signed(DAY), "360buy_param_json": "{}"}
    assert code_of(post(steady.base_url, form)) == "12"
    del form["sign"]
    assert code_of(post(steady.base_url, form)) == "11"


def test_a_timestamp_may_have_milliseconds_and_a_zone(steady: Sandbox) -> None:
    """The platform documents both forms."""
    now = datetime.now(timezone(timedelta(hours=9))).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    assert "error_response" not in post(steady.base_url, signed(DAY, timestamp=f"{now}+0900"))


def test_system_parameters_may_stand_in_the_url(steady: Sandbox) -> None:
    """The platform's own SDK sends them there, and the rest as a form."""
    form = signed(DAY)
    params = {"360buy_param_json": form.pop("360buy_param_json")}
    url = f"{steady.base_url}/routerjson"
    answer = HTTP.post(url, params=form, data=params).json()
    assert "jingdong_pop_order_search_responce" in answer


def test_only_posts_are_answered(steady: Sandbox) -> None:
    """Signed or not, a GET is turned away."""
    assert HTTP.get(f"{steady.base_url}/routerjson", params=signed(DAY)).status_code == 405


def test_a_spent_quota_has_its_code() -> None:
    """Who is turned away is counted."""
    with serve(allowances={"jd": [Allowance(2, 60, 2)]}) as base_url:
        answers = [post(base_url, signed({}, VENDER)) for _ in range(3)]
        assert code_of(answers[2]) == "2"
        assert all(SHOP_INFO in answer for answer in answers[:2])
        counted = HTTP.get(f"{base_url}/sandbox/calls").json()["platforms"]["jd"]
    assert counted == {"calls": 3, "over_limit": 1, "shops": {"30001": 3}}


@pytest.mark.parametrize(
    ("fault", "code"), [("limit", "2"), ("error_object", "65"), ("expired_token", "19")]
)
@pytest.mark.parametrize("method", [ORDERS, VENDER])
def test_a_fault_comes_instead_of_an_answer(
    fault: str, code: str, method: str, steady: Sandbox
) -> None:
    """By a header or armed for a shop, once: the next request is served."""
    form = signed(DAY, method)
    assert code_of(post(steady.base_url, form, headers={"X-Sandbox-Fault": fault})) == code
    steady.arm(fault, "jd", shop=30002)
    assert "error_response" not in post(steady.base_url, form)
    assert code_of(post(steady.base_url, signed(DAY, method, shop=30002))) == code
    assert "error_response" not in post(steady.base_url, signed(DAY, method, shop=30002))


def refresh(sandbox: Sandbox, **changes: str) -> dict[str, Any]:
    """Ask for new tokens."""
    url = f"{sandbox.base_url}/oauth2/refresh_token"
    return HTTP.post(url, data={**GRANT, **changes}).raise_for_status().json()


def test_tokens_are_exchanged_once(sandbox: Sandbox) -> None:
    """The new access token is good, the old one no more, nor the old refresh token."""
    granted = refresh(sandbox)
    assert granted["expires_in"] > 0
    new = post(sandbox.base_url, signed({}, VENDER, access_token=granted["access_token"]))
    assert new[SHOP_INFO]["shop_jos_result"]["vender_id"] == 30001
    assert code_of(post(sandbox.base_url, signed({}, VENDER))) == "19"
    again = refresh(sandbox)
    assert set(again) == {"code", "msg", "requestId"}
    assert "access_token" in refresh(sandbox, refresh_token=granted["refresh_token"])


@pytest.mark.parametrize(
    "changes",
    [
        {"app_key": "other"},
        {"app_secret": "other"},
        {"grant_type": "authorization_code"},
        {"refresh_token": "other"},
        {"refresh_token": access_token_of("jd", 30001)},
        {"refresh_token": refresh_token_of("pdd", 20001)},
    ],
)
def test_an_ill_refresh_has_its_own_envelope(changes: dict[str, str], steady: Sandbox) -> None:
    """A code that is not 0, a message, and the request's id; no tokens."""
    answer = refresh(steady, **changes)
    assert set(answer) == {"code", "msg", "requestId"}
    assert answer["code"] != 0


def test_an_expired_token_cannot_be_refreshed(sandbox: Sandbox) -> None:
    """That is the platform's rule: only the owner can help then."""
    wish = {"platform": "jd", "shop": 30001}
    HTTP.post(f"{sandbox.base_url}/sandbox/tokens/expire", json=wish).raise_for_status()
    assert code_of(post(sandbox.base_url, signed({}, VENDER))) == "19"
    assert "access_token" not in refresh(sandbox)


@pytest.mark.parametrize("shop", [30001, 30003])
def test_the_truth_of_a_day_is_told(shop: int, steady: Sandbox) -> None:
    """As JSON: amounts and times as exact text, everything else as it is."""
    url = f"{steady.base_url}/sandbox/truth/jd/orders"
    told = HTTP.get(url, params={"shop": shop, "day": "2025-10-02"}).json()
    day: date = datetime(2025, 10, 2).date()
    rows = truth(shop, day)
    assert told == [
        {
            name: value if value is None or isinstance(value, int) else str(value)
            for name, value in row.items()
        }
        for row in rows
    ]
    assert len(rows) > 100
