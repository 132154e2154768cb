"""The sandbox's data service, asked by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.credentials import FEED_TOKEN
from sandbox.feed_truth import rows_on
from sandbox.limits import Allowance
from tests.conftest import HTTP
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Sandbox

DAY = date(2025, 10, 2)
BEARER = {"Authorization": f"Bearer {FEED_TOKEN}"}
REVIEWS = {
    "mall_id": "20002",
    "start": "2025-10-02T00:00:00+08:00",
    "end": "2025-10-03T00:00:00+08:00",
    "page": "1",
    "page_size": "10",
}
CHAT = {"mall_id": "20003", "day": "2025-10-02", "limit": "2"}
KPI = {"mall_id": "20003", "granularity": "day", "from": "2025-10-02", "page_size": "4"}
ASKED = {"reviews": REVIEWS, "chat": CHAT, "kpi": KPI}
ROWS = {
    "reviews": lambda answer: answer["data"]["list"],
    "chat": lambda answer: answer["items"],
    "kpi": lambda answer: answer["rows"],
}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve a sandbox for this module's tests."""
    with serve() as base_url:
        yield base_url


def _ask(base_url: str, feed: str, fault: str = "", **changed: str) -> Any:
    headers = BEARER | ({"X-Sandbox-Fault": fault} if fault else {})
    params = ASKED[feed] | changed
    return HTTP.get(f"{base_url}/feeds/pdd/{feed}", params=params, headers=headers).json()


