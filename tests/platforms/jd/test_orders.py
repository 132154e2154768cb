"""A pull of 京东's orders brings exactly what is true, whatever happens between its pages."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from include.gateways.client import Patience
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import CHANGED, GatewayError, Malformed, Refused, Temporary
from include.gateways.fields import SHANGHAI
from include.platforms.jd import orders as jd_orders
from include.platforms.jd.dialect import Jd
from include.platforms.jd.orders import FIELDS, ORDERS, Order, orders_created, orders_modified
from sandbox import jd_search
from tests.conftest import HTTP, SANDBOX_NOW, Sandbox
from tests.gateways.asking import using
from tests.gateways.scripted_gateway import answer, scripted
from tests.jd_shops import NUMBERS, connection_of, truth

if TYPE_CHECKING:
    from include.gateways.client import GatewayClient

DAY = timedelta(days=1)
# Of late, as of older days no orders are not believed.
LATE = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - DAY
MIDNIGHT = datetime(2025, 10, 2)
SEVERAL = Patience(attempts=3, pause=timedelta(milliseconds=1))
NAMES = {
    "order_id": "orderId",
    "vender_id": "venderId",
    "order_state": "orderState",
    "order_start_time": "orderStartTime",
    "payment_confirm_time": "paymentConfirmTime",
    "should_pay": "shouldPay",
    "actual_pay": "actualPay",
    "freight_price": "freightPrice",
    "total_seller_discount": "totalSellerDiscount",
    "item_count": "itemCount",
    "modified": "modified",
}
ROW: dict[str, Any] = {
    "orderId": "300094031018",
    "venderId": "30001",
    "orderState": "FINISHED_L",
    "orderStartTime": f"{LATE:%Y-%m-%d} 08:00:00",
    "paymentConfirmTime": f"{LATE:%Y-%m-%d} 08:00:40",
    "shouldPay": "12.3",
    "actualPay": "12.30",
    "freightPrice": "0",
    "totalSellerDiscount": 0,
    "itemInfoList": [{}, {}],
    "modified": f"{LATE:%Y-%m-%d} 09:00:00",
}


async def pull(client: GatewayClient, number: int, start: datetime, end: datetime) -> list[Order]:
    """Pull a window and put its pages together."""
    return [one async for page in orders_modified(client, number, start, end) for one in page]


def pulled(sandbox: Sandbox, number: int, start: datetime, end: datetime) -> list[Order]:
    """Pull a window of a sandbox's shop."""
    dialect = Jd(connection_of(sandbox, number))
    return using(dialect, lambda client: pull(client, number, start, end), SEVERAL)


def newest(orders: list[Order]) -> dict[int, dict[str, Any]]:
    """Return each order once, as it was last, by the names that the gateway uses."""
    found: dict[int, dict[str, Any]] = {}
    for one in sorted(orders, key=lambda order: order.modified):
        found[one.order_id] = {theirs: getattr(one, ours) for ours, theirs in NAMES.items()}
    return found


def true(number: int, *days: date) -> dict[int, dict[str, Any]]:
    """Return what must be there, in the same form."""
    return {row["orderId"]: row for day in days for row in truth(number, day)}


def found(rows: list[Any] | None, total: Any = None, **verdict: Any) -> bytes:
    """Write an answer with a page of orders."""
    result = {
        "apiResult": {"success": True, **verdict},
        "orderTotal": len(rows or []) if total is None else total,
        "orderInfoList": rows,
    }
    inside = {"code": "0", "searchorderinfo_result": result}
    return answer(json.dumps({f"{ORDERS.replace('.', '_')}_responce": inside}))


def pull_scripted(
    *script: bytes, start: datetime = LATE, days: int = 1, patience: Patience = SEVERAL
) -> tuple[Any, list[dict[str, Any]]]:
    """Pull days of shop 30001 from a script; give the orders or the error, and the questions."""
    with scripted(*script) as gateway:
        connection = Connection("jd_1", gateway.base_url, "key", "s3cret", "t0ken")
        try:
            orders = using(
                Jd(connection),
                lambda client: pull(client, 30001, start, start + days * DAY),
                patience,
            )
        except GatewayError as error:
            orders = error
        return orders, [_question(request) for request in gateway.requests]


def _question(request: bytes) -> dict[str, Any]:
    form = dict(parse_qsl(request.partition(b"\r\n\r\n")[2].decode()))
    return {"method": form["method"], **json.loads(form["360buy_param_json"])}


def test_days_of_every_shop_equal_the_truth(steady: Sandbox) -> None:
    """For three days and three shops every row is there, once, and to the cent."""
    for number in NUMBERS:
        for start in (MIDNIGHT + place * DAY for place in range(3)):
            orders = pulled(steady, number, start, start + DAY)
            assert newest(orders) == true(number, start.date())
            assert len({order.order_id for order in orders}) == len(orders) > 100


