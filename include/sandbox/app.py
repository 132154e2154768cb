"""The sandbox as a web app: the gateways, and `/sandbox/…` for who wants to check against it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, FastAPI, Request

from include.sandbox.book import Book
from include.sandbox.jushuitan import JushuitanGateway
from include.sandbox.limits import ALLOWANCES, Allowance, Gatekeeper
from include.sandbox.truth import row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LAST_SECOND = timedelta(days=1) - timedelta(seconds=1)


def create_app(
    seed: int = 1,
    clock: Callable[[], datetime] | None = None,
    allowances: Sequence[Allowance] = ALLOWANCES,
) -> FastAPI:
    """Make the sandbox.

    Args:
        seed: another gives other orders.
        clock: gives the moment (naive: of Asia/Shanghai) whose truth is served; without, now.
            Timestamps of requests are held against the real time.
        allowances: the rate limits that it enforces.
    """
    book, gatekeeper = Book(seed, clock), Gatekeeper(allowances)
    erp = JushuitanGateway(book, gatekeeper)
    app = FastAPI(title="Sandbox of the platforms' gateways", openapi_url=None)

    @app.post("/open/shops/query")
    async def shops(request: Request) -> dict[str, Any]:
        return erp.shops(await request.body())

    @app.post("/open/orders/single/query")
    async def orders(request: Request) -> dict[str, Any]:
        return erp.orders(await request.body())

    @app.get("/sandbox/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "seed": seed, "now": book.now().isoformat(sep=" ")}

    @app.get("/sandbox/calls")
    async def calls() -> dict[str, int]:
        return {"calls": erp.calls, "over_limit": gatekeeper.over_limit}

    @app.get("/sandbox/truth/erp/orders")
    async def truth(shop: int, day: date) -> list[dict[str, Any]]:
        midnight = datetime.combine(day, time())
        current = book.current(shop, midnight, midnight + LAST_SECOND)
        return [{name: _plain(value) for name, value in row(one).items()} for one in current]

    @app.post("/sandbox/drift")
    async def drift(*, on: Annotated[bool, Body(embed=True)]) -> dict[str, bool]:
        erp.drifting = on
        return {"on": on}

    return app


def _plain(value: Any) -> Any:
    """Give amounts and times as text, as exact as they are."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value if value is None or isinstance(value, int) else str(value)
