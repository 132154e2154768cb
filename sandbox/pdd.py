"""拼多多's gateway: checks what the real one checks, answers in its envelopes.

It shares no code with the client, so that one's mistake is not repeated by the other.
"""

from __future__ import annotations

import hmac
import json
import time
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from sandbox.book import Book
from sandbox.credentials import SANDBOX_APP_KEY, SANDBOX_APP_SECRET, digest, is_recent
from sandbox.faults import INSTEAD_OF_AN_ANSWER, Listing, fault
from sandbox.pdd_refunds import HISTORY, STATUSES

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

    from sandbox.pdd_refunds import Version
    from sandbox.world import World

REQUIRED = ("type", "client_id", "timestamp", "sign")
REFUNDS, MALL, REFRESH = (
    "pdd.refund.list.increment.get",
    "pdd.mall.info.get",
    "pdd.pop.auth.token.refresh",
)
LONGEST_WINDOW_IN_SECONDS = 30 * 60
LARGEST_PAGE = 100
KINDS = range(1, 7)  # 1: all of them
# Shanghai is 8 hours ahead, all year.
EPOCH = datetime(1970, 1, 1, 8)  # noqa: DTZ001 - wall clock
DRIFTING = slice(0, None, 10)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

INVALID, PUBLIC, CLIENT, TYPE = 10000, 10001, 10016, 10017
EXPIRED, SIGN, LIMITED = 10019, 20004, 70031
MESSAGES = {
    INVALID: "参数错误",
    CLIENT: "client下线或者clientId不正确",
    TYPE: "type不正确",
    EXPIRED: "access_token已过期",
    SIGN: "签名sign校验失败",
    LIMITED: "调用过于频繁，请调整调用频率",
    50001: "业务服务错误",
    52101: "当前接口被限流，请稍后重试",
}
STRUCK = {"limit": LIMITED, "error_object": 50001, "expired_token": EXPIRED}


class _Refusal(Exception):  # noqa: N818 - not an error of this program
    """An `error_response`; a common parameter's has a message of its own and no sub code."""

    def __init__(self, code: int, message: str = "", hint: str = "") -> None:
        super().__init__(message or MESSAGES[code])
        self.code = code
        self.sub_code = None if message else str(code)
        self.hint = hint


def add_routes(app: Starlette, world: World) -> Book[Version]:
    """Serve the gateway; return its after-sales cases."""
    gateway = PddGateway(world)
    app.add_route("/api/router", gateway.answer, methods=["POST"])
    return gateway.book


class PddGateway:
    """The gateway of one sandbox.

    Attributes:
        book: its after-sales cases.
    """

    def __init__(self, world: World) -> None:
        self.book = Book(HISTORY, world.seed, world.now)
        self._listing = Listing(row_of, self.book.drift, DRIFTING, "refund_amount", "updated_time")
        self._gatekeeper = world.gatekeepers["pdd"]
        self._tokens = world.tokens
        self._requests = count(1)

    async def answer(self, request: Request) -> Response:
        """Answer one call, in its envelope."""
        try:
            envelope = self._answered(request, await request.body())
        except _Refusal as refusal:
            error = {
                "error_msg": str(refusal),
                "sub_msg": refusal.hint,
                "sub_code": refusal.sub_code,
                "error_code": refusal.code,
                "request_id": f"{time.time_ns()}{next(self._requests)}",
            }
            envelope = {"error_response": error}
        return JSONResponse(envelope)

    def _answered(self, request: Request, body: bytes) -> dict[str, Any]:
        params = _params(body)
        if params["type"] == REFRESH:
            return {"pop_auth_token_refresh_response": self._refreshed(params)}
        if params["type"] not in (REFUNDS, MALL):
            raise _Refusal(TYPE)
        shop = self._tokens.shop_of("pdd", params.get("access_token", ""))
        if shop is None:
            raise _Refusal(EXPIRED)
        if code := self._gatekeeper.refuse(params["client_id"], shop):
            raise _Refusal(code)
        if struck := fault(request, shop, INSTEAD_OF_AN_ANSWER):
            raise _Refusal(STRUCK[struck])
        if params["type"] == MALL:
            return {"mall_info_get_response": _mall(shop)}
        return {"refund_increment_get_response": self._refunds(request, shop, params)}

    def _refreshed(self, params: dict[str, str]) -> dict[str, Any]:
        granted = self._tokens.refresh("pdd", params.get("refresh_token", ""))
        if granted is None:
            raise _Refusal(EXPIRED, hint="refresh_token已过期")
        shop = self._tokens.shop_of("pdd", granted["access_token"])
        return {
            **granted,
            "expires_at": int(time.time()) + granted["expires_in"],
            "owner_id": str(shop),
            "owner_name": f"pdd{shop}",
            "scope": [REFUNDS, MALL],
        }

    def _refunds(self, request: Request, shop: int, params: dict[str, str]) -> dict[str, Any]:
        begin, end = _whole(params, "start_updated_at"), _whole(params, "end_updated_at")
        status, kind = _whole(params, "after_sales_status"), _whole(params, "after_sales_type")
        page, size = _whole(params, "page", 1), _whole(params, "page_size", LARGEST_PAGE)
        if not begin <= end <= begin + LONGEST_WINDOW_IN_SECONDS:
            raise _Refusal(INVALID, hint="开始时间结束时间间距不超过30分钟")
        if status not in STATUSES or kind not in KINDS:
            raise _Refusal(INVALID, hint="after_sales_status或after_sales_type不正确")
        if page < 1 or not 1 <= size <= LARGEST_PAGE:
            raise _Refusal(INVALID, hint=f"page从1开始，page_size最大{LARGEST_PAGE}")
        found = [
            version
            for version in self.book.current(shop, _moment(begin), _moment(end))
            if version.status == status and kind in (1, version.case.kind)
        ]
        rows = self._listing.page((request, shop), found, (page - 1) * size, size)
        return {"refund_list": rows, "total_count": len(found)}