def _rows(base_url: str, feed: str, fault: str = "", **changed: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ROWS[feed](_ask(base_url, feed, fault, **changed))
    return rows


def _error(answer: Any) -> object:
    return answer["error"]["code"] if "error" in answer else answer["code"]


@pytest.mark.parametrize(
    "headers",
    [
        BEARER,
        {"X-Api-Key": FEED_TOKEN},
        {"Cookie": f"session={FEED_TOKEN}"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_it_takes_its_token_in_three_ways(base_url: str, headers: dict[str, str]) -> None:
    """As a bearer token, in a header or as a cookie; not in the URL."""
    url = f"{base_url}/feeds/pdd/chat"
    assert HTTP.get(url, params=CHAT, headers=headers).status_code == 200
    wrong = {name: value.replace("token", "tokem") for name, value in headers.items()}
    assert HTTP.get(url, params=CHAT, headers=wrong).status_code == 401
    assert HTTP.get(url, params={**CHAT, "token": FEED_TOKEN}).status_code == 401


def test_reviews_come_in_numbered_pages(base_url: str) -> None:
    """Oldest first, with a total; the end of the span counts in."""
    first = _ask(base_url, "reviews")
    total = first["data"]["total"]
    pages = [_ask(base_url, "reviews", page=str(number)) for number in range(1, 6)]
    rows = [row for page in pages for row in page["data"]["list"]]
    truth = rows_on("reviews", 20002, "day", DAY, 1)
    tomorrow = rows_on("reviews", 20002, "day", date(2025, 10, 3), 1)[:1]
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    assert {row["id"] for row in rows} == {int(row["review_id"]) for row in truth + tomorrow}
    assert len(rows) == total


def test_a_cursor_leads_through_the_chat(base_url: str) -> None:
    """The last page has none; rates are in percent."""
    rows, cursor = [], {}
    while cursor is not None:
        answer = _ask(base_url, "chat", **cursor)
        rows += answer["items"]
        cursor = answer["page"]["next"] and {"cursor": answer["page"]["next"]}
    truth = rows_on("chat", 20003, "day", DAY, 1)
    assert [row["agent"]["id"] for row in rows] == [row["agent_id"] for row in truth]
    assert rows[0]["reply_rate_3min"] == float(truth[0]["reply_rate_3min"] * 100)


def test_kpi_say_whether_more_follow(base_url: str) -> None:
    """Pages from 0; amounts are in fen."""
    answers = [_ask(base_url, "kpi", page=str(number)) for number in range(2)]
    rows = [row for answer in answers for row in answer["rows"]]
    truth = rows_on("kpi", 20003, "day", DAY, 1)
    assert [answer["has_more"] for answer in answers] == [True, False]
    assert [row["sales_fen"] for row in rows] == [int(row["sales_amount"] * 100) for row in truth]


@pytest.mark.parametrize(
    ("feed", "changed"),
    [
        ("reviews", {"mall_id": "10001"}),
        ("reviews", {"mall_id": ""}),
        ("reviews", {"start": "2025-10-02"}),
        ("reviews", {"end": "2025-12-02T00:00:00+08:00"}),
        ("reviews", {"page": "0"}),
        ("reviews", {"page_size": "51"}),
        ("chat", {"day": "yesterday"}),
        ("chat", {"cursor": "x"}),
        ("kpi", {"granularity": "year"}),
        ("kpi", {"from": ""}),
    ],
)
def test_it_refuses_what_is_wrong(base_url: str, feed: str, changed: dict[str, str]) -> None:
    """In words of its own, with status 200."""
    assert _error(_ask(base_url, feed, **changed)) in (40001, "bad_request")


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("limit", {42901, "rate_limited"}),
        ("error_object", {50001, "try_later"}),
        ("expired_token", {40101, "token_invalid"}),
    ],
)
@pytest.mark.parametrize("feed", ASKED)
def test_faults_instead_of_an_answer(
    base_url: str, feed: str, fault: str, codes: set[object]
) -> None:
    """Each endpoint has its own words for them."""
    assert _error(_ask(base_url, feed, fault)) in codes


@pytest.mark.parametrize("feed", ASKED)
def test_faults_on_a_page(base_url: str, feed: str) -> None:
    """Rows lost, doubled or spoilt, while the rest of the answer says nothing of it."""
    whole = _ask(base_url, feed)
    good = ROWS[feed](whole)

    def struck(fault: str) -> list[dict[str, Any]]:
        answer = _ask(base_url, feed, fault)
        rows: list[dict[str, Any]] = ROWS[feed](answer)
        spoilt = list(rows)
        rows[:] = good
        assert answer == whole
        return spoilt

    assert struck("empty_page") == []
    assert struck("duplicate_rows")[: len(good)] == good
    assert len(struck("duplicate_rows")) > len(good)
    missing = [row for row in struck("missing_field") if row not in good]
    wrong = [row for row in struck("wrong_type") if row not in good]
    assert [len(row) for row in missing] == [len(good[0]) - 1]
    assert [list(row.values()).count(["昨天"]) for row in wrong] == [1]


@pytest.mark.parametrize("feed", ASKED)
def test_a_row_leaves_between_two_pages(feed: str, sandbox: Sandbox) -> None:
    """After the answer, so that the next page misses the one that moves up; and it is true."""
    url, size = sandbox.base_url, {"page_size": "4", "limit": "4"}
    first, second = {"page": "1"}, {"page": "2"}
    if feed == "kpi":
        first, second = {"page": "0"}, first
    elif feed == "chat":
        first, second = {}, {"cursor": "c4"}
    known = [row for page in (first, second) for row in _rows(url, feed, **size, **page)]
    assert _rows(url, feed, "shifting_rows", **size, **first) == known[:4]
    assert _rows(url, feed, **size, **second)[: len(known) - 5] == known[5:]
    assert _rows(url, feed, **size, **first) == known[1:5]
    shop = ASKED[feed]["mall_id"]
    asked = {"shop": shop, "first_day": str(DAY)}
    told = HTTP.get(f"{url}/sandbox/truth/feeds/{feed}", params=asked).json()
    assert len(told) == len(rows_on(feed, int(shop), "day", DAY, 1)) - 1


def test_no_row_leaves_where_none_could_move_up(sandbox: Sandbox) -> None:
    """The fault waits for a page that another follows."""
    sandbox.arm("shifting_rows", "feeds")
    for page, struck in (("1", 0), ("0", 1)):
        assert _rows(sandbox.base_url, "kpi", page=page)
        assert [one["struck"] for one in sandbox.armed()] == [struck]


def test_it_counts_calls_that_are_too_many() -> None:
    """Where a limit is set, one more than it allows is turned away."""
    with serve(allowances={"feeds": [Allowance(2, 60, 42901)]}) as base_url:
        codes = [_ask(base_url, "kpi")["code"] for _ in range(3)]
    assert codes == [0, 0, 42901]


def test_the_truth_is_served(base_url: str) -> None:
    """With the warehouse's names, amounts and times as text."""
    params = {"shop": 20001, "first_day": "2025-09-01", "period": "month"}
    told = HTTP.get(f"{base_url}/sandbox/truth/feeds/kpi", params=params).json()
    truth = rows_on("kpi", 20001, "month", date(2025, 9, 1), 1)
    assert [row["agent_id"] for row in told] == [row["agent_id"] for row in truth]
    assert [row["sales_amount"] for row in told] == [str(row["sales_amount"]) for row in truth]
