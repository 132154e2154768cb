"""The walk over all orders of a window, so that none is lost that changes meanwhile."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - pydantic reads the annotations
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field

from include.gateways.dialect import Call
from include.gateways.errors import Malformed, Temporary
from include.gateways.fields import (
    CUT,
    SPARE,
    FilledText,
    Row,
    SpareLength,
    SpareMoney,
    WallClock,
    WallClockIfAny,
    WholeNumber,
    none_is_empty,
    paid,
    parsed,
    text,
    words,
)
from include.language import N_, _
from include.warehouse.tables import erp_orders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from include.gateways.client import GatewayClient


class Order(Row):
    """An order as it is now; amounts in 元, times naive, of Asia/Shanghai."""

    o_id: WholeNumber  # the ERP's number of the order
    # The number it has on its platform
    so_id: Annotated[str | None, text(erp_orders.c.online_order_id), SPARE] = None
    shop_id: WholeNumber
    status: Annotated[FilledText, words(erp_orders.c.status), CUT]
    order_date: WallClock
    pay_date: WallClockIfAny = None  # None while it is unpaid
    modified: WallClock
    pay_amount: SpareMoney = None
    # 0.00 where the gateway gives none for an unpaid order
    paid_amount: Annotated[Decimal, paid("pay_date"), Field(None, validate_default=True)]
    freight: SpareMoney = None
    item_count: Annotated[SpareLength, Field(None, alias="items")]  # how many lines it has
    ts: WholeNumber  # its version: larger after every change


class OrderPage(BaseModel):
    """One page of orders; no list at all is an empty one, which its reader judges."""

    orders: Annotated[list[Order], Field(default_factory=list), BeforeValidator(none_is_empty)]
    has_next: bool


ORDERS = "/open/orders/single/query"
PAGE_SIZE = 100
STEPS_BACK = 3


async def walk(
    client: GatewayClient, shop_id: int, window: dict[str, Any]
) -> AsyncIterator[list[Order]]:
    """Yield a window's orders, walking by version, not by page number.

    An order that changes leaves its place, and all behind it move up a place: on the next page
    they would be skipped. So each answer is the first page of what has the last seen version or a
    later one. However short it is, nothing of that can be on an earlier page, as there is none.

    Only where one version fills a whole page does the page number move. There, orders can have
    moved onto pages before. So behind that version those are read again, from the last to the
    first: whatever moves meanwhile moves onto pages that are still to come.

    The last seen orders should come again. An empty answer is the end only if they have changed
    meanwhile: the walk steps back to where it began before, and on from there.
    """
    pages = _Pages(client, shop_id, window)
    places, steps, again = [_Place(0, 1)], 0, False
    while True:
        place = places[-1]
        call, answer, fresh = await pages.ask(place)
        yield fresh
        if answer.orders and not (answer.has_next and answer.orders[-1].ts == place.version):
            for number in range(place.page - 1, 0, -1):
                before = await pages.ask(_Place(place.version, number), is_behind=False)
                yield before[-1]
        if answer.has_next:
            places.append(_next(call, place, answer, is_new=bool(fresh) or again))
            again = False
        elif answer.orders or len(places) == 1:
            return
        elif steps == STEPS_BACK:
            raise Temporary(
                call,
                _(
                    "the page is empty again and again, though the one before says that more "
                    "are to follow: run it again"
                ),
            )
        else:
            steps, again = steps + 1, True
            places.pop()


class _Place(NamedTuple):
    """Where an answer begins: at the page, counted from the first order of the version on."""

    version: int
    page: int


class _Pages:
    """The pages of one window."""

    def __init__(self, client: GatewayClient, shop_id: int, window: dict[str, Any]) -> None:
        self._client, self._shop_id, self._window = client, shop_id, window
        self._seen: set[tuple[int, int]] = set()
        self._number = 0

    async def ask(
        self, place: _Place, *, is_behind: bool = True
    ) -> tuple[Call, OrderPage, list[Order]]:
        """Return what begins at a place, and of that what has not come before.

        Args:
            place: where.
            is_behind: whether it lies behind all that came; else it cannot be empty.
        """
        self._number += 1
        params = {"page_index": place.page, "page_size": PAGE_SIZE, "start_ts": place.version}
        biz = {**self._window, **params, "is_get_total": False}
        call = Call(ORDERS, biz, shop=self._shop_id, page=self._number)
        read = partial(_read, call, self._shop_id, place.version, is_behind=is_behind)
        answer: OrderPage = await self._client.call(call, read)
        fresh = [order for order in answer.orders if (order.o_id, order.ts) not in self._seen]
        self._seen.update((order.o_id, order.ts) for order in fresh)
        return call, answer, fresh


def _next(call: Call, place: _Place, answer: OrderPage, *, is_new: bool) -> _Place:
    reached = answer.orders[-1].ts
    if reached > place.version:
        return _Place(reached, 1)
    if place.page == 1 or is_new:
        return _Place(place.version, place.page + 1)
    raise Malformed(call, _("field has_next is true, but the page brings no new order"))


def _read(call: Call, shop_id: int, version: int, data: Any, *, is_behind: bool) -> OrderPage:
    """Read an answer, and refuse one that the walk cannot build on."""
    answer = parsed(OrderPage, data, call)
    if not answer.orders and (answer.has_next or not is_behind):
        before = N_("the page is empty, though more are to follow: run it again")
        behind = N_("the page is empty, though more have come from behind it: run it again")
        raise Temporary(call, _(before if answer.has_next else behind))
    for place, order in enumerate(answer.orders):
        if order.shop_id != shop_id:
            raise Malformed(
                call,
                _("field orders.{place}.shop_id holds {shop}", place=place, shop=order.shop_id),
            )
        if order.ts < version:
            raise Malformed(
                call,
                _(
                    "field orders.{place}.ts holds {ts}, less than {version} before it",
                    place=place,
                    ts=order.ts,
                    version=version,
                ),
            )
        version = order.ts
    return answer
