"""聚水潭's gateway: checks what the real one checks, answers in its envelope.

It shares no code with the client, so that one's mistake is not repeated by the other.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from include.sandbox.catalogue import SHOPS
from include.sandbox.credentials import (
    SANDBOX_ACCESS_TOKEN,
    SANDBOX_APP_KEY,
    SANDBOX_APP_SECRET,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.sandbox.book import Book
    from include.sandbox.limits import Gatekeeper
    from include.sandbox.orders import Item, Version

REQUIRED = ("app_key", "access_token", "timestamp", "charset", "version", "biz", "sign")
TOLERANCE_IN_SECONDS = 10 * 60
LONGEST_WINDOW = timedelta(days=7)
LARGEST_PAGE, DEFAULT_PAGE = 100, 30
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
# Every tenth order of a page, from the sixth on: a page of few changes none, so a pull ends.
DRIFTING = slice(5, None, 10)

INVALID_SIGN, INVALID_TOKEN, MISSING, ILL_TIME, ILL_FORMAT, ILL_VALUE = 10, 100, 130, 140, 140, 170


class _Refusal(Exception):  # noqa: N818 - not an error of this program
    """An answer with a code other than 0."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class JushuitanGateway:
    """One gateway with its book and its limits.

    Attributes:
        calls: how many arrived.
        drifting: whether orders change between the pages of a query.
    """

    def __init__(self, book: Book, gatekeeper: Gatekeeper, *, drifting: bool = False) -> None:
        """Serve a book."""
        self.calls = 0
        self.drifting = drifting
        self._book = book
        self._gatekeeper = gatekeeper

    def shops(self, body: bytes) -> dict[str, Any]:
        """Answer `/open/shops/query`."""
        return self._answer(body, self._shops)

    def orders(self, body: bytes) -> dict[str, Any]:
        """Answer `/open/orders/single/query`."""
        return self._answer(body, self._orders)

    def _answer(self, body: bytes, query: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        self.calls += 1
        try:
            data = query(self._checked(dict(parse_qsl(body.decode(), keep_blank_values=True))))
        except _Refusal as refusal:
            return {"code": refusal.code, "msg": str(refusal), "data": None}
        return {"code": 0, "msg": "执行成功", "data": data}

    def _checked(self, form: dict[str, str]) -> dict[str, Any]:
        """Give the business parameters of a form that may pass."""
        for name in REQUIRED:
            if name not in form:
                raise _Refusal(MISSING, f"缺少必填参数:{name}")
        if form["app_key"] != SANDBOX_APP_KEY or not _signed(form):
            raise _Refusal(INVALID_SIGN, "无效签名")
        if not _in_time(form["timestamp"]):
            raise _Refusal(ILL_TIME, "timestamp与服务器时间相差不能超过10分钟")
        if form["access_token"] != SANDBOX_ACCESS_TOKEN:
            raise _Refusal(INVALID_TOKEN, "access_token无效或已过期")
        if code := self._gatekeeper.refuse(form["app_key"]):
            raise _Refusal(code, "接口调用次数超过限制")
        try:
            params = json.loads(form["biz"])
        except ValueError:
            params = None
        if not isinstance(params, dict):
            raise _Refusal(ILL_FORMAT, "参数格式错误:biz")
        return params

    def _shops(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("shop_ids") or [shop.shop_id for shop in SHOPS]
        rows = [shop._asdict() for shop in SHOPS if shop.shop_id in wanted]
        page, _ = _paged(rows, params)
        page["datas"] = page.pop("rows")
        return page

    def _orders(self, params: dict[str, Any]) -> dict[str, Any]:
        for name in ("shop_id", "modified_begin", "modified_end"):
            if name not in params:
                raise _Refusal(MISSING, f"缺少必填参数:{name}")
        first, last = _time(params, "modified_begin"), _time(params, "modified_end")
        if not first <= last <= first + LONGEST_WINDOW:
            raise _Refusal(ILL_VALUE, "modified_begin与modified_end间隔不能超过7天")
        versions = self._book.current(_whole(params, "shop_id", 0), first, last)
        from_ts = _whole(params, "start_ts", 0)
        versions = [version for version in versions if version.ts >= from_ts]
        page, served = _paged(versions, params)
        page["orders"] = [_order(version) for version in page.pop("rows")]
        if self.drifting:
            self._book.drift(served[DRIFTING])
        return page


def _signed(form: dict[str, str]) -> bool:
    text = SANDBOX_APP_SECRET
    for key, value in sorted(form.items()):
        if key != "sign":
            text += key + value
    digest = hashlib.new("md5", text.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(digest, form["sign"])


def _in_time(timestamp: str) -> bool:
    return timestamp.isdecimal() and abs(time.time() - int(timestamp)) <= TOLERANCE_IN_SECONDS


def _paged(rows: Sequence[Any], params: dict[str, Any]) -> tuple[dict[str, Any], Sequence[Any]]:
    """Cut a page: as the envelope's `data` with `rows` in it, and the rows alone."""
    index, size = _whole(params, "page_index", 1), _whole(params, "page_size", DEFAULT_PAGE)
    if index < 1 or not 1 <= size <= LARGEST_PAGE:
        raise _Refusal(ILL_VALUE, f"page_size不能超过{LARGEST_PAGE},page_index从1开始")
    served = rows[(index - 1) * size : index * size]
    page = {
        "page_index": index,
        "page_size": size,
        "has_next": len(rows) > index * size,
        "rows": served,
    }
    if params.get("is_get_total", True):
        page |= {"data_count": len(rows), "page_count": -(-len(rows) // size)}
    return page, served


def _whole(params: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(params.get(name, default))
    except (TypeError, ValueError):
        raise _Refusal(ILL_FORMAT, f"参数格式错误:{name}") from None


def _time(params: dict[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(params[name], TIME_FORMAT)  # noqa: DTZ007 - wall clock
    except (TypeError, ValueError):
        raise _Refusal(ILL_FORMAT, f"参数格式错误:{name}") from None


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
