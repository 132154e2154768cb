"""The sandbox's PDD gateway checks what the real one does. It is asked here without our client."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.book import as_text
from sandbox.credentials import access_token_of, refresh_token_of
from sandbox.limits import DOCUMENTED
from sandbox.pdd import row_of
from sandbox.pdd_refunds import STATUSES, told, versions_of
from tests.conftest import HTTP, SANDBOX_NOW
from tests.sandbox.pdd_calls import MALL, REFRESH, REFUNDS, listed, post, signed, window
from tests.sandbox.serving import serve
from tests.sandbox.truth import PDD

if TYPE_CHECKING:
    from tests.conftest import Sandbox

DAY, EVENING = date(2025, 10, 3), datetime(2025, 10, 3, 20)  # a sale of shop 20001
HALF_AN_HOUR = timedelta(minutes=30)
SALE = window(EVENING, EVENING + HALF_AN_HOUR)


@pytest.fixture
def base_url(steady: Sandbox) -> str:
    """Return the address of one that is left as it was."""
    return steady.base_url


def error(base_url: str, call: dict[str, Any], fault: str = "") -> dict[str, Any]:
    """Return the error of a call that is refused."""
    found: dict[str, Any] = post(base_url, call, fault)["error_response"]
    return found


def test_a_good_call_is_answered(base_url: str) -> None:
    """A token's own shop, under the interface's own key."""
    data = post(base_url, signed(MALL, shop=20003))["mall_info_get_response"]
    assert (data["mall_id"], data["mall_name"]) == (20003, "沙箱店铺20003")


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"secret": "other"}, 20004, "签名"),
        ({"client_id": "other"}, 10016, "clientId"),
        ({"timestamp": "-700"}, 10001, "timestamp"),
        ({"timestamp": "+700"}, 10001, "timestamp"),
        ({"timestamp": "now"}, 10001, "timestamp"),
        ({"timestamp": None}, 10001, "timestamp"),
        ({"client_id": None}, 10001, "client_id"),
        ({"access_token": None}, 10019, "access_token"),
        ({"access_token": "other"}, 10019, "access_token"),
        ({"access_token": access_token_of("jd", 30001)}, 10019, "access_token"),
        ({"type": "pdd.goods.comments.get"}, 10017, "type"),
    ],
)
def test_each_wrong_call_has_its_code(
    changes: dict[str, Any], code: int, said: str, base_url: str
) -> None:
    """Signature, app, time, token and interface are refused as the platform does, with HTTP 200."""
    if changes.get("timestamp") in ("-700", "+700"):
        changes = {"timestamp": str(int(time.time()) + int(changes["timestamp"]))}
    found = error(base_url, signed(**{"method": MALL, **_renamed(changes)}))
    assert found["error_code"] == code
    assert said in found["error_msg"]
    assert set(found) == {"error_msg", "sub_msg", "sub_code", "error_code", "request_id"}


def _renamed(changes: dict[str, Any]) -> dict[str, Any]:
    return {"method" if name == "type" else name: value for name, value in changes.items()}


def test_a_call_that_was_changed_after_signing_is_refused(base_url: str) -> None:
    """The signature covers every parameter; a call without one misses it."""
    call = signed(REFUNDS, **SALE)
    assert error(base_url, {**call, "page": 2})["error_code"] == 20004
    del call["sign"]
    assert error(base_url, call)["error_code"] == 10001


@pytest.mark.parametrize("body", [b"", b"[]", b"{", "类型".encode()])
def test_a_body_that_is_no_object_is_refused(body: bytes, base_url: str) -> None:
    """What is not JSON, or not flat, is no call."""
    answer = HTTP.post(f"{base_url}/api/router", content=body)
    assert answer.json()["error_response"]["error_code"] == 10001


def test_only_posts_are_answered(base_url: str) -> None:
    """A GET is none of the platform's."""
    assert HTTP.get(f"{base_url}/api/router").status_code == 405


