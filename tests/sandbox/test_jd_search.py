"""The sandbox's order search takes and gives what 京东 documents."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import SANDBOX_NOW, Sandbox
from tests.jd_shops import truth
from tests.sandbox.jd_calls import DAY, FIELDS, post, search, signed
from tests.sandbox.serving import serve

ROWS = "orderInfoList"


def ids(result: dict[str, Any]) -> list[int]:
    """Return the numbers of a page's orders."""
    return [int(row["orderId"]) for row in result[ROWS]]


def true_ids(shop: int = 30001) -> list[int]:
    """Return the numbers that the day must have, in order of change."""
    return [row["orderId"] for row in truth(shop, date(2025, 10, 2))]


@pytest.mark.parametrize(
    "changes",
    [
        {"start_date": None},
        {"start_date": "2025-10-02"},
        {"end_date": "2025-10-01 00:00:00"},
        {"end_date": "2025-11-02 00:00:01"},
        {"order_state": None},
        {"order_state": "7"},
        {"order_state": "LOCKED,SOLD"},
        {"optional_fields": None},
        {"optional_fields": ""},
        {"page": 1},
        {"page": "0"},
        {"page": "one"},
        {"page_size": 100},
        {"page_size": "101"},
        {"page_size": None},
    ],
)
def test_an_ill_question_has_no_success(changes: dict[str, Any], steady: Sandbox) -> None:
    """The envelope is good all the same; what is wrong stands in the verdict of the search."""
    result = search(steady.base_url, **changes)
    assert result["apiResult"]["success"] is False
    assert result["apiResult"]["chineseErrCode"]
    assert ROWS not in result


@pytest.mark.parametrize("params", ["{", "[]"])
def test_parameters_must_be_an_object(params: str, steady: Sandbox) -> None:
    """Whatever else they are has no success."""
    answer = post(steady.base_url, signed(params))
    result = answer["jingdong_pop_order_search_responce"]["searchorderinfo_result"]
    assert result["apiResult"]["success"] is False


def test_pages_join_to_the_whole(steady: Sandbox) -> None:
    """In order of change, rising or falling; a page beyond the last has no rows."""
    pages = [search(steady.base_url, page=str(page)) for page in (1, 2, 3, 4)]
    assert [number for page in pages for number in ids(page)] == true_ids()
    assert {page["orderTotal"] for page in pages} == {len(true_ids())}
    assert pages[3][ROWS] == []
    falling = search(steady.base_url, sortType=1, page_size="40")
    assert ids(falling) == true_ids()[::-1][:40]


def test_a_month_is_the_longest_window(steady: Sandbox) -> None:
    """Both ends are part of it."""
    result = search(steady.base_url, start_date="2025-09-02 23:59:59")
    assert result["apiResult"]["success"] is True
    assert result["orderTotal"] > 5000
    moment = truth(30001, date(2025, 10, 2))[7]["modified"].strftime("%Y-%m-%d %H:%M:%S")
    assert search(steady.base_url, start_date=moment, end_date=moment)["orderTotal"] >= 1


def test_states_filter(steady: Sandbox) -> None:
    """Those that are asked for come, and only those; together they are all."""
    states = {row["orderState"] for row in truth(30001, date(2025, 10, 2))}
    found: list[int] = []
    for state in states:
        result = search(
            steady.base_url, order_state=f"{state},LOCKED" if state == "PAUSE" else state
        )
        assert {row["orderState"] for row in result[ROWS]} == {state}
        found += ids(result)
        found += ids(search(steady.base_url, order_state=state, page="2"))
    assert sorted(found) == sorted(true_ids())


def test_a_row_has_the_fields_that_were_asked_for(steady: Sandbox) -> None:
    """No others; what is text at the platform is text."""
    for row in search(steady.base_url)[ROWS]:
        assert set(row) == set(FIELDS.split(","))
        assert row["orderId"].isdecimal()
        lines = row["itemInfoList"]
        assert lines
        assert all(line["itemTotal"].isdecimal() for line in lines)
        paid = row["paymentConfirmTime"] != "0001-01-01 00:00:00"
        assert row["actualPay"] == (row["shouldPay"] if paid else "0.00")


