"""A pull of 聚水潭's orders brings exactly what is true, whatever moves or fails meanwhile."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from include.gateways.client import Patience
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import CHANGED, GatewayError, Malformed, Temporary
from include.gateways.fields import SHANGHAI
from include.platforms.jushuitan.dialect import Jushuitan
from include.platforms.jushuitan.orders import WALKS, orders_modified
from include.platforms.jushuitan.walking import ORDERS, STEPS_BACK
from include.pulling.orders import ORDER, missing_in
from tests.conftest import HTTP
from tests.gateways.asking import using
from tests.gateways.scripted_gateway import answer, scripted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.gateways.client import GatewayClient
    from include.platforms.jushuitan.walking import Order
    from tests.conftest import Sandbox

DAY = timedelta(days=1)
MIDNIGHT = datetime(2025, 10, 2)
QUICK = Patience(attempts=3, pause=timedelta(milliseconds=1))
ROW: dict[str, Any] = {
    "o_id": 1,
    "so_id": "251002-1",
    "shop_id": 10001,
    "status": "WaitPay",
    "order_date": "2025-10-02 08:00:00",
    "pay_date": None,
    "modified": "2025-10-02 08:00:00",
    "pay_amount": 12.3,
    "paid_amount": "0",
    "freight": 0,
    "items": [{}, {}],
    "ts": 77,
}


async def pull(client: GatewayClient, shop_id: int, start: datetime, end: datetime) -> list[Order]:
    """Pull a window and put its pages together."""
    return [one async for page in orders_modified(client, shop_id, start, end) for one in page]


def page(orders: Sequence[dict[str, Any]], *, has_next: bool = False) -> bytes:
    """Write an answer with a page of orders."""
    data = {"orders": orders, "has_next": has_next}
    return answer(json.dumps({"code": 0, "msg": "ok", "data": data}))


def counted(total: int) -> bytes:
    """Write an answer that says how many orders there are."""
    data = {"orders": [], "has_next": total > 1, "data_count": total, "page_count": total}
    return answer(json.dumps({"code": 0, "msg": "ok", "data": data}))


def rows_of(numbers: range) -> list[dict[str, Any]]:
    """Return an order for each number, which is its version, too."""
    return [{**ROW, "o_id": number, "ts": number} for number in numbers]


def pull_scripted(*script: bytes) -> Any:
    """Pull a day of shop 10001 from a script; give the orders or the error, and the requests."""
    with scripted(*script) as gateway:
        connection = Connection("erp", gateway.base_url, "key", "s3cret", "t0ken")
        try:
            found = using(
                Jushuitan(connection),
                lambda client: pull(client, 10001, MIDNIGHT, MIDNIGHT + DAY),
                QUICK,
            )
        except GatewayError as error:
            found = error
        return found, [_biz(request) for request in gateway.requests]


def places(asked: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return from where on each page was asked for; the count at the end is none."""
    return [(biz["start_ts"], biz["page_index"]) for biz in asked if "start_ts" in biz]


def _biz(request: bytes) -> dict[str, Any]:
    form = parse_qs(request.partition(b"\r\n\r\n")[2].decode())
    return json.loads(form["biz"][0])


def test_days_of_every_shop_equal_the_truth(sandbox: Sandbox) -> None:
    """For three days and three shops every row is there, once, and to the cent."""

    async def compare(client: GatewayClient) -> int:
        rows = 0
        for shop_id in (10001, 10002, 10003):
            for number in range(3):
                start = MIDNIGHT + number * DAY
                pulled = await pull(client, shop_id, start, start + DAY)
                truth = sandbox.truth(shop_id, start.date())
                assert [order.model_dump() for order in pulled] == truth
                rows += len(truth)
        return rows

    assert using(Jushuitan(sandbox.connection), compare) > 3 * 3 * 200


def test_a_long_window_is_pulled_in_pieces(sandbox: Sandbox) -> None:
    """More than seven days give each day's truth, nothing twice, also given in another zone."""
    start = datetime(2025, 9, 20, tzinfo=SHANGHAI).astimezone(timezone.utc)
    pulled = using(
        Jushuitan(sandbox.connection), lambda client: pull(client, 10002, start, start + 8 * DAY)
    )
    truth = [
        row for number in range(8) for row in sandbox.truth(10002, date(2025, 9, 20) + number * DAY)
    ]
    assert [order.model_dump() for order in pulled] == truth


