"""聚水潭's gateway: checks what the real one checks, answers in its envelope.

It shares no code with the client, so that one's mistake is not repeated by the other.
"""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response

from sandbox.book import Book
from sandbox.catalogue import SHOPS
from sandbox.credentials import ERP_ACCOUNT, SANDBOX_APP_KEY, digest, is_recent
from sandbox.faults import INSTEAD_OF_AN_ANSWER, Listing, fault
from sandbox.orders import HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.applications import Starlette
    from starlette.requests import Request

    from sandbox.orders import Item, Version
    from sandbox.world import World

SIGNED = ("app_key", "timestamp", "charset", "sign")
REQUIRED = ("access_token", "version", "biz", *SIGNED)
REQUIRED_TO_REFRESH = ("grant_type", "refresh_token", "scope", *SIGNED)
LONGEST_WINDOW = timedelta(days=7)
LARGEST_PAGE, DEFAULT_PAGE = 100, 30
BY_CREATION = 2
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
# Every tenth order of a page, from the sixth on: a page of few changes none, so a pull ends.
DRIFTING = slice(5, None, 10)

INVALID_SIGN, INVALID_TOKEN, MISSING = 10, 100, 130
INVALID_TIME, INVALID_FORMAT, INVALID_VALUE = 140, 140, 170
LIMITED = "接口调用次数超过限制"
# What a fault says instead of an answer; the platform has no code of its own for being busy.
STRUCK = {
    "limit": (199, LIMITED),
    "error_object": (-1, "系统繁忙,请稍后再试"),
    "expired_token": (INVALID_TOKEN, "access_token无效或已过期"),
}