def test_some_shops_get_texts_for_flags_and_totals(steady: Sandbox) -> None:
    """As the platform is known to answer now this way, now that."""
    results = {shop: search(steady.base_url, shop) for shop in (30001, 30002, 30003)}
    flags = {shop: result["apiResult"]["success"] for shop, result in results.items()}
    assert flags == {30001: True, 30002: "true", 30003: True}
    kinds = {shop: type(result["orderTotal"]) for shop, result in results.items()}
    assert kinds == {30001: int, 30002: int, 30003: str}


def test_orders_can_be_asked_for_by_creation(steady: Sandbox) -> None:
    """Whatever became of them since."""
    fields = "orderId,orderStartTime"
    result = search(steady.base_url, dateType=1, optional_fields=fields)
    days = {row["orderStartTime"][:10] for row in result[ROWS]}
    assert days == {"2025-10-02"}
    assert 150 <= result["orderTotal"] <= 350


def test_changes_of_more_than_three_months_ago_are_not_shown() -> None:
    """Nothing says that they are missing."""
    later = SANDBOX_NOW + timedelta(days=88)
    with serve(clock=lambda: later) as base_url:
        shown = search(base_url, start_date="2025-10-04 00:00:00", end_date="2025-10-06 23:59:59")
        old = search(base_url)
    assert old["apiResult"]["success"] is True
    assert (old["orderTotal"], old[ROWS]) == (0, [])
    assert shown["orderTotal"] > 0
    assert min(row["modified"] for row in shown[ROWS]) >= "2025-10-05 12:00:00"


def with_fault(sandbox: Sandbox, fault: str, page: str = "1", shop: int = 30001) -> dict[str, Any]:
    """Ask for a page that a fault strikes."""
    form = signed({**DAY, "page": page}, shop=shop)
    answer = post(sandbox.base_url, form, headers={"X-Sandbox-Fault": fault})
    return answer["jingdong_pop_order_search_responce"]["searchorderinfo_result"]


def test_a_page_can_be_empty_though_there_are_rows(steady: Sandbox) -> None:
    """The total speaks as if it were full."""
    result = with_fault(steady, "empty_page")
    assert (result[ROWS], result["orderTotal"]) == ([], len(true_ids()))


@pytest.mark.parametrize("page", ["1", "3"])
def test_a_page_can_bring_its_neighbours_rows(page: str, steady: Sandbox) -> None:
    """All of its own and some that another has, or one twice; the total stays."""
    own = ids(search(steady.base_url, page=page))
    result = with_fault(steady, "duplicate_rows", page)
    more = ids(result)
    assert more[: len(own)] == own
    assert len(more) > len(own)
    assert set(more) <= set(true_ids())
    assert result["orderTotal"] == len(true_ids())


def test_rows_can_shift(sandbox: Sandbox) -> None:
    """The answer is whole; after it some orders have changed now, and those behind move up."""
    before = ids(with_fault(sandbox, "shifting_rows"))
    assert before == true_ids()[:100]
    after = ids(search(sandbox.base_url))
    left = set(before) - set(after)
    assert len(left) == 10
    assert after == [number for number in true_ids() if number not in left][:100]
    now = f"{SANDBOX_NOW:%Y-%m-%d %H:%M:%S}"
    moved = search(sandbox.base_url, start_date=now, end_date=now)
    assert left <= set(ids(moved))


def test_a_row_can_lack_a_field_or_have_nonsense(steady: Sandbox) -> None:
    """One row of the page, in a field that we use."""
    lacking = [row for row in with_fault(steady, "missing_field")[ROWS] if "orderState" not in row]
    ill = [row for row in with_fault(steady, "wrong_type")[ROWS] if row["modified"] == ["昨天"]]
    assert (len(lacking), len(ill)) == (1, 1)


def test_a_fault_of_pages_waits_for_one(sandbox: Sandbox) -> None:
    """A page without rows cannot show it, and does not use it up."""
    sandbox.arm("missing_field", "jd")
    assert search(sandbox.base_url, page="9")[ROWS] == []
    assert not all("orderState" in row for row in search(sandbox.base_url)[ROWS])
    assert all("orderState" in row for row in search(sandbox.base_url)[ROWS])


def test_the_clock_decides_what_there_is() -> None:
    """In the middle of a day it has the changes until then."""
    noon = datetime(2025, 10, 2, 12)
    with serve(clock=lambda: noon) as base_url:
        result = search(base_url, sortType=1)
    assert result["orderTotal"] > 0
    assert max(row["modified"] for row in result[ROWS]) <= "2025-10-02 12:00:00"