def test_the_end_of_a_window_is_not_part_of_it(sandbox: Sandbox) -> None:
    """A window that ends at an order's very second lacks it; the next one starts with it."""
    row = sandbox.truth(10001, MIDNIGHT.date())[150]

    async def both(client: GatewayClient) -> tuple[list[Order], list[Order]]:
        before = await pull(client, 10001, MIDNIGHT, row["modified"])
        return before, await pull(client, 10001, row["modified"], MIDNIGHT + DAY)

    before, after = using(Jushuitan(sandbox.connection), both)
    assert row["o_id"] not in {order.o_id for order in before}
    assert row["o_id"] in {order.o_id for order in after}
    assert len(before) + len(after) == len(sandbox.truth(10001, MIDNIGHT.date()))


async def pull_by_page_number(client: GatewayClient, shop_id: int) -> set[int]:
    """Pull the day as somebody would who has not heard of drift."""
    found: set[int] = set()
    number = 1
    while True:
        params = {
            "shop_id": shop_id,
            "modified_begin": "2025-10-02 00:00:00",
            "modified_end": "2025-10-02 23:59:59",
            "page_index": number,
            "page_size": 100,
        }
        data = await client.call(Call(ORDERS, params, shop=shop_id, page=number))
        found |= {row["o_id"] for row in data["orders"]}
        if not data["has_next"]:
            return found
        number += 1


def test_paging_by_number_loses_orders_to_drift(sandbox: Sandbox) -> None:
    """Orders that leave the window between pages move others onto pages already read."""
    sandbox.arm("shifting_rows", times=10**9)
    truth = {row["o_id"] for row in sandbox.truth(10001, MIDNIGHT.date())}
    found = using(Jushuitan(sandbox.connection), lambda client: pull_by_page_number(client, 10001))
    assert len(truth - found) >= 20


def test_our_walk_loses_none_to_drift(sandbox: Sandbox) -> None:
    """The same drift hides no order from us, and doubles none."""
    sandbox.arm("shifting_rows", times=10**9)
    truth = [row["o_id"] for row in sandbox.truth(10001, MIDNIGHT.date())]
    found = using(
        Jushuitan(sandbox.connection),
        lambda client: pull(client, 10001, MIDNIGHT, MIDNIGHT + DAY),
    )
    assert [order.o_id for order in found] == truth


def test_an_order_that_changes_and_stays_in_the_window_comes_again_newer(sandbox: Sandbox) -> None:
    """A pull up to now ends although orders change under it, and brings their last versions."""
    sandbox.arm("shifting_rows", times=10**9)
    now = datetime(2025, 10, 9, 12)
    pulled = using(
        Jushuitan(sandbox.connection),
        lambda client: pull(client, 10001, now - DAY, now + timedelta(seconds=1)),
    )
    last = {order.o_id: order for order in pulled}
    assert len(last) < len(pulled)
    assert [order.ts for order in pulled] == sorted({order.ts for order in pulled})
    rows = HTTP.get(
        f"{sandbox.base_url}/sandbox/truth/erp/orders", params={"shop": 10001, "day": "2025-10-09"}
    ).json()
    assert {row["o_id"] for row in rows} <= set(last)


def test_a_page_full_of_one_version_does_not_stop_the_walk() -> None:
    """Rows that share a `ts` over several pages come once each, and those after them too."""
    rows = [{**ROW, "o_id": number, "ts": 5} for number in range(250)]
    rows += [{**ROW, "o_id": 900 + number, "ts": 6 + number} for number in range(120)]
    pages = [page(rows[start : start + 100], has_next=True) for start in (0, 0, 100, 200)]
    back = [page(rows[start : start + 100], has_next=True) for start in (100, 0)]
    found, asked = pull_scripted(*pages, *back, page(rows[299:]), counted(len(rows)))
    assert [order.o_id for order in found] == [row["o_id"] for row in rows]
    assert places(asked) == [(0, 1), (5, 1), (5, 2), (5, 3), (5, 2), (5, 1), (55, 1)]


