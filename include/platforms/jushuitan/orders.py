"""Orders of 聚水潭's open platform, by when they last changed or by when they were made."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal  # noqa: TC003 - pydantic reads the annotations
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field

from include.gateways.dialect import Call
from include.gateways.errors import Malformed, Temporary
from include.gateways.fields import (
    CUT,
    SPARE,
    WALL_CLOCK_FORMAT,
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
from include.gateways.paging import SECOND, check_settled, rows_in, windows
from include.registry.platforms import PLATFORMS
from include.warehouse.tables import erp_orders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from include.gateways.client import GatewayClient

ORDERS = "/open/orders/single/query"
PAGE_SIZE = 100
LONGEST_WINDOW = timedelta(days=7)
WALKS = 3
STEPS_BACK = 3
# The default of `date_type` is the time of the last change.
BY_CREATION = {"date_type": 2}
ONLY_THE_TOTAL = {"page_index": 1, "page_size": 1, "is_get_total": True}


class Order(Row):
    """An order as it is now; amounts in 元, times naive, of Asia/Shanghai.

    Attributes:
        o_id: the ERP's number of the order.
        so_id: the number it has on its platform.
        pay_date: None while it is unpaid.
        paid_amount: 0.00 where the gateway gives none for an unpaid order.
        item_count: how many lines it has.
        ts: its version: larger after every change.
    """

    o_id: WholeNumber
    so_id: Annotated[str | None, text(erp_orders.c.online_order_id), SPARE] = None
    shop_id: WholeNumber
    status: Annotated[FilledText, words(erp_orders.c.status), CUT]
    order_date: WallClock
    pay_date: WallClockIfAny = None
    modified: WallClock
    pay_amount: SpareMoney = None
    paid_amount: Annotated[Decimal, paid("pay_date"), Field(None, validate_default=True)]
    freight: SpareMoney = None
    item_count: Annotated[SpareLength, Field(None, alias="items")]
    ts: WholeNumber


class OrderPage(BaseModel):
    """One page of orders; no list at all is an empty one, which its reader judges."""

    orders: Annotated[list[Order], Field(default_factory=list), BeforeValidator(none_is_empty)]
    has_next: bool


class _Count(BaseModel):
    data_count: Annotated[WholeNumber, Field(ge=0)]


def orders_modified(
    client: GatewayClient, shop_id: int, start: datetime, end: datetime, *, is_open: bool = False
) -> AsyncIterator[list[Order]]:
    """Ask for a shop's orders whose last change lies in a window, in pages.

    An order that changes while it is being pulled, and stays in the window, comes again with a
    larger `ts`: of two with one `o_id` the later counts.

    Args:
        client: speaks `Jushuitan`.
        shop_id: the ERP's number of the shop.
        start: of the window; aware, or the wall clock of Asia/Shanghai.
        end: of the window, exclusive.
        is_open: whether orders still join the window. Its end may then be now, and what it brings
            is not held against the gateway's count.

    Yields:
        up to 100 orders in order of `ts`, never none.

    Raises:
        GatewayError: as `GatewayClient.call` does; Temporary when the gateway counts more orders
            than it brings, or the window has not ended long enough ago; an answer is Malformed.
    """
    if not is_open:
        check_settled(Call(ORDERS, shop=shop_id), end, PLATFORMS["erp"].lag)
    pull = partial(_pull, client, shop_id, is_open=is_open)
    return rows_in(start, end, LONGEST_WINDOW, pull, attrgetter("modified"))


def orders_created(
    client: GatewayClient, shop_id: int, start: datetime, end: datetime
) -> AsyncIterator[list[Order]]:
    """Ask for all of a shop's orders that were made in a window; as `orders_modified` does.

    Whatever becomes of such an order, it stays in the window: this is all that the ERP has of it.
    """
    check_settled(Call(ORDERS, shop=shop_id), end, PLATFORMS["erp"].lag)
    pull = partial(_pull, client, shop_id, by=BY_CREATION)
    return rows_in(start, end, LONGEST_WINDOW, pull, attrgetter("order_date"))


async def orders_counted(
    client: GatewayClient, shop_id: int, start: datetime, end: datetime, *, end_is_in: bool = True
) -> int:
    """Return how many orders the ERP itself counts that were made in a window.

    `end_is_in`: it counts the end of what is asked for, which is therefore a second less.

    Raises:
        GatewayError: as `GatewayClient.call` does; an answer is Malformed.
    """
    less = SECOND if end_is_in else timedelta()
    return sum(
        [
            await _count(client, shop_id, first, last - less, BY_CREATION)
            for first, last in windows(start, end, LONGEST_WINDOW)
        ]
    )


def _window(shop_id: int, first: datetime, last: datetime, by: Mapping[str, int]) -> dict[str, Any]:
    return {
        **by,
        "shop_id": shop_id,
        "modified_begin": first.strftime(WALL_CLOCK_FORMAT),
        "modified_end": last.strftime(WALL_CLOCK_FORMAT),
    }


async def _count(
    client: GatewayClient, shop_id: int, first: datetime, last: datetime, by: Mapping[str, int]
) -> int:
    call = Call(ORDERS, {**_window(shop_id, first, last, by), **ONLY_THE_TOTAL}, shop=shop_id)
    count: _Count = await client.call(call, partial(parsed, _Count, call=call))
    return count.data_count


async def _pull(
    client: GatewayClient,
    shop_id: int,
    first: datetime,
    last: datetime,
    by: Mapping[str, int] = MappingProxyType({}),
    *,
    is_open: bool = False,
) -> AsyncIterator[list[Order]]:
    """Walk, and hold what came against the gateway's own count; walk again where orders miss."""
    window = _window(shop_id, first, last, by)
    for _ in range(WALKS):
        found: set[int] = set()
        async for orders in _walk(client, shop_id, window):
            found.update(order.o_id for order in orders)
            yield orders
        count = await _count(client, shop_id, first, last, by)
        # Orders that have left the window since they came are none too few.
        if count <= len(found):
            return
    if is_open:  # they have joined it since
        return
    raise Temporary(
        Call(ORDERS, shop=shop_id),
        f"{count - len(found)} of {count} orders changed from {first} to {last} did not come, in "
        f"{WALKS} walks over all pages: run it again",
    )


