"""Each fault is what it says, as a plain HTTP client sees it, and strikes whom it should."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.faults import FAULT_HEADER, FAULTS
from tests.conftest import HTTP
from tests.sandbox.serving import serve
from tests.sandbox.test_jushuitan import DAY, ORDERS, SHOPS, post, signed

if TYPE_CHECKING:
    from tests.conftest import Sandbox


def ask(sandbox: Sandbox, **more: Any) -> httpx.Response:
    """Ask for a day's orders."""
    return HTTP.post(sandbox.base_url + ORDERS, data=signed({**DAY, **more}))


def rows(sandbox: Sandbox, **more: Any) -> list[dict[str, Any]]:
    """Return a page of a day's orders."""
    return ask(sandbox, **more).json()["data"]["orders"]


@pytest.mark.parametrize(("fault", "status"), [("http_429", 429), ("http_503", 503)])
def test_a_status_says_not_now(fault: str, status: int, sandbox: Sandbox) -> None:
    """The proxy's answer comes instead of the gateway's; the next request is served."""
    sandbox.arm(fault)
    assert ask(sandbox).status_code == status
    assert ask(sandbox).json()["code"] == 0


def test_a_connection_is_reset_before_the_answer(sandbox: Sandbox) -> None:
    """Not a byte of an answer comes, and no orderly end either."""
    sandbox.arm("reset")
    with pytest.raises(httpx.ReadError):
        ask(sandbox)
    assert ask(sandbox).json()["code"] == 0


def test_a_connection_is_reset_in_the_middle_of_a_body(sandbox: Sandbox) -> None:
    """Status, headers and half of the body come, then the reset."""
    whole = ask(sandbox).content
    sandbox.arm("reset_in_body")
    url, form = sandbox.base_url + ORDERS, signed(DAY)
    with HTTP.stream("POST", url, data=form) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == len(whole)
        came: list[bytes] = []
        with pytest.raises(httpx.ReadError):
            came.extend(answer.iter_raw())  # keeps what came before the reset
    assert b"".join(came) == whole[: len(whole) // 2]


def test_a_body_trickles_and_is_never_done(sandbox: Sandbox) -> None:
    """Headers come before it; bytes keep coming, so that no single read ever waits for long."""
    whole = ask(sandbox).content
    sandbox.arm("trickle")
    with HTTP.stream("POST", sandbox.base_url + ORDERS, data=signed(DAY)) as answer:
        assert answer.status_code == 200
        parts = list(islice(answer.iter_raw(), 3))
    assert len(parts) == 3
    assert len(b"".join(parts)) < len(whole) // 10


def test_a_trickle_does_not_keep_the_sandbox_from_ending() -> None:
    """Somebody may still listen when it is told to stop."""
    with serve() as base_url:
        header = {FAULT_HEADER: "trickle"}
        stream = HTTP.stream("POST", base_url + SHOPS, data=signed({}), headers=header)
        answer = stream.__enter__()
        assert answer.status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        stream.__exit__(None, None, answer.read())


def test_json_is_cut_in_half_under_a_good_status(sandbox: Sandbox) -> None:
    """The length that is told is that of what comes: only the JSON shows that something lacks."""
    whole = ask(sandbox).content
    sandbox.arm("truncated")
    answer = ask(sandbox)
    assert (answer.status_code, answer.content) == (200, whole[: len(whole) // 2])
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.content)


def test_a_login_page_comes_instead_of_json(sandbox: Sandbox) -> None:
    """HTML with status 200."""
    sandbox.arm("html")
    answer = ask(sandbox)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "请先登录" in answer.text


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("limit", 199, "次数"),
        ("error_object", -1, "系统繁忙"),
        ("expired_token", 100, "access_token"),
    ],
)
def test_the_gateway_answers_with_its_own_error(
    fault: str, code: int, said: str, sandbox: Sandbox
) -> None:
    """Status 200 and the platform's envelope; only this answer is struck."""
    sandbox.arm(fault)
    answer = post(sandbox.base_url, SHOPS, signed({}))
    assert (answer["code"], said in answer["msg"], answer["data"]) == (code, True, None)
    assert post(sandbox.base_url, SHOPS, signed({}))["code"] == 0


def test_an_empty_page_says_that_there_are_rows(sandbox: Sandbox) -> None:
    """Its totals and `has_next` are those of the full page; so, too, on the last page."""
    whole = ask(sandbox).json()["data"]
    last = whole["page_count"]
    sandbox.arm("empty_page", times=2)
    empty = ask(sandbox).json()["data"]
    assert whole["has_next"]
    assert {**empty, "orders": whole["orders"]} == whole
    assert rows(sandbox, page_index=last) == []
    assert rows(sandbox, page_index=last)


def test_duplicate_rows_are_those_of_the_next_page(sandbox: Sandbox) -> None:
    """Totals do not tell; the last page doubles one of its own."""
    sandbox.arm("duplicate_rows", times=2)
    doubled = rows(sandbox)
    assert [len(doubled), len({row["o_id"] for row in doubled})] == [105, 105]
    following = rows(sandbox, page_index=2, is_get_total=True)
    following = rows(sandbox, page_index=2)
    assert doubled[100:] == following[:5]