def test_a_long_window_is_pulled_in_pieces(
    steady: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the longest gives each day's truth, nothing twice, also given in another zone."""
    monkeypatch.setattr(jd_orders, "LONGEST_WINDOW", 2 * DAY)
    start = datetime(2025, 9, 5, tzinfo=SHANGHAI).astimezone(timezone.utc)
    orders = pulled(steady, 30002, start, start + 5 * DAY)
    days = [date(2025, 9, 5) + place * DAY for place in range(5)]
    assert newest(orders) == true(30002, *days)
    assert len({order.order_id for order in orders}) == len(orders) > 500


def test_the_end_of_a_window_is_not_part_of_it(steady: Sandbox) -> None:
    """A window that ends at an order's very second lacks it; the next one starts with it."""
    row = truth(30001, MIDNIGHT.date())[150]
    before = newest(pulled(steady, 30001, MIDNIGHT, row["modified"]))
    after = newest(pulled(steady, 30001, row["modified"], MIDNIGHT + DAY))
    assert row["orderId"] not in before
    assert row["orderId"] in after
    assert {**before, **after} == true(30001, MIDNIGHT.date())


def test_a_window_of_more_pages_than_are_given_is_halved(
    steady: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform refuses pages beyond a limit: a day with more of them is asked for in pieces."""
    monkeypatch.setattr(jd_search, "LAST_PAGE", 2)
    days = [MIDNIGHT.date() + place * DAY for place in range(3)]
    refused = using(Jd(connection_of(steady, 30001)), lambda client: page_of(client, 30001, 3, 3))
    assert "page不能超过2" in refused["apiResult"]["chineseErrCode"]
    monkeypatch.setattr(jd_orders, "MOST_PAGES", 2)
    orders = pulled(steady, 30001, MIDNIGHT, MIDNIGHT + 3 * DAY)
    assert newest(orders) == true(30001, *days)
    made = using(
        Jd(connection_of(steady, 30001)),
        lambda client: made_in(client, 30001, MIDNIGHT, MIDNIGHT + 3 * DAY),
    )
    assert len(made) > 2 * 100


def test_more_orders_in_one_second_than_pages_are_asked_for_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second cannot be cut: the walk goes on, and the platform has the word."""
    monkeypatch.setattr(jd_orders, "MOST_PAGES", 0)
    with scripted(found([ROW])) as gateway:
        dialect = Jd(Connection("jd_1", gateway.base_url, "key", "s3cret", "t0ken"))
        moment = datetime.fromisoformat(ROW["modified"])
        second = timedelta(seconds=1)
        orders = using(
            dialect, lambda client: pull(client, 30001, moment - second, moment + second)
        )
        asked = [_question(request) for request in gateway.requests]
    assert {order.order_id for order in orders} == {300094031018}
    assert len(asked) == 3


async def page_of(client: GatewayClient, number: int, page: int, days: int = 1) -> Any:
    """Ask for a page of days from the second on, and return the search's result."""
    params = {
        "start_date": "2025-10-02 00:00:00",
        "end_date": f"2025-10-{2 + days:02} 00:00:00",
        "order_state": "ALL",
        "optional_fields": FIELDS,
        "page": str(page),
        "page_size": "100",
    }
    data = await client.call(Call(ORDERS, params, shop=number, page=page))
    return data["searchorderinfo_result"]


async def made_in(
    client: GatewayClient, number: int, start: datetime, end: datetime
) -> list[Order]:
    """Bring the orders that were made in a window."""
    return [one async for page in orders_created(client, number, start, end) for one in page]


def test_the_question_is_what_the_platform_documents() -> None:
    """Window, every state, the fields that we read, pages as texts, by the time of change."""
    _, asked = pull_scripted(found([ROW]))
    assert asked == [
        {
            "method": "jingdong.pop.order.search",
            "start_date": f"{LATE:%Y-%m-%d} 00:00:00",
            "end_date": f"{LATE + DAY:%Y-%m-%d} 00:00:00",
            "order_state": "ALL",
            "optional_fields": "orderId,venderId,orderState,orderStartTime,paymentConfirmTime,"
            "shouldPay,actualPay,freightPrice,totalSellerDiscount,itemInfoList,modified",
            "page_size": "100",
            "page": "1",
            "sortType": 0,
            "dateType": 0,
        }
    ]


def test_no_window_is_longer_than_a_month() -> None:
    """A long stretch is asked for in pieces that join, the shortest month's days at most."""
    _, asked = pull_scripted(found([]), start=LATE - 70 * DAY, days=70)
    edges = [(one["start_date"], one["end_date"]) for one in asked]
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
    assert len(edges) == 3
    for start, end in edges:
        assert datetime.fromisoformat(end) - datetime.fromisoformat(start) <= 28 * DAY


def test_fields_are_read_as_they_are() -> None:
    """Amounts are exact whether numbers or text, lines are counted, ids may be texts."""
    ((order,), _) = pull_scripted(found([ROW]))
    assert order.order_id == 300094031018
    assert (str(order.should_pay), str(order.total_seller_discount)) == ("12.30", "0.00")
    assert (order.item_count, order.actual_pay) == (2, Decimal("12.30"))
    assert order.payment_confirm_time == LATE.replace(hour=8, second=40)


@pytest.mark.parametrize("value", ["0001-01-01 00:00:00", None, ""])
def test_the_first_moment_of_all_means_unpaid(value: str | None) -> None:
    """The platform's way to say that nobody has paid."""
    ((order,), _) = pull_scripted(found([{**ROW, "paymentConfirmTime": value}]))
    assert order.payment_confirm_time is None


@pytest.mark.parametrize("total", [1, "1"])
@pytest.mark.parametrize("success", [True, "true"])
def test_totals_and_flags_may_be_texts(total: Any, success: Any) -> None:
    """The platform writes both ways."""
    orders, _ = pull_scripted(found([ROW], total, success=success))
    assert len(orders) == 1


@pytest.mark.parametrize("rows", [[], None])
def test_a_day_without_orders_is_empty(rows: list[Any] | None) -> None:
    """A day of late that has none is just that."""
    assert pull_scripted(found(rows, "0"))[0] == []


@pytest.mark.parametrize("success", [False, "false"])
def test_a_failure_of_the_search_is_tried_again(success: Any) -> None:
    """An answer without success is no empty page; the next attempt counts."""
    verdict = {"success": success, "numberCode": 10100016, "chineseErrCode": "查询超时"}
    orders, asked = pull_scripted(found([], 0, **verdict), found([ROW]))
    assert (len(orders), len(asked)) == (1, 2)
    error, asked = pull_scripted(found(None, **verdict))
    assert type(error) is Temporary
    assert (error.code, len(asked)) == ("10100016", 3)
    start = f"shop 30001, {ORDERS}, page 1: code 10100016 '查询超时': run it again later"
    assert str(error).startswith(start)


@pytest.mark.parametrize(
    "name", ["orderId", "venderId", "orderState", "orderStartTime", "modified"]
)
def test_a_missing_field_is_named(name: str) -> None:
    """Shop, method, page and field are in the message; nothing is taken for empty."""
    row = {key: value for key, value in ROW.items() if key != name}
    error, _ = pull_scripted(found([ROW, row]))
    assert isinstance(error, Malformed)
    field = f"searchorderinfo_result.orderInfoList.1.{name}"
    said = f"shop 30001, {ORDERS}, page 1: field {field} is missing from the answer; {CHANGED}"
    assert str(error) == said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("orderId", "one"),
        ("venderId", None),
        ("orderState", ""),
        ("orderState", None),
        ("orderStartTime", None),
        ("paymentConfirmTime", "yesterday"),
        ("paymentConfirmTime", "2025-10-02"),
        ("actualPay", None),
        ("actualPay", "12.345"),
        ("modified", ["昨天"]),
    ],
)
def test_an_ill_field_is_named(field: str, value: object) -> None:
    """What it holds is in the message, too."""
    error, _ = pull_scripted(found([ROW, {**ROW, field: value}]))
    assert isinstance(error, Malformed)
    assert f"page 1: field searchorderinfo_result.orderInfoList.1.{field} holds" in str(error)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("shouldPay", "12.345", "should_pay"),
        ("freightPrice", None, "freight_price"),
        ("freightPrice", "free", "freight_price"),
        ("totalSellerDiscount", True, "total_seller_discount"),
        ("itemInfoList", {}, "item_count"),
        ("itemInfoList", None, "item_count"),
    ],
)
def test_an_odd_field_that_no_figure_counts_is_none(field: str, value: object, name: str) -> None:
    """The order comes all the same, and says what it lacks; so it does where the field is gone."""
    for row in ({**ROW, field: value}, {key: one for key, one in ROW.items() if key != field}):
        (order,), _ = pull_scripted(found([row]))
        assert (getattr(order, name), order.without) == (None, [name])


