"""京东's gateway: checks what the real one checks, answers in its envelopes.

It shares no code with the client, so that one's mistake is not repeated by the other.
"""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response

from sandbox.credentials import SANDBOX_APP_KEY, SANDBOX_APP_SECRET, digest
from sandbox.faults import INSTEAD_OF_AN_ANSWER, fault
from sandbox.jd_orders import SHOP_NAMES
from sandbox.jd_search import OrderSearch
from sandbox.world import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette
    from starlette.requests import Request

    from sandbox.book import Book
    from sandbox.jd_orders import Version
    from sandbox.world import World

ORDERS, VENDER = "jingdong.pop.order.search", "jingdong.vender.shop.query"
TIMESTAMPS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f%z")
TOLERANCE = timedelta(minutes=6)

# As the platform numbers and words them.
QUOTA, TOKEN, BACKEND = "2", "19", "65"
SAYINGS = {
    QUOTA: ("限制时间内调用失败次数", "App Call Limited"),
    "4": ("缺少版本参数", "Missing Version"),
    "5": ("不支持的版本号", "Unsupported Version"),
    "7": ("缺少时间戳参数", "Missing Timestamp"),
    "8": ("非法的时间戳参数", "Invalid Timestamp"),
    "11": ("缺少签名参数", "Missing Signature"),
    "12": ("无效签名", "Invalid Signature"),
    "14": ("缺少方法名参数", "Missing Method"),
    "15": ("不存在的方法名", "Invalid Method"),
    "18": ("缺少access_token参数", "Missing access_token"),
    TOKEN: ("无效access_token", "Invalid access_token"),
    "20": ("缺少app_key参数", "Missing app_key"),
    "21": ("无效app_key", "Invalid app_key"),
    BACKEND: ("平台连接后端服务超时", "Platform connecting service timeout"),
}
STRUCK = {"limit": QUOTA, "error_object": BACKEND, "expired_token": TOKEN}
# The platform has published no codes of its token host; these are like those of its gateway.
TOKEN_HOST_FAILURES = {"app": (21, "无效的app_key或app_secret"), "grant": (100, "无效grant_type")}
TOKEN_HOST_FAILURES["token"] = (19, "refresh_token无效或已过期,请重新授权")


class _Refusal(Exception):  # noqa: N818 - not an error of this program
    """An answer with an `error_response`."""

    def __init__(self, code: str) -> None:
        super().__init__(SAYINGS[code][0])
        self.code = code


def add_routes(app: Starlette, world: World) -> Book[Version]:
    """Serve the gateway; return its orders."""
    gateway = JdGateway(world)

    async def answer(request: Request) -> Response:
        # System parameters may stand in the URL, as in the platform's own SDK, or in the form.
        given = {**dict(request.query_params), **_form(await request.body())}
        return JSONResponse(gateway.answer(request, given))

    async def refresh(request: Request) -> Response:
        return JSONResponse(gateway.refresh(_form(await request.body())))

    app.add_route("/routerjson", answer, methods=["POST"])
    app.add_route("/oauth2/refresh_token", refresh, methods=["POST"])
    return gateway.search.book


class JdGateway:
    """The gateway of one sandbox.

    Attributes:
        search: its orders.
    """

    def __init__(self, world: World) -> None:
        self.search = OrderSearch(world)
        self._gatekeeper = world.gatekeepers["jd"]
        self._tokens = world.tokens

    def answer(self, request: Request, given: Mapping[str, str]) -> dict[str, Any]:
        """Answer a call."""
        try:
            shop = self._shop(request, given)
        except _Refusal as refusal:
            chinese, english = SAYINGS[refusal.code]
            said = {"code": refusal.code, "zh_desc": chinese, "en_desc": english}
            return {"error_response": said}
        method = given["method"]
        content = (
            {"searchorderinfo_result": self.search.answer(request, shop, _params(given))}
            if method == ORDERS
            else {"shop_jos_result": _shop_info(shop)}
        )
        return {f"{method.replace('.', '_')}_responce": {"code": "0", **content}}

    def refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer `/oauth2/refresh_token`."""
        if (form.get("app_key"), form.get("app_secret")) != (SANDBOX_APP_KEY, SANDBOX_APP_SECRET):
            return _no_tokens("app")
        if form.get("grant_type") != "refresh_token":
            return _no_tokens("grant")
        granted = self._tokens.refresh("jd", form.get("refresh_token", ""))
        return {**granted, "scope": "snsapi_base"} if granted else _no_tokens("token")

    def _shop(self, request: Request, given: Mapping[str, str]) -> int:
        """Return the shop that a good call speaks for."""
        _require(given, "method", missing="14")
        _require(given, "v", missing="4", invalid=None if given.get("v") == "2.0" else "5")
        good_time = _in_time(given.get("timestamp", ""))
        _require(given, "timestamp", missing="7", invalid=None if good_time else "8")
        known = given.get("app_key") == SANDBOX_APP_KEY
        _require(given, "app_key", missing="20", invalid=None if known else "21")
        _require(given, "sign", missing="11", invalid=None if _signed(given) else "12")
        _require(given, "access_token", missing="18")
        if given["method"] not in (ORDERS, VENDER):
            raise _Refusal("15")
        shop = self._tokens.shop_of("jd", given["access_token"])
        if shop is None:
            raise _Refusal(TOKEN)
        if self._gatekeeper.refuse(given["app_key"], shop):
            raise _Refusal(QUOTA)
        if struck := fault(request, shop, INSTEAD_OF_AN_ANSWER):
            raise _Refusal(STRUCK[struck])
        return shop


def _require(given: Mapping[str, str], name: str, missing: str, invalid: str | None = None) -> None:
    if not given.get(name):
        raise _Refusal(missing)
    if invalid:
        raise _Refusal(invalid)


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _params(given: Mapping[str, str]) -> Any:
    try:
        return json.loads(given.get("360buy_param_json") or "{}")
    except ValueError:
        return None


def _signed(given: Mapping[str, str]) -> bool:
    signature = digest(given, SANDBOX_APP_SECRET).upper()
    return hmac.compare_digest(signature, given.get("sign", ""))


def _in_time(timestamp: str) -> bool:
    for pattern in TIMESTAMPS:
        try:
            moment = datetime.strptime(timestamp, pattern)  # noqa: DTZ007 - given its zone below
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        return abs(datetime.now(SHANGHAI) - moment) <= TOLERANCE
    return False


def _shop_info(shop: int) -> dict[str, Any]:
    name = SHOP_NAMES.get(shop, f"京东店{shop}")
    return {"vender_id": shop, "shop_id": shop * 10, "shop_name": name, "category_main_name": ""}


def _no_tokens(failure: str) -> dict[str, Any]:
    code, message = TOKEN_HOST_FAILURES[failure]
    return {"code": code, "msg": message, "requestId": "20251002120000-0001"}
