"""聚水潭's dialect signs as the platform does, and a pull brings exactly what is true."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from include.platforms.connection import Connection
from include.platforms.dialect import Call
from include.platforms.errors import AuthExpired, GatewayError, Malformed, Refused
from include.platforms.fields import SHANGHAI
from include.platforms.jushuitan import (
    ORDERS,
    Jushuitan,
    Order,
    orders_modified,
    shops,
    signature,
)
from tests.platforms.asking import using
from tests.platforms.scripted_gateway import answer, scripted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.platforms.client import GatewayClient
    from tests.conftest import Sandbox

APP_KEY = "5b53060f23d84ddf9703056e84fa5a2d"
SECRET = "e9c5ca33fecb404b8e6cdbd0ef4a6d25"
DAY = timedelta(days=1)
MIDNIGHT = datetime(2025, 10, 2)
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


def pull_scripted(*script: bytes) -> Any:
    """Pull a day of shop 10001 from a script; give the orders or the error, and the requests."""
    with scripted(*script) as gateway:
        connection = Connection("erp", gateway.base_url, "key", "s3cret", "t0ken")
        try:
            found = using(
                Jushuitan(connection), lambda client: pull(client, 10001, MIDNIGHT, MIDNIGHT + DAY)
            )
        except GatewayError as error:
            found = error
        return found, [_biz(request) for request in gateway.requests]


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
    with pytest.raises(AuthExpired, match="authorise it anew"):
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


def test_shops_that_never_end_are_malformed() -> None:
    """A gateway that sends the same page for ever does not hold us for ever."""
    same = json.dumps(
        {"code": 0, "data": {"datas": [{"shop_id": 1, "shop_name": "店"}], "has_next": True}}
    )
    with scripted(answer(same)) as gateway:
        connection = Connection("erp", gateway.base_url, "key", "s3cret", "t0ken")
        with pytest.raises(Malformed, match="page 2: field has_next is true"):
            using(Jushuitan(connection), shops)


def test_a_week_of_every_shop_equals_the_truth(sandbox: Sandbox) -> None:
    """For seven days and three shops every row is there, once, and to the cent."""

    async def compare(client: GatewayClient) -> int:
        rows = 0
        for shop_id in (10001, 10002, 10003):
            for number in range(7):
                start = MIDNIGHT + number * DAY
                pulled = await pull(client, shop_id, start, start + DAY)
                truth = sandbox.truth(shop_id, start.date())
                assert [order.model_dump() for order in pulled] == truth
                rows += len(truth)
        return rows

    assert using(Jushuitan(sandbox.connection), compare) > 7 * 3 * 200


def test_a_long_window_is_pulled_in_pieces(sandbox: Sandbox) -> None:
    """More than seven days give each day's truth, nothing twice, also given in another zone."""
    start = datetime(2025, 9, 20, tzinfo=SHANGHAI).astimezone(timezone.utc)
    pulled = using(
        Jushuitan(sandbox.connection), lambda client: pull(client, 10002, start, start + 16 * DAY)
    )
    truth = [
        row
        for number in range(16)
        for row in sandbox.truth(10002, date(2025, 9, 20) + number * DAY)
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


def start_drift(sandbox: Sandbox) -> None:
    """Let orders change between the pages of every query."""
    httpx.post(f"{sandbox.base_url}/sandbox/drift", json={"on": True}).raise_for_status()


def test_paging_by_number_loses_orders_to_drift(sandbox: Sandbox) -> None:
    """Orders that leave the window between pages move others onto pages already read."""
    start_drift(sandbox)
    truth = {row["o_id"] for row in sandbox.truth(10001, MIDNIGHT.date())}
    found = using(Jushuitan(sandbox.connection), lambda client: pull_by_page_number(client, 10001))
    assert len(truth - found) >= 20


def test_our_walk_loses_none_to_drift(sandbox: Sandbox) -> None:
    """The same drift hides no order from us, and doubles none."""
    start_drift(sandbox)
    truth = [row["o_id"] for row in sandbox.truth(10001, MIDNIGHT.date())]
    found = using(
        Jushuitan(sandbox.connection),
        lambda client: pull(client, 10001, MIDNIGHT, MIDNIGHT + DAY),
    )
    assert [order.o_id for order in found] == truth


def test_an_order_that_changes_and_stays_in_the_window_comes_again_newer(sandbox: Sandbox) -> None:
    """A pull up to now ends although orders change under it, and brings their last versions."""
    start_drift(sandbox)
    now = datetime(2025, 10, 9, 12)
    pulled = using(
        Jushuitan(sandbox.connection),
        lambda client: pull(client, 10001, now - DAY, now + timedelta(seconds=1)),
    )
    last = {order.o_id: order for order in pulled}
    assert len(last) < len(pulled)
    assert [order.ts for order in pulled] == sorted({order.ts for order in pulled})
    rows = httpx.get(
        f"{sandbox.base_url}/sandbox/truth/erp/orders", params={"shop": 10001, "day": "2025-10-09"}
    ).json()
    assert {row["o_id"] for row in rows} <= set(last)


def test_a_page_full_of_one_version_does_not_stop_the_walk() -> None:
    """Rows that share a `ts` over several pages come once each, and those after them too."""
    rows = [{**ROW, "o_id": number, "ts": 5} for number in range(250)]
    rows += [{**ROW, "o_id": 900 + number, "ts": 6 + number} for number in range(120)]
    pages = [page(rows[start : start + 100], has_next=True) for start in (0, 0, 100, 200)]
    found, asked = pull_scripted(*pages, page(rows[299:]))
    assert [order.o_id for order in found] == [row["o_id"] for row in rows]
    assert [(biz["start_ts"], biz["page_index"]) for biz in asked] == [
        (0, 1),
        (5, 1),
        (5, 2),
        (5, 3),
        (55, 1),
    ]


def test_the_question_is_what_the_platform_documents() -> None:
    """Window, page size, cursor and no totals."""
    _, asked = pull_scripted(page([]))
    assert asked == [
        {
            "shop_id": 10001,
            "modified_begin": "2025-10-02 00:00:00",
            "modified_end": "2025-10-03 00:00:00",
            "page_index": 1,
            "page_size": 100,
            "start_ts": 0,
            "is_get_total": False,
        }
    ]


def test_fields_are_read_as_they_are() -> None:
    """Amounts are exact whether numbers or text, and lines are counted."""
    (order,), _ = pull_scripted(page([{**ROW, "pay_date": ""}]))
    assert (str(order.pay_amount), str(order.paid_amount), order.item_count) == ("12.30", "0.00", 2)
    assert (order.pay_date, order.order_date) == (None, datetime(2025, 10, 2, 8))


@pytest.mark.parametrize("name", [name for name in ROW if name != "pay_date"])
def test_a_missing_field_is_named(name: str) -> None:
    """Shop, method, page and field are in the message; nothing is taken for empty."""
    row = {key: value for key, value in ROW.items() if key != name}
    error, _ = pull_scripted(page([ROW, row]))
    assert isinstance(error, Malformed)
    expected = f"shop 10001, {ORDERS}, page 1: field orders.1.{name} is missing from the answer"
    assert str(error) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("o_id", "one"),
        ("so_id", None),
        ("shop_id", 10002),
        ("status", ""),
        ("order_date", None),
        ("pay_date", "yesterday"),
        ("modified", "2025-10-02"),
        ("pay_amount", 12.345),
        ("paid_amount", None),
        ("freight", "free"),
        ("items", None),
        ("items", {}),
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
    "data", [{"orders": None, "has_next": False}, {"has_next": False}, {"orders": []}, None, []]
)
def test_a_page_of_another_shape_is_malformed(data: object) -> None:
    """An answer without its rows is not an empty day."""
    error, _ = pull_scripted(answer(json.dumps({"code": 0, "data": data})))
    assert isinstance(error, Malformed)


@pytest.mark.parametrize("rows", [[], [ROW]])
def test_pages_that_never_end_are_malformed(rows: list[dict[str, Any]]) -> None:
    """A gateway that promises more for ever and brings nothing new does not hold us for ever."""
    error, asked = pull_scripted(page(rows, has_next=True))
    assert isinstance(error, Malformed)
    assert "has_next" in str(error)
    assert len(asked) < 5


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