@pytest.mark.parametrize("amount", [{"actualPay": None}, {"actualPay": ""}, {}])
@pytest.mark.parametrize("time", [{"paymentConfirmTime": "0001-01-01 00:00:00"}, {}])
def test_an_unpaid_order_without_a_paid_amount_has_paid_nothing(
    amount: dict[str, Any], time: dict[str, Any]
) -> None:
    """Both fields are empty, or not there at all, while nobody has paid."""
    row = {key: one for key, one in ROW.items() if key not in ("actualPay", "paymentConfirmTime")}
    (order,), _ = pull_scripted(found([{**row, **amount, **time}]))
    assert (order.payment_confirm_time, order.actual_pay, order.without) == (None, 0, [])


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, "field searchorderinfo_result.apiResult is missing"),
        ({"apiResult": {}}, "field searchorderinfo_result.apiResult.success is missing"),
        ({"apiResult": {"success": "yes"}}, "expected true or false"),
        ({"apiResult": {"success": True}}, "field searchorderinfo_result.orderTotal is missing"),
        (
            {"apiResult": {"success": True}, "orderTotal": 2},
            "field searchorderinfo_result.orderInfoList is missing",
        ),
        (
            {"apiResult": {"success": True}, "orderTotal": 0, "orderInfoList": {}},
            "field searchorderinfo_result.orderInfoList holds {}",
        ),
        (
            {"apiResult": {"success": True}, "orderTotal": -1, "orderInfoList": []},
            "field searchorderinfo_result.orderTotal holds -1",
        ),
    ],
)
def test_a_page_of_another_shape_is_malformed(result: dict[str, Any], said: str) -> None:
    """An answer without its rows or its total is not an empty day."""
    envelope = {f"{ORDERS.replace('.', '_')}_responce": {"searchorderinfo_result": result}}
    error, _ = pull_scripted(answer(json.dumps(envelope)))
    assert isinstance(error, Malformed)
    assert said in str(error)