def _params(body: bytes) -> dict[str, str]:
    """Read a call that is whole, ours, in time and signed; all values as text."""
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise _Refusal(PUBLIC, "公共参数错误:body")
    params = {name: _text(value) for name, value in given.items()}
    for name in REQUIRED:
        if name not in params:
            raise _Refusal(PUBLIC, f"公共参数错误:{name}")
    if params["client_id"] != SANDBOX_APP_KEY:
        raise _Refusal(CLIENT)
    if not is_recent(params["timestamp"]):
        raise _Refusal(PUBLIC, "公共参数错误:timestamp")
    if not _signed(params):
        raise _Refusal(SIGN)
    return params


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _signed(params: dict[str, str]) -> bool:
    signature = digest(params, SANDBOX_APP_SECRET).upper()
    return hmac.compare_digest(signature.encode(), params["sign"].encode())


def _whole(params: dict[str, str], name: str, default: int | None = None) -> int:
    text = params.get(name, "" if default is None else str(default))
    if not text.isdecimal():
        raise _Refusal(INVALID, hint=f"{name}应为整数")
    return int(text)


def _moment(epoch: int) -> datetime:
    try:
        return EPOCH + timedelta(seconds=epoch)
    except OverflowError:
        raise _Refusal(INVALID, hint="时间应为UNIX时间戳，单位秒") from None


def _mall(shop: int) -> dict[str, Any]:
    return {
        "logo": "",
        "mall_character": 0,
        "mall_desc": "沙箱店铺",
        "mall_id": shop,
        "mall_name": f"沙箱店铺{shop}",
        "merchant_type": 3,
    }


def row_of(version: Version) -> dict[str, Any]:
    """Return a version as the list has it: all that the platform documents.

    One in four rows has its times as text, one as numbers, the others as digits: the real list has
    been observed to write them in more than one way.
    """
    case = version.case
    return {
        "id": case.id,
        "order_sn": case.order_sn,
        "after_sale_reason": case.reason,
        "after_sales_status": version.status,
        "after_sales_type": case.kind,
        "confirm_time": _time(case.created - timedelta(days=3), case.id),
        "created_time": _time(case.created, case.id),
        "updated_time": _time(version.modified, case.id),
        "discount_amount": _yuan(case.discount),
        "dispute_refund_status": int(version.disputed),
        "good_image": "",
        "goods_id": case.goods_id,
        "goods_name": case.product.name,
        "goods_number": str(case.quantity),
        "goods_price": _yuan(case.product.price),
        "order_amount": _yuan(case.order_amount),
        "refund_amount": _yuan(case.refund_amount),
        "refund_operator_role": 2,
        "outer_id": case.product.sku_id,
        "outer_goods_id": case.product.sku_id,
        "shipping_name": "",
        "sku_id": str(case.goods_id * 10 + 1),
        "speed_refund_flag": 0,
        "speed_refund_status": "0",
        "tracking_number": "",
        "user_shipping_status": "0",
    }


def _time(moment: datetime, number: int) -> str | int:
    epoch = int((moment - EPOCH).total_seconds())
    return (moment.strftime(TIME_FORMAT), epoch, str(epoch), str(epoch))[number % 4]


def _yuan(cents: int) -> str:
    """Write an amount as the platform does: without the decimals that are not needed."""
    whole, rest = divmod(cents, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
