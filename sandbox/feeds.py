"""A data service that gives what 拼多多's platform does not: reviews, chat and KPI.

Three endpoints, as different as such services are: numbered pages from 1 with a total; a cursor;
numbered pages from 0 that say whether more follow. It shares no code with the client.
"""

from __future__ import annotations

import hmac
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import JSONResponse, Response

from sandbox.book import as_text
from sandbox.credentials import FEED_TOKEN, SHOPS_OF
from sandbox.faults import INSTEAD_OF_AN_ANSWER, ON_A_PAGE, Listing, fault
from sandbox.feed_truth import FeedBook
from sandbox.world import SHANGHAI, days

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

    from sandbox.feed_truth import Entry
    from sandbox.world import World

HEADER, COOKIE = "x-api-key", "session"
LARGEST_PAGE = 50
PERIODS = ("day", "week", "month")
OK, EXPIRED, LIMITED, INVALID, BUSY = 0, 40101, 42901, 40001, 50001
MESSAGES = {
    EXPIRED: "令牌已过期",
    LIMITED: "请求过于频繁，请稍后再试",
    BUSY: "服务繁忙，请稍后再试",
}
# The chat endpoint has words where the others have numbers.
WORDS = {
    EXPIRED: "token_invalid",
    LIMITED: "rate_limited",
    BUSY: "try_later",
    INVALID: "bad_request",
}
STRUCK = {"limit": LIMITED, "error_object": BUSY, "expired_token": EXPIRED}
# What the faults `missing_field` and `wrong_type` take from a row, or spoil.
NEEDED = {"reviews": "id", "chat": "agent", "kpi": "agent_id"}
SPOILT = {"reviews": "created_at", "chat": "agent", "kpi": "agent_id"}
LEAVING = slice(0, None, 10)
DOUBLED = 2

Page = dict[str, Any]


class _Refusal(Exception):  # noqa: N818 - not an error of this program
    """An answer with status 200 that is an error."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or MESSAGES[code])
        self.code = code


class _Asked(NamedTuple):
    """A request that may be answered, and the shop that it asks about."""

    request: Request
    shop: int


def add_routes(app: FastAPI, world: World) -> None:
    """Serve the three endpoints, and what is true of them."""
    service = FeedService(world)

    async def reviews(request: Request) -> Response:
        return service.answer(request, service.reviews, _numbered_error)

    async def chat(request: Request) -> Response:
        return service.answer(request, service.chat, _worded_error)

    async def kpi(request: Request) -> Response:
        return service.answer(request, service.kpi, _numbered_error)

    for endpoint in (reviews, chat, kpi):
        app.add_route(f"/feeds/pdd/{endpoint.__name__}", endpoint)

    @app.get("/sandbox/truth/feeds/{name}")
    async def truth(name: str, shop: int, first_day: date, period: str = "day") -> Response:
        entries = service.book.entries(name, shop, period, first_day)
        return JSONResponse(as_text(one.row for one in entries))


class FeedService:
    """The data service of one sandbox.

    Attributes:
        book: its rows.
    """

    def __init__(self, world: World) -> None:
        """Serve a world's data."""
        self.book = FeedBook(world.seed)
        self._world = world

    def answer(
        self,
        request: Request,
        endpoint: Callable[[_Asked], Page],
        error: Callable[[_Refusal], Page],
    ) -> Response:
        """Check a request and answer it."""
        if not _authorised(request):
            return JSONResponse({"error": "unauthorized"}, status_code=401)
        try:
            page = endpoint(self._admitted(request))
        except _Refusal as refusal:
            page = error(refusal)
        return JSONResponse(page)

    def _admitted(self, request: Request) -> _Asked:
        shop = _shop(request)
        if self._world.gatekeepers["feeds"].refuse("feeds", shop):
            raise _Refusal(LIMITED)
        if struck := fault(request, shop, INSTEAD_OF_AN_ANSWER):
            raise _Refusal(STRUCK[struck])
        return _Asked(request, shop)

    def reviews(self, asked: _Asked) -> Page:
        """Return reviews of a span of time, oldest first: numbered pages with a total."""
        start, end = _moment(asked.request, "start"), _moment(asked.request, "end")
        if not start < end <= start + timedelta(days=31):
            raise _Refusal(INVALID, "start到end最多31天")
        found = [
            one
            for day in days(start, end)
            for one in self.book.entries("reviews", asked.shop, "day", day)
            if start <= one.row["created_time"] <= end  # as many services do, the end counts in
        ]
        found.sort(key=lambda one: one.row["created_time"])
        number = _whole(asked.request, "page", 1, least=1)
        size = _whole(asked.request, "page_size", 20)
        served = self._served(asked, "reviews", found, (number - 1) * size, size)
        return {"code": OK, "msg": "ok", "data": {"total": len(found), "list": served}}

    def chat(self, asked: _Asked) -> Page:
        """Return a day's chat numbers per agent: a cursor leads from page to page."""
        day, size = _day(asked.request, "day"), _whole(asked.request, "limit", 20)
        cursor = asked.request.query_params.get("cursor", "c0")
        if not (cursor[:1] == "c" and cursor[1:].isdecimal()):
            raise _Refusal(INVALID, "cursor")
        first = int(cursor[1:])
        found = self.book.entries("chat", asked.shop, "day", day)
        following = f"c{first + size}" if first + size < len(found) else None
        served = self._served(asked, "chat", found, first, size)
        return {"ok": True, "items": served, "page": {"next": following, "total": len(found)}}

    def kpi(self, asked: _Asked) -> Page:
        """Return a period's KPI per agent: numbered pages, from 0, that say whether more follow."""
        period = asked.request.query_params.get("granularity")
        first_day = _day(asked.request, "from")
        if period not in PERIODS:
            raise _Refusal(INVALID, f"granularity: {'|'.join(PERIODS)}")
        number, size = _whole(asked.request, "page", 0), _whole(asked.request, "page_size", 20)
        found = self.book.entries("kpi", asked.shop, period, first_day)
        served = self._served(asked, "kpi", found, number * size, size)
        more = (number + 1) * size < len(found)
        return {"code": OK, "msg": "ok", "rows": served, "count": len(found), "has_more": more}

    def _served(
        self, asked: _Asked, feed: str, found: Sequence[Entry], first: int, size: int
    ) -> list[Page]:
        """Return the rows of one page, and do to them what a fault asks for."""
        listing = Listing(
            lambda entry: WRITTEN[feed](entry.row),
            self.book.leave,
            LEAVING,
            NEEDED[feed],
            SPOILT[feed],
            DOUBLED,
        )
        # Without a row behind the page there is none that could move up.
        alone = len(found) <= first + size
        among = ON_A_PAGE - {"shifting_rows"} if alone else ON_A_PAGE
        return listing.page(asked, found, first, size, among)