@pytest.mark.parametrize(
    "changes",
    [
        {"end_updated_at": SALE["start_updated_at"] + 1801},
        {"end_updated_at": SALE["start_updated_at"] - 1},
        {"start_updated_at": None},
        {"start_updated_at": "2025-10-03 20:00:00"},
        {"start_updated_at": 10**12, "end_updated_at": 10**12},
        {"after_sales_status": None},
        {"after_sales_status": 0},
        {"after_sales_status": 1},
        {"after_sales_status": 19},
        {"after_sales_type": 0},
        {"after_sales_type": 7},
        {"page": 0},
        {"page_size": 101},
    ],
)
def test_a_question_must_be_as_documented(changes: dict[str, Any], base_url: str) -> None:
    """A window of 30 minutes at most, one status, a kind, a page of 100 at most."""
    found = error(base_url, signed(REFUNDS, **{**SALE, **changes}))
    assert found["error_code"] == 10000
    assert found["sub_msg"]


def test_pages_join_to_the_whole(base_url: str) -> None:
    """A window of a sale has several pages, each with the total, the last one short."""
    pages = [listed(base_url, signed(REFUNDS, **{**SALE, "page": page})) for page in range(1, 6)]
    total = pages[0]["total_count"]
    assert [len(one["refund_list"]) for one in pages] == [100, 100, 100, total - 300, 0]
    assert {one["total_count"] for one in pages} == {total}
    truth = PDD.on(20001, DAY, seed=1, as_of=SANDBOX_NOW)
    end = EVENING + HALF_AN_HOUR
    expected = [
        row["id"]
        for row in truth
        if EVENING <= row["updated_time"] <= end and row["after_sales_status"] == 10
    ]
    assert [row["id"] for one in pages for row in one["refund_list"]] == expected


def test_each_status_and_kind_is_listed_alone(base_url: str) -> None:
    """All statuses of a window are together what is true of it; a kind narrows them."""
    noon = datetime(2025, 10, 2, 12)
    found: dict[int, int] = {}
    for status in sorted(STATUSES):
        question = window(noon, noon + HALF_AN_HOUR, after_sales_status=status)
        for row in listed(base_url, signed(REFUNDS, **question))["refund_list"]:
            assert row["after_sales_status"] == status
            found[row["id"]] = row["after_sales_type"]
    truth = [
        row
        for row in PDD.on(20001, noon.date(), seed=1, as_of=SANDBOX_NOW)
        if noon <= row["updated_time"] <= noon + HALF_AN_HOUR
    ]
    assert found == {row["id"]: row["after_sales_type"] for row in truth}
    returns = listed(base_url, signed(REFUNDS, **{**SALE, "after_sales_type": 3}))
    assert {row["after_sales_type"] for row in returns["refund_list"]} <= {3}


def test_the_truth_is_told(base_url: str) -> None:
    """The route gives what the function gives, as text."""
    query = {"shop": 20002, "day": "2025-10-01"}
    told = HTTP.get(f"{base_url}/sandbox/truth/pdd/refunds", params=query).json()
    truth = PDD.on(20002, date(2025, 10, 1), seed=1, as_of=SANDBOX_NOW)
    assert told == [
        {name: value if isinstance(value, int) else str(value) for name, value in row.items()}
        for row in truth
    ]


def test_tokens_are_refreshed_once_each(sandbox: Sandbox) -> None:
    """New tokens for an old one, after which the old ones are worth nothing."""
    call = signed(REFRESH, access_token=None, refresh_token=refresh_token_of("pdd", 20005))
    granted = post(sandbox.base_url, call)["pop_auth_token_refresh_response"]
    assert granted["owner_id"] == "20005"
    assert granted["expires_at"] - time.time() == pytest.approx(granted["expires_in"], abs=5)
    mine = signed(MALL, access_token=granted["access_token"])
    assert post(sandbox.base_url, mine)["mall_info_get_response"]["mall_id"] == 20005
    assert error(sandbox.base_url, signed(MALL, shop=20005))["error_code"] == 10019
    assert error(sandbox.base_url, call)["error_code"] == 10019


@pytest.mark.parametrize(
    ("fault", "code"), [("limit", 70031), ("error_object", 50001), ("expired_token", 10019)]
)
def test_an_error_on_request(fault: str, code: int, base_url: str) -> None:
    """One answer has the platform's code; the next is good."""
    call = signed(REFUNDS, **SALE)
    assert error(base_url, call, fault)["error_code"] == code
    assert listed(base_url, call)["total_count"] > 300