class _Refusal(Exception):  # noqa: N818 - not an error of this program
    """An answer with a code other than 0."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def add_routes(app: Starlette, world: World) -> Book[Version]:
    """Serve the gateway; return its orders."""
    gateway = JushuitanGateway(world)

    async def shops(request: Request) -> Response:
        return JSONResponse(gateway.answer(request, await request.body(), gateway.shops))

    async def orders(request: Request) -> Response:
        return JSONResponse(gateway.answer(request, await request.body(), gateway.orders))

    async def refresh(request: Request) -> Response:
        return JSONResponse(gateway.refresh(await request.body()))

    app.add_route("/open/shops/query", shops, methods=["POST"])
    app.add_route("/open/orders/single/query", orders, methods=["POST"])
    app.add_route("/openWeb/auth/refreshToken", refresh, methods=["POST"])
    return gateway.book


class JushuitanGateway:
    """The gateway of one sandbox.

    Attributes:
        book: its orders.
    """

    def __init__(self, world: World) -> None:
        self.book = Book(HISTORY, world.seed, world.now)
        self._listing = Listing(_order, self.book.drift, DRIFTING, "status", "modified")
        self._gatekeeper = world.gatekeepers["erp"]
        self._tokens = world.tokens

    def answer(
        self, request: Request, body: bytes, query: Callable[[Request, dict[str, Any]], Any]
    ) -> dict[str, Any]:
        """Answer a query of the business."""
        return _enveloped(lambda: query(request, self._params(request, _form(body, REQUIRED))))

    def refresh(self, body: bytes) -> dict[str, Any]:
        """Answer `/openWeb/auth/refreshToken`."""
        return _enveloped(lambda: self._refreshed(_form(body, REQUIRED_TO_REFRESH)))

    def shops(self, _: Request, params: dict[str, Any]) -> dict[str, Any]:
        """Return the data of `/open/shops/query`."""
        wanted = params.get("shop_ids") or [shop.shop_id for shop in SHOPS]
        rows = [shop._asdict() for shop in SHOPS if shop.shop_id in wanted]
        page, first, size = _paged(len(rows), params)
        return page | {"datas": rows[first : first + size]}

    def orders(self, request: Request, params: dict[str, Any]) -> dict[str, Any]:
        """Return the data of `/open/orders/single/query`."""
        for name in ("shop_id", "modified_begin", "modified_end"):
            if name not in params:
                raise _Refusal(MISSING, f"缺少必填参数:{name}")
        first, last = _time(params, "modified_begin"), _time(params, "modified_end")
        if not first <= last <= first + LONGEST_WINDOW:
            raise _Refusal(INVALID_VALUE, "modified_begin与modified_end间隔不能超过7天")
        shop, from_ts = _whole(params, "shop_id", 0), _whole(params, "start_ts", 0)
        by_creation = _whole(params, "date_type", 0) == BY_CREATION
        book = self.book.made if by_creation else self.book.current
        versions = [one for one in book(shop, first, last) if one.ts >= from_ts]
        page, start, size = _paged(len(versions), params)
        return page | {"orders": self._listing.page((request, shop), versions, start, size)}

    def _refreshed(self, form: dict[str, str]) -> dict[str, Any]:
        if form["grant_type"] != "refresh_token":
            raise _Refusal(INVALID_VALUE, "grant_type应为refresh_token")
        granted = self._tokens.refresh("erp", form["refresh_token"])
        if granted is None:
            raise _Refusal(INVALID_TOKEN, "refresh_token无效或已过期")
        return {**granted, "scope": form["scope"]}

    def _params(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        """Return the business parameters of a form whose call may pass."""
        if self._tokens.shop_of("erp", form["access_token"]) != ERP_ACCOUNT:
            raise _Refusal(INVALID_TOKEN, "access_token无效或已过期")
        try:
            params = json.loads(form["biz"])
        except ValueError:
            params = None
        if not isinstance(params, dict):
            raise _Refusal(INVALID_FORMAT, "参数格式错误:biz")
        shop = _whole(params, "shop_id", 0) or None
        if code := self._gatekeeper.refuse(form["app_key"], shop):
            raise _Refusal(code, LIMITED)
        if struck := fault(request, shop, INSTEAD_OF_AN_ANSWER):
            raise _Refusal(*STRUCK[struck])
        return params


def _enveloped(work: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"code": 0, "msg": "执行成功", "data": work()}
    except _Refusal as refusal:
        return {"code": refusal.code, "msg": str(refusal), "data": None}


def _form(body: bytes, required: Sequence[str]) -> dict[str, str]:
    """Read a form that is whole, signed and in time."""
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    for name in required:
        if name not in form:
            raise _Refusal(MISSING, f"缺少必填参数:{name}")
    if form["app_key"] != SANDBOX_APP_KEY or not hmac.compare_digest(digest(form), form["sign"]):
        raise _Refusal(INVALID_SIGN, "无效签名")
    if not is_recent(form["timestamp"]):
        raise _Refusal(INVALID_TIME, "timestamp与服务器时间相差不能超过10分钟")
    return form


def _paged(number: int, params: dict[str, Any]) -> tuple[dict[str, Any], int, int]:
    """Return the envelope's `data` for so many rows, and the page's first row and size."""
    index, size = _whole(params, "page_index", 1), _whole(params, "page_size", DEFAULT_PAGE)
    if index < 1 or not 1 <= size <= LARGEST_PAGE:
        raise _Refusal(INVALID_VALUE, f"page_size不能超过{LARGEST_PAGE},page_index从1开始")
    page = {"page_index": index, "page_size": size, "has_next": number > index * size}
    if params.get("is_get_total", True):
        page |= {"data_count": number, "page_count": -(-number // size)}
    return page, (index - 1) * size, size


def _whole(params: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(params.get(name, default))
    except (TypeError, ValueError):
        raise _Refusal(INVALID_FORMAT, f"参数格式错误:{name}") from None


def _time(params: dict[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(params[name], TIME_FORMAT)  # noqa: DTZ007 - wall clock
    except (TypeError, ValueError):
        raise _Refusal(INVALID_FORMAT, f"参数格式错误:{name}") from None


def _order(version: Version) -> dict[str, Any]:
    order = version.order
    return {
        "o_id": order.o_id,
        "so_id": order.so_id,
        "shop_id": order.shop_id,
        "shop_name": next(shop.shop_name for shop in SHOPS if shop.shop_id == order.shop_id),
        "status": version.status,
        "order_date": order.order_date.strftime(TIME_FORMAT),
        "pay_date": version.pay_date.strftime(TIME_FORMAT) if version.pay_date else None,
        "created": order.order_date.strftime(TIME_FORMAT),
        "modified": version.modified.strftime(TIME_FORMAT),
        # The nearest double of a whole number of cents is written with just these two decimals.
        "pay_amount": order.pay_amount / 100,
        "paid_amount": version.paid_amount / 100,
        "freight": order.freight / 100,
        "free_amount": order.free_amount / 100,
        "ts": version.ts,
        "items": [
            _item(order.o_id, place, item) for place, item in enumerate(order.items, start=1)
        ],
    }


def _item(o_id: int, place: int, item: Item) -> dict[str, Any]:
    return {
        "oi_id": o_id * 10 + place,
        "sku_id": item.product.sku_id,
        "name": item.product.name,
        "qty": item.quantity,
        "price": item.product.price / 100,
        "amount": item.quantity * item.product.price / 100,
        "is_gift": False,
    }
