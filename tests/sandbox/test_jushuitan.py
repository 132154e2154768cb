"""The sandbox's gateway checks what the real one checks. It is asked here without our client."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.credentials import SANDBOX_ACCESS_TOKEN, SANDBOX_APP_KEY, SANDBOX_APP_SECRET
from tests.conftest import HTTP, SANDBOX_NOW
from tests.sandbox.serving import serve
from tests.sandbox.truth import ERP

if TYPE_CHECKING:
    from tests.conftest import Sandbox

SHOPS, ORDERS = "/open/shops/query", "/open/orders/single/query"
DAY = {
    "shop_id": 10001,
    "modified_begin": "2025-10-02 00:00:00",
    "modified_end": "2025-10-02 23:59:59",
    "page_size": 100,
}


def sealed(form: dict[str, str | None], secret: str = SANDBOX_APP_SECRET) -> dict[str, str]:
    """Sign what a form has besides the app, the time and the charset; None leaves a field out."""
    now = str(int(time.time()))
    form = {"app_key": SANDBOX_APP_KEY, "timestamp": now, "charset": "utf-8", **form}
    given = {key: value for key, value in form.items() if value is not None}
    text = secret + "".join(key + given[key] for key in sorted(given))
    return {"sign": hashlib.md5(text.encode()).hexdigest(), **given}  # noqa: S324 - the platform's choice


def signed(biz: object, secret: str = SANDBOX_APP_SECRET, **changes: str | None) -> dict[str, str]:
    """Write a good form with some changes; None leaves a field out."""
    text = biz if isinstance(biz, str) else json.dumps(biz)
    form = {"access_token": SANDBOX_ACCESS_TOKEN, "version": "2", "biz": text}
    return sealed({**form, **changes}, secret)


def post(base_url: str, method: str, form: dict[str, str]) -> dict[str, Any]:
    """Return the envelope."""
    return HTTP.post(base_url + method, data=form).raise_for_status().json()


def test_a_good_call_is_answered(steady: Sandbox) -> None:
    """Code 0, paging and rows, by the names that the platform uses."""
    answer = post(steady.base_url, SHOPS, signed({"page_index": "1", "page_size": "2"}))
    assert answer["code"] == 0
    data = answer["data"]
    assert [row["shop_id"] for row in data["datas"]] == [10001, 10002]
    assert (data["has_next"], data["data_count"], data["page_count"]) == (True, 3, 2)
    only = post(steady.base_url, SHOPS, signed({"shop_ids": [10003]}))["data"]
    assert [row["shop_name"] for row in only["datas"]] == ["小满食品官方店"]


@pytest.mark.parametrize(
    ("biz", "changes", "code"),
    [
        ({}, {"secret": "other"}, 10),
        ({}, {"app_key": "other"}, 10),
        ({}, {"timestamp": "-700"}, 140),
        ({}, {"timestamp": "+1500"}, 140),
        ({}, {"timestamp": "now"}, 140),
        ({}, {"access_token": "other"}, 100),
        ({}, {"access_token": None}, 130),
        ({}, {"timestamp": None}, 130),
        ({}, {"version": None}, 130),
        ("{", {}, 140),
        ("[]", {}, 140),
        ({"page_size": 101}, {}, 170),
        ({"page_index": 0}, {}, 170),
        ({"page_index": "one"}, {}, 140),
    ],
)
def test_each_fault_has_its_code(
    biz: object, changes: dict[str, Any], code: int, steady: Sandbox
) -> None:
    """Signature, time, token, missing and invalid parameters are refused as the platform does."""
    if changes.get("timestamp") in ("-700", "+1500"):
        changes = {"timestamp": str(int(time.time()) + int(changes["timestamp"]))}
    answer = post(steady.base_url, SHOPS, signed(biz, **changes))
    assert answer["code"] == code
    assert answer["msg"]
    assert answer["data"] is None


def test_a_form_that_was_changed_after_signing_is_refused(steady: Sandbox) -> None:
    """The signature covers every field; a form without one misses it."""
    form = {**signed({}), "biz": '{"page_index":1}'}
    assert post(steady.base_url, SHOPS, form)["code"] == 10
    del form["sign"]
    assert post(steady.base_url, SHOPS, form)["code"] == 130


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"modified_end": "2025-10-09 00:00:01"}, 170),
        ({"modified_end": "2025-10-01 00:00:00"}, 170),
        ({"modified_end": "2025-10-02"}, 140),
        ({"modified_end": None}, 140),
        ({"start_ts": "first"}, 140),
    ],
)
def test_a_window_must_be_one(changes: dict[str, Any], code: int, steady: Sandbox) -> None:
    """At most seven days, in order, as times."""
    assert post(steady.base_url, ORDERS, signed({**DAY, **changes}))["code"] == code


@pytest.mark.parametrize("name", ["shop_id", "modified_begin", "modified_end"])
def test_a_window_must_be_given(name: str, steady: Sandbox) -> None:
    """Without it the call is refused by the code for what is missing."""
    params = {key: value for key, value in DAY.items() if key != name}
    answer = post(steady.base_url, ORDERS, signed(params))
    assert (answer["code"], name in answer["msg"]) == (130, True)


def test_only_posts_are_answered(steady: Sandbox) -> None:
    """Signed or not, a GET is none of the platform's."""
    assert HTTP.get(steady.base_url + SHOPS, params=signed({})).status_code == 405