def test_nothing_from_an_old_time_is_not_an_empty_day() -> None:
    """Beyond its three months the platform shows nothing, whatever there was."""
    error, _ = pull_scripted(found([]), start=LATE - 100 * DAY)
    assert type(error) is Refused
    assert "the last 3 months only" in str(error)
    assert "`from` in config/shops.yaml" in str(error)


def test_a_window_that_reaches_into_the_hidden_time_is_refused_unasked() -> None:
    """Half a window would pass for a whole one."""
    error, asked = pull_scripted(found([ROW]), start=LATE - 98 * DAY, days=20)
    assert type(error) is Refused
    assert asked == []


def test_an_order_of_before_the_window_is_malformed() -> None:
    """The list is not what was asked for then: left out, it would pass for a day without it."""
    before = {**ROW, "modified": f"{LATE - DAY:%Y-%m-%d} 09:00:00"}
    error, _ = pull_scripted(found([ROW, before]))
    assert isinstance(error, Malformed)
    assert f"a row is of {LATE - DAY:%Y-%m-%d} 09:00:00, though rows from" in str(error)


async def by_page_number(client: GatewayClient, number: int) -> set[int]:
    """Pull the day as somebody would who has not heard of drift."""
    seen: set[int] = set()
    for page in count(1):
        rows = (await page_of(client, number, page))["orderInfoList"]
        if not rows:
            return seen
        seen |= {int(row["orderId"]) for row in rows}
    raise AssertionError


def test_paging_from_the_first_loses_orders_to_drift(sandbox: Sandbox) -> None:
    """Orders that leave the window between pages move others onto pages already read."""
    sandbox.arm("shifting_rows", "jd", times=10)
    dialect = Jd(connection_of(sandbox, 30002))
    seen = using(dialect, lambda client: by_page_number(client, 30002))
    assert len(set(true(30002, MIDNIGHT.date())) - seen) >= 10


def test_our_walk_loses_none_to_drift(sandbox: Sandbox) -> None:
    """The same drift hides no order from us: what left the window is there, or in a later one."""
    sandbox.arm("shifting_rows", "jd", times=10)
    before = true(30002, MIDNIGHT.date())
    seen = newest(pulled(sandbox, 30002, MIDNIGHT, MIDNIGHT + DAY))
    url = f"{sandbox.base_url}/sandbox/truth/jd/orders"
    rows = HTTP.get(url, params={"shop": 30002, "day": "2025-10-02"}).json()
    still_there = {row["orderId"] for row in rows}
    assert len(before) - len(still_there) >= 10
    assert still_there <= set(seen) <= set(before)
    later = newest(pulled(sandbox, 30002, SANDBOX_NOW - DAY / 2, SANDBOX_NOW + DAY / 2))
    assert set(before) <= set(seen) | set(later)


@pytest.mark.parametrize("fault", ["empty_page", "duplicate_rows", "error_object", "html"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_passing_fault_costs_no_order(fault: str, after: int, steady: Sandbox) -> None:
    """Whichever page it strikes, the pull brings the truth."""
    steady.arm(fault, "jd", after=after)
    orders = pulled(steady, 30003, MIDNIGHT, MIDNIGHT + DAY)
    assert newest(orders) == true(30003, MIDNIGHT.date())