async def _walk(
    client: GatewayClient, shop_id: int, window: dict[str, Any]
) -> AsyncIterator[list[Order]]:
    """Walk by version, not by page number.

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
                _, _, fresh_before = await pages.ask(_Place(place.version, number), is_behind=False)
                yield fresh_before
        if answer.has_next:
            places.append(_next(call, place, answer, is_new=bool(fresh) or again))
            again = False
        elif answer.orders or len(places) == 1:
            return
        elif steps == STEPS_BACK:
            raise Temporary(
                call,
                "the page is empty again and again, though the one before says that more are to "
                "follow: run it again",
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
    raise Malformed(call, "field has_next is true, but the page brings no new order")


def _read(call: Call, shop_id: int, version: int, data: Any, *, is_behind: bool) -> OrderPage:
    """Read an answer, and refuse one that the walk cannot build on."""
    answer = parsed(OrderPage, data, call)
    if not answer.orders and (answer.has_next or not is_behind):
        follow = "more are to follow" if answer.has_next else "more have come from behind it"
        raise Temporary(call, f"the page is empty, though {follow}: run it again")
    for place, order in enumerate(answer.orders):
        if order.shop_id != shop_id:
            raise Malformed(call, f"field orders.{place}.shop_id holds {order.shop_id}")
        if order.ts < version:
            raise Malformed(
                call, f"field orders.{place}.ts holds {order.ts}, less than {version} before it"
            )
        version = order.ts
    return answer