def test_orders_are_paged_by_number_and_by_version(steady: Sandbox) -> None:
    """Pages join to the whole; `start_ts` gives what has that version or a later one."""
    rows: list[dict[str, Any]] = []
    data: dict[str, Any] = {"has_next": True}
    number = 0
    while data["has_next"]:
        number += 1
        form = signed({**DAY, "page_index": number, "is_get_total": number == 1})
        data = post(steady.base_url, ORDERS, form)["data"]
        assert ("data_count" in data) == (number == 1)
        rows += data["orders"]
    truth = steady.truth(10001, date(2025, 10, 2))
    assert [row["o_id"] for row in rows] == [row["o_id"] for row in truth]
    later = post(steady.base_url, ORDERS, signed({**DAY, "start_ts": rows[200]["ts"]}))["data"]
    assert later["orders"] == rows[200:300]


def test_orders_can_be_asked_for_by_creation(steady: Sandbox) -> None:
    """All that were made in the window, whenever they changed last, with their number."""
    day = {**DAY, "date_type": 2, "page_size": 1}
    counted = post(steady.base_url, ORDERS, signed(day))["data"]["data_count"]
    made = ERP.made_on(10001, date(2025, 10, 2), seed=1, as_of=SANDBOX_NOW)
    assert counted == len(made) > len(steady.truth(10001, date(2025, 10, 2)))
    numbers, version = set(), 0
    while len(numbers) < counted:
        params = {**day, "page_size": 100, "start_ts": version, "is_get_total": False}
        rows = post(steady.base_url, ORDERS, signed(params))["data"]["orders"]
        numbers |= {row["o_id"] for row in rows}
        version = rows[-1]["ts"]
    assert numbers == {row["o_id"] for row in made}


def test_a_row_says_what_the_platforms_rows_say(steady: Sandbox) -> None:
    """Amounts add up to the cent, and the lines are there."""
    for row in post(steady.base_url, ORDERS, signed(DAY))["data"]["orders"]:
        lines = sum(round(item["amount"] * 100) for item in row["items"])
        cents = {name: round(row[name] * 100) for name in ("pay_amount", "freight", "free_amount")}
        assert cents["pay_amount"] == lines + cents["freight"] - cents["free_amount"]
        assert row["shop_name"] == "云朵家居旗舰店"


def test_the_platforms_own_limits_are_enforced() -> None:
    """The sixth call in a second gets 199; who is turned away is counted."""
    with serve() as base_url:
        codes = [post(base_url, SHOPS, signed({}))["code"] for _ in range(6)]
        assert codes == [0, 0, 0, 0, 0, 199]
        calls = HTTP.get(f"{base_url}/sandbox/calls").json()
        assert calls["platforms"]["erp"]["over_limit"] == 1