@pytest.mark.parametrize("later", [0, 100])
def test_orders_of_one_version_that_move_onto_a_page_before_are_found(later: int) -> None:
    """Also where as many leave as would miss, so that the count is none too small."""
    block = [{**ROW, "o_id": number, "ts": 5} for number in range(230)]
    rest = rows_of(range(900, 900 + later))
    there = block[50:] + rest  # after the first two answers 50 have left
    pages = [page(block[:100], has_next=True)] * 2 + [page(there[100:200], has_next=later > 0)]
    pages += [page(there[:100], has_next=True)]
    pages += [page(there[199:])] if later else []
    found, asked = pull_scripted(*pages, counted(len(there)))
    assert {order.o_id for order in found} == {row["o_id"] for row in block + rest}
    assert len(found) == len(block + rest)
    behind = [(rest[19]["ts"], 1)] if later else []
    assert places(asked) == [(0, 1), (5, 1), (5, 2), (5, 1), *behind]


def test_a_page_before_that_comes_empty_is_asked_for_again() -> None:
    """What has moved onto it is not skipped; when it stays empty, the run is to be tried again."""
    block = [{**ROW, "o_id": number, "ts": 5} for number in range(130)]
    first, last = page(block[:100], has_next=True), page(block[100:])
    found, asked = pull_scripted(first, first, last, page([]), first, counted(130))
    assert len(found) == 130
    assert places(asked) == [(0, 1), (5, 1), (5, 2), (5, 1), (5, 1)]
    error, asked = pull_scripted(first, first, last, page([]))
    assert type(error) is Temporary
    assert len(asked) == 3 + QUICK.attempts
    assert "the page is empty, though more have come from behind it: run it again" in str(error)


def test_an_emptied_last_page_of_one_version_is_asked_for_again() -> None:
    """The step back, which brings nothing new, is no page that repeats for ever."""
    block = [{**ROW, "o_id": number, "ts": 5} for number in range(230)]
    first, second = (page(block[start : start + 100], has_next=True) for start in (0, 100))
    last = page(block[200:])
    script = first, first, second, page([]), second, last, second, first, counted(230)
    found, asked = pull_scripted(*script)
    assert [order.o_id for order in found] == list(range(230))
    numbers = [number for _, number in places(asked)]
    assert numbers == [1, 1, 2, 3, 2, 3, 2, 1]


def test_the_question_is_what_the_platform_documents() -> None:
    """Window, page size, cursor and no totals; then the window's count without a cursor."""
    _, asked = pull_scripted(page([]), counted(0))
    window = {
        "shop_id": 10001,
        "modified_begin": "2025-10-02 00:00:00",
        "modified_end": "2025-10-03 00:00:00",
    }
    assert asked == [
        {**window, "page_index": 1, "page_size": 100, "start_ts": 0, "is_get_total": False},
        {**window, "page_index": 1, "page_size": 1, "is_get_total": True},
    ]


def test_fields_are_read_as_they_are() -> None:
    """Amounts are exact whether numbers or text, and lines are counted."""
    (order,), _ = pull_scripted(page([{**ROW, "pay_date": ""}]), counted(1))
    assert (str(order.pay_amount), str(order.paid_amount), order.item_count) == ("12.30", "0.00", 2)
    assert (order.pay_date, order.order_date) == (None, datetime(2025, 10, 2, 8))


@pytest.mark.parametrize("name", ["o_id", "shop_id", "status", "order_date", "modified", "ts"])
def test_a_missing_field_is_named(name: str) -> None:
    """Shop, method, page and field are in the message; nothing is taken for empty."""
    row = {key: value for key, value in ROW.items() if key != name}
    error, _ = pull_scripted(page([ROW, row]))
    assert isinstance(error, Malformed)
    expected = f"shop 10001, {ORDERS}, page 1: field orders.1.{name} is missing from the answer"
    assert str(error) == f"{expected}; {CHANGED}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("o_id", "one"),
        ("shop_id", 10002),
        ("status", ""),
        ("order_date", None),
        ("order_date", "0001-01-01 00:00:00"),
        ("pay_date", "yesterday"),
        ("modified", "2025-10-02"),
        ("paid_amount", "12.345"),
        ("ts", None),
        ("ts", 1),
    ],
)
def test_an_ill_field_is_named(field: str, value: object) -> None:
    """Also a row of another shop, and one out of the order that the walk relies on."""
    error, _ = pull_scripted(page([ROW, {**ROW, "o_id": 2, field: value}]))
    assert isinstance(error, Malformed)
    assert f"page 1: field orders.1.{field} holds" in str(error)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("so_id", None, "so_id"),
        ("so_id", "x" * 65, "so_id"),
        ("pay_amount", "12.345", "pay_amount"),
        ("freight", "", "freight"),
        ("freight", None, "freight"),
        ("freight", "free", "freight"),
        ("items", None, "item_count"),
        ("items", {}, "item_count"),
    ],
)
def test_an_odd_field_that_no_figure_counts_is_none(field: str, value: object, name: str) -> None:
    """The order comes all the same, and says what it lacks; so it does where the field is gone."""
    for row in ({**ROW, field: value}, {key: one for key, one in ROW.items() if key != field}):
        (order,), _ = pull_scripted(page([row]), counted(1))
        assert (getattr(order, name), order.without) == (None, [name])