def test_shifting_rows_leave_the_window_and_the_rest_moves_up(sandbox: Sandbox) -> None:
    """Of the first page some change now; the next page begins where that many are skipped."""
    before = rows(sandbox) + rows(sandbox, page_index=2)
    sandbox.arm("shifting_rows")
    assert rows(sandbox) == before[:100]
    assert rows(sandbox, page_index=2)[:90] == before[110:]
    now = {"modified_begin": "2025-10-09 12:00:00", "modified_end": "2025-10-09 12:00:00"}
    assert [row["o_id"] for row in rows(sandbox, **now)] == [
        row["o_id"] for row in before[5:100:10]
    ]


def test_one_row_lacks_a_field_or_has_nonsense_in_it(sandbox: Sandbox) -> None:
    """The other rows of the page are as they were."""
    whole = rows(sandbox)
    for fault, field in (("missing_field", "status"), ("wrong_type", "modified")):
        sandbox.arm(fault)
        ill = rows(sandbox)
        changed = [(one, other) for one, other in zip(whole, ill, strict=True) if one != other]
        assert len(changed) == 1
        good, bad = changed[0]
        assert {name for name in good if good[name] != bad.get(name)} == {field}
        assert (field in bad) == (fault == "wrong_type")


def test_a_request_may_ask_for_a_fault_itself(sandbox: Sandbox) -> None:
    """By a header, which arms nothing; what is no fault is told so."""
    form, url = signed({}), sandbox.base_url + SHOPS
    codes = {
        name: HTTP.post(url, data=form, headers={FAULT_HEADER: name}).status_code
        for name in ("http_429", "http_503", "limit", "empty_page")
    }
    assert codes == {"http_429": 429, "http_503": 503, "limit": 200, "empty_page": 200}
    assert HTTP.post(url, data=form, headers={FAULT_HEADER: "limit"}).json()["code"] == 199
    unknown = HTTP.post(url, data=form, headers={FAULT_HEADER: "flood"})
    assert (unknown.status_code, "'flood' is no fault" in unknown.text) == (400, True)
    assert sandbox.armed() == []


@pytest.mark.parametrize("fault", ["http_503", "error_object"])
def test_a_fault_waits_and_strikes_as_often_as_it_was_told(fault: str, sandbox: Sandbox) -> None:
    """`after` lets some pass, `times` ends it, and each strike is counted."""
    sandbox.arm(fault, after=2, times=3)
    answers = [HTTP.post(sandbox.base_url + SHOPS, data=signed({})) for _ in range(7)]
    struck = [one.status_code != 200 or one.json()["code"] != 0 for one in answers]
    assert struck == [False, False, True, True, True, False, False]
    armed = sandbox.armed()
    assert [(one["fault"], one["passed"], one["struck"]) for one in armed] == [(fault, 2, 3)]


@pytest.mark.parametrize("fault", ["http_503", "html", "error_object", "empty_page"])
def test_a_fault_of_a_shop_strikes_that_shop_alone(fault: str, sandbox: Sandbox) -> None:
    """Wire faults, too; another platform's strike none of these."""
    sandbox.arm("http_429", platform="pdd")
    sandbox.arm(fault, shop=10002, times=9)
    good = ask(sandbox)
    assert (good.status_code, good.json()["code"]) == (200, 0)
    assert len(good.json()["data"]["orders"]) == 100
    ill = ask(sandbox, shop_id=10002)
    assert ill.content != ask(sandbox, shop_id=10003).content
    struck = ill.status_code != 200 or "html" in ill.text or not ill.json()["data"]
    assert struck or ill.json()["data"]["orders"] == []
    armed = sandbox.armed()
    assert [one["struck"] for one in armed] == [0, 1]


def test_what_is_armed_can_be_cleared(sandbox: Sandbox) -> None:
    """All of it at once; the answer also names every fault there is."""
    for fault in ("http_429", "limit"):
        sandbox.arm(fault, times=100)
    cleared = HTTP.delete(f"{sandbox.base_url}/sandbox/faults").json()
    assert (cleared["armed"], set(cleared["faults"])) == ([], set(FAULTS))
    assert ask(sandbox).json()["code"] == 0


@pytest.mark.parametrize(
    "wish",
    [
        {"fault": "flood", "platform": "erp"},
        {"fault": "limit", "platform": "taobao"},
        {"fault": "limit", "platform": "erp", "times": 0},
        {"fault": "limit", "platform": "erp", "shops": 10001},
    ],
)
def test_a_wish_that_means_nothing_is_refused(wish: dict[str, Any], sandbox: Sandbox) -> None:
    """Instead of arming something that never strikes."""
    answer = HTTP.post(f"{sandbox.base_url}/sandbox/faults", json=wish)
    assert answer.status_code == 422