def test_ill_pages_on_request(base_url: str) -> None:
    """Each is the good page but for what its name says; the total speaks as if it were good."""
    call = signed(REFUNDS, **SALE)
    good = listed(base_url, call)
    pages = {
        fault: listed(base_url, call, fault)
        for fault in ("empty_page", "duplicate_rows", "missing_field", "wrong_type")
    }
    assert {one["total_count"] for one in pages.values()} == {good["total_count"]}
    rows = {fault: one["refund_list"] for fault, one in pages.items()}
    assert rows["empty_page"] == []
    after = listed(base_url, signed(REFUNDS, **{**SALE, "page": 2}))["refund_list"]
    assert rows["duplicate_rows"] == good["refund_list"] + after[:5]
    lacking = [row for row in rows["missing_field"] if "refund_amount" not in row]
    strange = [row for row in rows["wrong_type"] if isinstance(row["updated_time"], list)]
    assert (len(lacking), len(strange)) == (1, 1)


def test_shifting_rows_leave_after_the_answer(sandbox: Sandbox) -> None:
    """Every tenth row of the page changes now; those behind it move up."""
    call = signed(REFUNDS, **SALE)
    before = listed(sandbox.base_url, call, "shifting_rows")
    after = listed(sandbox.base_url, call)
    assert after["total_count"] == before["total_count"] - 10
    gone = {row["id"] for row in before["refund_list"][::10]}
    assert not gone & {row["id"] for row in after["refund_list"]}
    query = {"shop": 20001, "day": str(SANDBOX_NOW.date())}
    today = HTTP.get(f"{sandbox.base_url}/sandbox/truth/pdd/refunds", params=query).json()
    assert gone <= {row["id"] for row in today}


def test_the_platforms_own_limits_are_enforced() -> None:
    """The 101st call of a shop in 10 seconds gets 70031; another shop is not concerned."""
    assert [tuple(one) for one in DOCUMENTED["pdd"]] == [
        (100, 10, 70031, "shop"),
        (500, 1, 52101, "app"),
    ]
    with serve() as base_url:

        def code(shop: int) -> int:
            answer = post(base_url, signed(MALL, shop=shop))
            return int(answer.get("error_response", {}).get("error_code", 0))

        assert [code(20001) for _ in range(101)] == [*[0] * 100, 70031]
        assert code(20002) == 0
        counted = HTTP.get(f"{base_url}/sandbox/calls").json()["platforms"]["pdd"]
        assert (counted["calls"], counted["over_limit"]) == (102, 1)


VERSIONS = versions_of(20001, date(2025, 10, 2), 1)


def test_amounts_are_text_in_yuan() -> None:
    """To the cent, and without the decimals that are not needed."""
    amounts = [
        row_of(one)[name] for one in VERSIONS for name in ("order_amount", "discount_amount")
    ]
    cents = [cent for one in VERSIONS for cent in (one.case.order_amount, one.case.discount)]
    assert [Decimal(amount) for amount in amounts] == [Decimal(cent) / 100 for cent in cents]
    assert any("." not in amount for amount in amounts)
    assert not any("." in amount and amount.endswith("0") for amount in amounts)


def test_times_are_written_in_three_ways() -> None:
    """As digits, as numbers and as text, and always the same moment."""
    kinds = set()
    for one in VERSIONS:
        value = row_of(one)["updated_time"]
        if isinstance(value, int) or value.isdecimal():
            kinds.add(type(value).__name__)
            assert datetime(1970, 1, 1, 8) + timedelta(seconds=int(value)) == one.modified
        else:
            kinds.add("text")
            assert value == str(one.modified)
    assert kinds == {"int", "str", "text"}


def test_all_documented_fields_are_there() -> None:
    """Also those that nobody reads, as in the platform's sample."""
    assert len(row_of(VERSIONS[0])) == 26


def test_the_truth_is_told_exactly() -> None:
    """Whole numbers stay, amounts and times are text."""
    (plain,) = as_text([told(VERSIONS[0])])
    assert plain["id"] == VERSIONS[0].case.id
    assert plain["created_time"] == str(VERSIONS[0].case.created)
    assert plain["order_amount"] == f"{VERSIONS[0].case.order_amount / 100:.2f}"