def _numbered_error(refusal: _Refusal) -> Page:
    return {"code": refusal.code, "msg": str(refusal), "data": None}


def _worded_error(refusal: _Refusal) -> Page:
    return {"ok": False, "error": {"code": WORDS[refusal.code], "text": str(refusal)}}


def _authorised(request: Request) -> bool:
    given = (
        request.headers.get("authorization", "").removeprefix("Bearer "),
        request.headers.get(HEADER, ""),
        request.cookies.get(COOKIE, ""),
    )
    return any(hmac.compare_digest(one.encode(), FEED_TOKEN.encode()) for one in given)


def _shop(request: Request) -> int:
    written = request.query_params.get("mall_id", "")
    if not written.isdecimal() or int(written) not in SHOPS_OF["pdd"]:
        raise _Refusal(INVALID, f"mall_id {written!r} 不存在")
    return int(written)


def _whole(request: Request, name: str, default: int, least: int = 0) -> int:
    written = request.query_params.get(name, str(default))
    most = 10**6 if name == "page" else LARGEST_PAGE
    if not written.isdecimal() or not least <= int(written) <= most:
        raise _Refusal(INVALID, f"{name} {written!r}")
    return int(written)


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        raise _Refusal(INVALID, f"{name}: 2025-10-02") from None


def _moment(request: Request, name: str) -> datetime:
    """Read ISO 8601 with an offset; give the wall clock of Asia/Shanghai."""
    try:
        moment = datetime.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - refused below
    if moment.tzinfo is None:
        raise _Refusal(INVALID, f"{name}: 2025-10-02T00:00:00+08:00")
    return moment.astimezone(SHANGHAI).replace(tzinfo=None)


def _review(row: Mapping[str, Any]) -> Page:
    return {
        "id": int(row["review_id"]),
        "order": {"sn": row["order_sn"]},
        "goods": {"id": str(row["goods_id"]), "name": row["goods_name"]},
        "stars": row["score"],
        "text": row["content"],
        "created_at": row["created_time"].isoformat() + "+08:00",
    }


def _chat(row: Mapping[str, Any]) -> Page:
    """Write rates in percent, as people read them."""
    rate = row["reply_rate_3min"]
    return {
        "agent": {"id": row["agent_id"], "nickname": row["agent_name"]},
        "sessions": row["sessions"],
        "replied": row["replied_sessions"],
        "reply_rate_3min": None if rate is None else float(rate * 100),
        "avg_reply_seconds": float(row["average_reply_seconds"]),
    }


def _kpi(row: Mapping[str, Any]) -> Page:
    """Write amounts in fen."""
    rates = {name: row[name] for name in ("conversion_rate", "satisfaction_rate")}
    return {
        "agent_id": row["agent_id"],
        "agent_name": row["agent_name"],
        "sessions": row["sessions"],
        "orders": row["orders"],
        "sales_fen": int(row["sales_amount"] * 100),
        **{name: None if rate is None else str(rate) for name, rate in rates.items()},
    }


WRITTEN: dict[str, Callable[[Mapping[str, Any]], Page]] = {
    "reviews": _review,
    "chat": _chat,
    "kpi": _kpi,
}
