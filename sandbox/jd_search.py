"""京东's order search: windows, states, pages and fields as the platform documents them."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.book import Book
from sandbox.faults import Listing
from sandbox.jd_orders import HISTORY, STATES, Item, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from sandbox.world import World

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
NEVER_PAID = "0001-01-01 00:00:00"
LARGEST_PAGE = 100
# Not documented; seen.
LAST_PAGE = 300
MONTHS_SHOWN = 3
BY_CREATION, DESCENDING, EVERY_STATE = 1, 1, "ALL"
# Every tenth order of a page, from the sixth on: a page of few changes none, so a pull ends.
DRIFTING = slice(5, None, 10)
# Both are documented: that some answers have texts where others have a number or true and false.
SHOP_WITH_TEXT_FLAG, SHOP_WITH_TEXT_TOTAL = 30002, 30003


class _Refusal(Exception):  # noqa: N818 - not an error of this program
    """An answer without success."""

    def __init__(self, code: int, chinese: str, english: str) -> None:
        super().__init__(chinese)
        self.verdict = {
            "success": False,
            "numberCode": code,
            "chineseErrCode": chinese,
            "englishErrCode": english,
        }


class OrderSearch:
    """The orders of one sandbox, and who asks for them.

    Attributes:
        book: the orders.
    """

    def __init__(self, world: World) -> None:
        self.book = Book(HISTORY, world.seed, world.now)
        self._now = world.now

    def answer(self, request: Request, shop: int, params: Any) -> dict[str, Any]:
        """Return the `searchorderinfo_result` of a call for a shop."""
        try:
            found = self._found(shop, params)
            page, size = _paging(params)
            fields = _fields(params)
        except _Refusal as refusal:
            return {"apiResult": refusal.verdict, "orderTotal": 0}
        write = partial(_row, fields=fields)
        listing = Listing(write, self.book.drift, DRIFTING, "orderState", "modified")
        rows = listing.page((request, shop), found, (page - 1) * size, size)
        success = "true" if shop == SHOP_WITH_TEXT_FLAG else True
        total = str(len(found)) if shop == SHOP_WITH_TEXT_TOTAL else len(found)
        verdict = {"success": success, "numberCode": 0, "chineseErrCode": "成功"}
        return {"apiResult": verdict, "orderTotal": total, "orderInfoList": rows}

    def _found(self, shop: int, params: Any) -> list[Version]:
        """Return the orders of a question, in the order that it asks for."""
        if not isinstance(params, dict):
            raise _Refusal(10100001, "参数不合法:360buy_param_json", "invalid parameter")
        first, last = _time(params, "start_date"), _time(params, "end_date")
        if not first <= last <= _months_later(first, 1):
            raise _Refusal(10100002, "开始时间和结束时间不得相差超过1个月", "invalid date range")
        states = _states(params)
        if params.get("dateType") == BY_CREATION:
            found = sorted(self.book.made(shop, first, last), key=lambda one: one.created)
        else:
            horizon = _months_later(self._now(), -MONTHS_SHOWN)
            found = self.book.current(shop, first, last)
            found = [one for one in found if one.modified >= horizon]
        found = [version for version in found if version.state in states]
        return found[::-1] if params.get("sortType") == DESCENDING else found


def _time(params: dict[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(params[name], TIME_FORMAT)  # noqa: DTZ007 - wall clock
    except (KeyError, TypeError, ValueError):
        raise _Refusal(10100003, f"参数不合法:{name}", "invalid date") from None


def _states(params: dict[str, Any]) -> frozenset[str]:
    wanted = params.get("order_state")
    states = frozenset(wanted.split(",")) if isinstance(wanted, str) else frozenset()
    if EVERY_STATE in states:
        return STATES
    if not states or not states <= STATES:
        raise _Refusal(10100004, "参数不合法:order_state", "invalid order state")
    return states


def _paging(params: dict[str, Any]) -> tuple[int, int]:
    """Return page and size: the platform documents both as texts."""
    page, size = params.get("page"), params.get("page_size")
    texts = isinstance(page, str) and isinstance(size, str)
    if not texts or not str(page).isdecimal() or not str(size).isdecimal():
        raise _Refusal(10100005, "参数不合法:page,page_size", "invalid page")
    if int(str(page)) < 1 or not 1 <= int(str(size)) <= LARGEST_PAGE:
        raise _Refusal(10100005, f"page从1开始,page_size不能超过{LARGEST_PAGE}", "invalid page")
    if int(str(page)) > LAST_PAGE:
        raise _Refusal(10100007, f"page不能超过{LAST_PAGE}", "invalid page")
    return int(str(page)), int(str(size))


def _fields(params: dict[str, Any]) -> Sequence[str]:
    wanted = params.get("optional_fields")
    if not isinstance(wanted, str) or not wanted:
        raise _Refusal(10100006, "optional_fields必填", "missing optional fields")
    return wanted.split(",")


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _row(version: Version, fields: Any) -> dict[str, Any]:
    """Return a row with the fields that were asked for, and no others."""
    order = version.order
    row = {
        "orderId": str(order.order_id),
        "venderId": str(order.shop_id),
        "orderType": "22",
        "payType": "1-货到付款" if order.paid_on_delivery else "4-在线支付",
        "orderState": version.state,
        "orderStartTime": order.start.strftime(TIME_FORMAT),
        "paymentConfirmTime": version.paid.strftime(TIME_FORMAT) if version.paid else NEVER_PAID,
        "shouldPay": _yuan(order.should_pay),
        "actualPay": _yuan(version.actual_pay),
        "freightPrice": _yuan(order.freight),
        "totalSellerDiscount": _yuan(order.discount),
        "itemInfoList": [_item(item) for item in order.items],
        "modified": version.modified.strftime(TIME_FORMAT),
    }
    return {name: value for name, value in row.items() if name in fields}


def _item(item: Item) -> dict[str, Any]:
    return {
        "outerSkuId": item.product.sku_id,
        "skuName": item.product.name,
        "jdPrice": _yuan(item.product.price),
        "itemTotal": str(item.quantity),
    }


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