def test_a_status_that_is_too_long_is_cut() -> None:
    """The order comes all the same, and says so."""
    (order,), _ = pull_scripted(page([{**ROW, "status": "x" * 33}]), counted(1))
    assert (order.status, order.cut) == ("x" * 32, ["status"])
    assert missing_in(ORDER, [order]) == "1 order with status cut"


@pytest.mark.parametrize("value", [None, ""])
def test_an_unpaid_order_without_a_paid_amount_has_paid_nothing(value: str | None) -> None:
    """That is no oddity; of an order that has a time of payment the amount must be there."""
    (order,), _ = pull_scripted(page([{**ROW, "paid_amount": value}]), counted(1))
    assert (order.paid_amount, order.without) == (0, [])
    row = {**ROW, "paid_amount": value, "pay_date": "2025-10-02 08:00:01"}
    error, _ = pull_scripted(page([row]))
    assert isinstance(error, Malformed)
    assert "field orders.0.paid_amount holds" in str(error)


def test_milliseconds_are_cut_off() -> None:
    """They cost no order, and the row lands with its second."""
    (order,), _ = pull_scripted(page([{**ROW, "modified": "2025-10-02 08:00:00.807"}]), counted(1))
    assert order.modified == datetime(2025, 10, 2, 8)


@pytest.mark.parametrize(
    "data", [{"orders": None, "has_next": False}, {"has_next": False, "data_count": 0}]
)
def test_no_list_is_an_empty_page(data: object) -> None:
    """The gateway's own count says that there is none; where it counts some, they are missing."""
    nothing = answer(json.dumps({"code": 0, "data": data}))
    assert pull_scripted(nothing, counted(0))[0] == []
    error, _ = pull_scripted(nothing, *[counted(3), nothing] * 3)
    assert isinstance(error, Temporary)


@pytest.mark.parametrize("data", [{"orders": []}, {"orders": {}, "has_next": False}, None, []])
def test_a_page_of_another_shape_is_malformed(data: object) -> None:
    """An answer without its rows is not an empty day."""
    error, _ = pull_scripted(answer(json.dumps({"code": 0, "data": data})))
    assert isinstance(error, Malformed)


def test_pages_that_never_end_are_malformed() -> None:
    """A gateway that promises more for ever and brings nothing new does not hold us for ever."""
    error, asked = pull_scripted(page([ROW], has_next=True))
    assert isinstance(error, Malformed)
    assert "has_next" in str(error)
    assert len(asked) < 5


def test_an_empty_page_that_promises_more_is_asked_for_again() -> None:
    """What stood on it is not skipped; when it stays empty, the run is to be tried again."""
    empty = page([], has_next=True)
    pages = page(rows_of(range(1, 101)), has_next=True), empty, page(rows_of(range(101, 131)))
    found, asked = pull_scripted(*pages, counted(130))
    assert [order.o_id for order in found] == list(range(1, 131))
    assert [biz.get("start_ts") for biz in asked] == [0, 100, 100, None]
    error, asked = pull_scripted(empty)
    assert type(error) is Temporary
    assert len(asked) == QUICK.attempts
    assert "the page is empty, though more are to follow: run it again" in str(error)


