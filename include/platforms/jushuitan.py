"""聚水潭's open platform: shops and orders.

POST of a signed form to `{base}/open/…`, answered by `{"code": 0, "msg": "…", "data": {…}}`. Times
are the wall clock of Asia/Shanghai.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from hashlib import md5
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from include.platforms.dialect import Call, Request, Tokens
from include.platforms.errors import Malformed
from include.platforms.fields import (
    WALL_CLOCK_FORMAT,
    Length,
    Money,
    WallClock,
    WallClockIfAny,
    WholeNumber,
    parsed,
    wall_clock,
)
from include.platforms.jushuitan_codes import error_of
from include.platforms.limits import Limit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from include.platforms.client import GatewayClient
    from include.platforms.connection import Connection

SHOPS = "/open/shops/query"
ORDERS = "/open/orders/single/query"
REFRESH = "/openWeb/auth/refreshToken"
PAGE_SIZE = 100
LONGEST_WINDOW = timedelta(days=7)
HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}


def signature(secret: str, form: Mapping[str, str]) -> str:
    """Sign a form: MD5, in lower-case hex, of the secret and the sorted keys with their values."""
    pairs = "".join(f"{key}{form[key]}" for key in sorted(form) if key != "sign")
    return md5(f"{secret}{pairs}".encode()).hexdigest()  # noqa: S324 - the platform's choice


class Jushuitan:
    """The dialect of 聚水潭's open platform."""

    name = "jushuitan"
    limits: Sequence[Limit] = (Limit(5, 1), Limit(100, 60))

    def __init__(self, connection: Connection) -> None:
        """Speak for the app of a connection."""
        self.connection = connection

    def request(self, call: Call, access_token: str) -> Request:
        """Sign a call as of now."""
        biz = json.dumps(call.params, ensure_ascii=False, separators=(",", ":"))
        form = {"access_token": access_token, "version": "2", "biz": biz}
        return self._signed(call.method, form)

    def refresh_request(self, call: Call, refresh_token: str) -> Request:  # noqa: ARG002 - the protocol's signature
        """Sign the exchange of a refresh token as of now."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": "all"}
        return self._signed(REFRESH, form)

    def refreshed(self, call: Call, envelope: Any) -> Tokens:
        """Give the new tokens in an answer, or raise what its code and message say."""
        granted = parsed(_Granted, self.unwrap(call, envelope), call)
        expires_at = datetime.now(timezone.utc) + timedelta(seconds=granted.expires_in)
        return Tokens(granted.access_token, granted.refresh_token or "", expires_at)

    def _signed(self, path: str, form: Mapping[str, str]) -> Request:
        form = {
            "app_key": self.connection.app_key,
            "timestamp": str(int(time.time())),
            "charset": "utf-8",
            **form,
        }
        form["sign"] = signature(self.connection.app_secret, form)
        return Request(
            f"{self.connection.base_url}{path}", HEADERS, urlencode(form).encode("ascii")
        )

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Give the `data` of an answer, or raise what its code and message say."""
        answer = parsed(_Envelope, envelope, call)
        if answer.code != 0:
            raise error_of(call, answer.code, answer.msg or "", self.connection)
        return answer.data


class _Envelope(BaseModel):
    code: WholeNumber
    msg: str | None = None
    data: Any = None


class _Granted(BaseModel):
    access_token: str = Field(min_length=1)
    refresh_token: str | None = None
    expires_in: WholeNumber


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


class ShopInfo(_Row):
    """A shop as the ERP knows it."""

    shop_id: WholeNumber
    shop_name: str


class ShopPage(_Row):
    """One page of shops."""

    datas: list[ShopInfo]
    has_next: bool


class Order(_Row):
    """An order as it is now; amounts in 元, times naive, of Asia/Shanghai.

    Attributes:
        o_id: the ERP's number of the order.
        so_id: the number it has on its platform.
        pay_date: None while it is unpaid.
        item_count: how many lines it has.
        ts: its version: larger after every change.
    """

    o_id: WholeNumber
    so_id: str
    shop_id: WholeNumber
    status: str = Field(min_length=1)
    order_date: WallClock
    pay_date: WallClockIfAny = None
    modified: WallClock
    pay_amount: Money
    paid_amount: Money
    freight: Money
    item_count: Annotated[Length, Field(alias="items")]
    ts: WholeNumber


