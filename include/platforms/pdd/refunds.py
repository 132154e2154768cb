"""A shop's after-sales cases (售后) from 拼多多's refund list.

The list has a window of at most 30 minutes and one status at a time. Times are epoch seconds or the
wall clock of Asia/Shanghai, as the platform likes; amounts are in 元.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from include.gateways.dialect import Call
from include.gateways.errors import Malformed, Refused
from include.gateways.fields import (
    CUT,
    SHANGHAI,
    SPARE,
    Money,
    Row,
    SpareMoney,
    SpareNumber,
    WallClock,
    WholeNumber,
    parsed,
    text,
    wall_clock,
    words,
)
from include.gateways.paging import Page, Pages, check_settled, of_window, windows
from include.language import _
from include.platforms.pdd.dialect import REFUNDS
from include.registry.platforms import PLATFORMS
from include.warehouse.tables import pdd_refunds

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Collection,
        Iterable,
    )

    from include.gateways.client import GatewayClient

PAGE_SIZE = 100
LONGEST_WINDOW = timedelta(minutes=30)
# So many of a shop's windows are asked side by side that latency does not keep it below its limit.
WINDOWS_AT_ONCE = 8
ALL_KINDS = 1
# All that the platform documents, as no value stands for all of them. (0 is an order without
# after-sales, which this list cannot have; 1 stood for all in older texts, and is gone.) In the
# order in which a case goes through them: one that moves on while they are asked one after the
# other is met in its next status.
STATUSES = (
    2,  # asked for a refund, the shop's turn
    3,  # asked for return and refund, the shop's turn
    6,  # rejected, the buyer's turn
    8,  # the platform is deciding
    4,  # the shop agreed, the refund is under way
    5,  # the platform agreed, the refund is under way
    7,  # return agreed, the buyer is to send the goods
    31,  # refund on refusal agreed, the buyer is to refuse the parcel
    33,  # refund on recall agreed, the shop is to recall the parcel
    9,  # the platform refused, closed
    10,  # refunded
    11,  # withdrawn by the buyer
    12,  # the buyer let it lapse, failed
    13,  # the buyer let it lapse, no longer valid
    14,  # exchange or resending, the shop's turn
    32,  # resending, the shop is to send
    15,  # exchange or resending, the buyer's turn
    18,  # exchange or resending, the buyer is to confirm
    16,  # exchange or resending done
    17,  # exchange or resending failed
    21,  # repair, the shop is to agree
    22,  # repair, the buyer is to send the goods
    27,  # repair, the buyer is to receive the goods
    24,  # repair closed
    25,  # repair done
)
# Numbers that a new status may have are those between the known ones, and the next ten.
NEXT_STATUSES = 10


class Refund(Row):
    """An after-sales case as it is now; amounts in 元, times naive, of Asia/Shanghai."""

    id: WholeNumber  # the platform's number of the case; an order can have several
    order_sn: Annotated[str | None, text(pdd_refunds.c.order_sn), SPARE] = None
    after_sales_type: WholeNumber
    after_sales_status: WholeNumber
    dispute_refund_status: SpareNumber = None
    after_sale_reason: Annotated[str | None, words(pdd_refunds.c.reason), SPARE, CUT] = None
    refund_amount: Money
    order_amount: SpareMoney = None
    goods_id: Annotated[WholeNumber | None, SPARE] = None
    created_time: WallClock
    updated_time: WallClock  # when it last changed, in whole seconds: two changes can share one


class _RefundPage(BaseModel):
    refund_list: list[Refund] | None = None
    total_count: Annotated[WholeNumber, Field(ge=0)]


async def refunds_updated(
    client: GatewayClient,
    number: int,
    start: datetime,
    end: datetime,
    *,
    is_open: bool = False,
    statuses: Collection[int] = STATUSES,
) -> AsyncIterator[list[Refund]]:
    """Ask for a shop's after-sales cases whose last change lies in a stretch of time.

    A case can come again: with a later `updated_time` if it changed while it was being pulled. Of
    two with one `id` and one `updated_time` the one that comes later is newer: all that changes in
    one second lies in one window, whose statuses are asked one after the other.

    Args:
        client: speaks `Pdd` for the shop.
        number: of the shop on the platform.
        start: of the stretch; aware, or the wall clock of Asia/Shanghai.
        end: of the stretch, exclusive.
        is_open: whether cases still join the stretch. Its end may then be now, and what it brings
            is not held against the platform's count.
        statuses: which are asked for.

    Yields:
        what one window brought, never none, in no order of time.

    Raises:
        GatewayError: as `GatewayClient.call` does, an answer is Malformed, or the stretch has not
            ended long enough ago (Temporary).
    """
    call, first, last = Call(REFUNDS, shop=number), wall_clock(start), wall_clock(end)
    if not is_open:
        check_settled(call, end, PLATFORMS["pdd"].lag)
    cut = windows(start, end, LONGEST_WINDOW)
    pulls = [partial(_pull, client, number, *one, statuses, is_open=is_open) for one in cut]
    async with aclosing(_side_by_side(pulls)) as answers:
        async for found in answers:
            if wanted := of_window(call, found, first, last, attrgetter("updated_time")):
                yield wanted


async def _side_by_side(
    pulls: Iterable[Callable[[], Awaitable[list[Refund]]]],
) -> AsyncGenerator[list[Refund], None]:
    """Yield what each brings, as it comes; some are waited for at once."""
    places = asyncio.Semaphore(WINDOWS_AT_ONCE)

    async def placed(pull: Callable[[], Awaitable[list[Refund]]]) -> list[Refund]:
        async with places:
            return await pull()

    tasks = [asyncio.ensure_future(placed(pull)) for pull in pulls]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def refunds_of_new_statuses(
    client: GatewayClient, number: int, begin: datetime, known: Collection[int]
) -> list[Refund]:
    """Ask one window for statuses that the platform does not document: the list has grown before.

    It is the half hour from `begin` on, by the wall clock of Asia/Shanghai.

    Raises:
        GatewayError: as `GatewayClient.call` does, but for a number that the platform refuses.
    """
    found: list[Refund] = []
    for status in range(min(known), max(known) + NEXT_STATUSES + 1):
        if status in known:
            continue
        try:
            found += await _pull(
                client, number, begin, begin + LONGEST_WINDOW, [status], is_open=True
            )
        except Refused:
            continue
    return [refund for refund in found if refund.after_sales_status not in known]


async def _pull(
    client: GatewayClient,
    number: int,
    begin: datetime,
    finish: datetime,
    statuses: Collection[int],
    *,
    is_open: bool,
) -> list[Refund]:
    found: list[Refund] = []
    for status in statuses:
        params = {
            "after_sales_status": status,
            "after_sales_type": ALL_KINDS,
            "start_updated_at": _epoch(begin),
            "end_updated_at": _epoch(finish),
            "page_size": PAGE_SIZE,
        }
        question = partial(_question, number, params)
        pages = Pages(client, question, _page, PAGE_SIZE, lambda refund: refund.id)
        async for refunds in pages.from_last(is_open=is_open):
            found += refunds
    return found


def _question(number: int, params: dict[str, Any], page: int) -> Call:
    return Call(REFUNDS, {**params, "page": page}, shop=number, page=page)


def _epoch(moment: datetime) -> int:
    return int(moment.replace(tzinfo=SHANGHAI).timestamp())


def _page(call: Call, data: Any) -> Page:
    answer = parsed(_RefundPage, data, call)
    if answer.refund_list is None and answer.total_count:
        raise Malformed(
            call, _("field refund_list is missing from the answer, and total_count is not")
        )
    return Page(answer.refund_list or [], answer.total_count)