def test_an_end_that_comes_too_early_is_noticed() -> None:
    """A last page without its rows lacks also the order it begins with: the walk steps back."""
    first, last = page(rows_of(range(1, 101)), has_next=True), page(rows_of(range(100, 131)))
    # 30 others have left since they came: the count alone would not miss the last 30.
    script = first, page([]), first, last, counted(100)
    found, asked = pull_scripted(*script)
    assert [order.o_id for order in found] == list(range(1, 131))
    assert [biz.get("start_ts") for biz in asked] == [0, 100, 0, 100, None]


def test_an_end_is_believed_where_the_last_orders_have_changed() -> None:
    """One step back shows that nothing follows what is still there."""
    pages = (
        page(rows_of(range(1, 101)), has_next=True),
        page(rows_of(range(100, 201)), has_next=True),
    )
    end = page(rows_of(range(100, 150)))
    found, asked = pull_scripted(*pages, page([]), end, counted(149))
    assert len(found) == 200
    assert [biz.get("start_ts") for biz in asked] == [0, 100, 200, 100, None]
    found, asked = pull_scripted(pages[0], page([]), page([]), counted(0))
    assert len(found) == 100
    assert [biz.get("start_ts") for biz in asked] == [0, 100, 0, None]


def test_an_end_that_stays_too_early_is_temporary() -> None:
    """A gateway that promises more and then brings nothing does not hold us for ever."""
    script = [page(rows_of(range(1, 101)), has_next=True), page([])] * (STEPS_BACK + 2)
    error, asked = pull_scripted(*script)
    assert type(error) is Temporary
    assert "the page is empty again and again" in str(error)
    assert len(asked) == 2 * (STEPS_BACK + 1)


def test_an_emptied_last_page_costs_no_order_among_others_that_leave(sandbox: Sandbox) -> None:
    """As many leave as would miss, so that the count is none too small."""
    start = MIDNIGHT + 4 * DAY
    before = sandbox.truth(10001, start.date())
    pages = -(-(len(before) - 100) // 99)  # each begins with the last order of the one before
    sandbox.arm("empty_page", times=1, after=pages)
    sandbox.arm("shifting_rows", times=10**9)
    found = using(
        Jushuitan(sandbox.connection),
        lambda client: pull(client, 10001, start, start + DAY),
    )
    assert [one["struck"] > 0 for one in sandbox.armed()] == [True, True]
    assert {order.o_id for order in found} == {row["o_id"] for row in before}


def test_orders_that_never_come_are_temporary() -> None:
    """After the last walk the message says how many of how many, and of which window."""
    walk = page(rows_of(range(1, 101))), counted(130)
    error, asked = pull_scripted(*walk * WALKS)
    assert type(error) is Temporary
    expected = "30 of 130 orders changed from 2025-10-02 00:00:00 to 2025-10-03 00:00:00 did not"
    assert str(error).startswith(f"shop 10001, {ORDERS}: {expected} come, in 3 walks")
    assert len(asked) == 2 * WALKS


def test_orders_that_left_since_are_not_missed() -> None:
    """A count below what came is none too few."""
    found, _ = pull_scripted(page(rows_of(range(1, 101))), counted(98))
    assert len(found) == 100


def test_a_count_that_is_not_there_is_malformed() -> None:
    """Without it nobody can say that all is there."""
    error, _ = pull_scripted(page([ROW]), page([ROW]))
    assert isinstance(error, Malformed)
    assert "field data_count is missing" in str(error)
    error, _ = pull_scripted(page([ROW]), counted(-1))
    assert isinstance(error, Malformed)
    assert "field data_count holds -1" in str(error)


@pytest.mark.parametrize(
    "fault",
    [
        "empty_page",
        "duplicate_rows",
        "shifting_rows",
        "error_object",
        "http_503",
        "reset",
        "reset_in_body",
        "truncated",
        "html",
    ],
)
def test_a_fault_in_the_middle_costs_no_order(fault: str, sandbox: Sandbox) -> None:
    """Whatever strikes twice between the pages, the day is the truth."""
    truth = [row["o_id"] for row in sandbox.truth(10001, MIDNIGHT.date())]
    sandbox.arm(fault, times=2, after=1)
    dialect = Jushuitan(sandbox.connection)
    found = using(dialect, lambda client: pull(client, 10001, MIDNIGHT, MIDNIGHT + DAY), QUICK)
    assert {order.o_id for order in found} == set(truth)
    assert [one["struck"] for one in sandbox.armed()] == [2]