class OrderPage(_Row):
    """One page of orders."""

    orders: list[Order]
    has_next: bool


async def shops(client: GatewayClient) -> list[ShopInfo]:
    """Ask for all shops of the account, in the gateway's order.

    Raises:
        GatewayError: as `GatewayClient.call` does, or an answer is Malformed.
    """
    found: dict[int, ShopInfo] = {}
    page = 0
    while True:
        page += 1
        call = Call(SHOPS, {"page_index": page, "page_size": PAGE_SIZE}, page=page)
        answer = parsed(ShopPage, await client.call(call), call)
        before = len(found)
        found.update((shop.shop_id, shop) for shop in answer.datas)
        if not answer.has_next:
            return list(found.values())
        if len(found) == before:
            raise Malformed(call, "field has_next is true, but the page brings no new shop")


async def orders_modified(
    client: GatewayClient, shop_id: int, start: datetime, end: datetime
) -> AsyncIterator[list[Order]]:
    """Ask for a shop's orders whose last change lies in a window, in pages.

    An order that changes while it is being pulled, and stays in the window, comes again with a
    larger `ts`: of two with one `o_id` the later counts.

    Args:
        client: speaks `Jushuitan`.
        shop_id: the ERP's number of the shop.
        start: of the window; aware, or the wall clock of Asia/Shanghai.
        end: of the window, exclusive.

    Yields:
        up to 100 orders in order of `ts`, never none.

    Raises:
        GatewayError: as `GatewayClient.call` does, or an answer is Malformed.
    """
    for first, last in _windows(wall_clock(start), wall_clock(end)):
        async for orders in _pull(client, shop_id, first, last):
            # Whether the gateway counts modified_end in or out, the next window brings it.
            if wanted := [order for order in orders if first <= order.modified < last]:
                yield wanted


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        last = min(start + LONGEST_WINDOW, end)
        yield start, last
        start = last


async def _pull(
    client: GatewayClient, shop_id: int, first: datetime, last: datetime
) -> AsyncIterator[list[Order]]:
    """Walk by version, not by page number.

    An order that changes leaves its place, and all behind it move up a place: on the next page
    they would be skipped. So each answer is the first page of what has the last seen version or a
    later one. Only where one version fills a whole page does the page number move.
    """
    version, page, number = 0, 1, 0
    seen: set[tuple[int, int]] = set()
    while True:
        number += 1
        params = {
            "shop_id": shop_id,
            "modified_begin": first.strftime(WALL_CLOCK_FORMAT),
            "modified_end": last.strftime(WALL_CLOCK_FORMAT),
            "page_index": page,
            "page_size": PAGE_SIZE,
            "start_ts": version,
            "is_get_total": False,
        }
        call = Call(ORDERS, params, shop=shop_id, page=number)
        answer = parsed(OrderPage, await client.call(call), call)
        _check(answer, shop_id, version, call)
        fresh = [order for order in answer.orders if (order.o_id, order.ts) not in seen]
        yield fresh
        if not answer.has_next:
            return
        reached = answer.orders[-1].ts if answer.orders else version
        if reached > version:
            version, page, seen = reached, 1, set()
        elif page == 1 or fresh:
            page += 1
        else:
            raise Malformed(call, "field has_next is true, but the page brings no new order")
        seen.update((order.o_id, order.ts) for order in answer.orders if order.ts == version)


def _check(answer: OrderPage, shop_id: int, version: int, call: Call) -> None:
    """Refuse an answer that the walk cannot build on."""
    for place, order in enumerate(answer.orders):
        if order.shop_id != shop_id:
            raise Malformed(call, f"field orders.{place}.shop_id holds {order.shop_id}")
        if order.ts < version:
            raise Malformed(
                call, f"field orders.{place}.ts holds {order.ts}, less than {version} before it"
            )
        version = order.ts
