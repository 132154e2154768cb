"""Orders of 聚水潭's open platform, by when they last changed or by when they were made."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from include.gateways.dialect import Call
from include.gateways.errors import Temporary
from include.gateways.fields import WALL_CLOCK_FORMAT, WholeNumber, parsed
from include.gateways.paging import SECOND, check_settled, rows_in, windows
from include.language import _
from include.platforms.jushuitan.walking import ORDERS, walk
from include.registry.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from include.gateways.client import GatewayClient
    from include.platforms.jushuitan.walking import Order

LONGEST_WINDOW = timedelta(days=7)
WALKS = 3
# The default of `date_type` is the time of the last change.
BY_CREATION = {"date_type": 2}
ONLY_THE_TOTAL = {"page_index": 1, "page_size": 1, "is_get_total": True}


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
    call = Call(ORDERS, shop=shop_id)
    if not is_open:
        check_settled(call, end, PLATFORMS["erp"].lag)
    pull = partial(_pull, client, shop_id, is_open=is_open)
    return rows_in(call, start, end, LONGEST_WINDOW, pull, moment=attrgetter("modified"))


def orders_created(
    client: GatewayClient, shop_id: int, start: datetime, end: datetime
) -> AsyncIterator[list[Order]]:
    """Ask for all of a shop's orders that were made in a window; as `orders_modified` does.

    Whatever becomes of such an order, it stays in the window: this is all that the ERP has of it.
    """
    call = Call(ORDERS, shop=shop_id)
    check_settled(call, end, PLATFORMS["erp"].lag)
    pull = partial(_pull, client, shop_id, by=BY_CREATION)
    return rows_in(call, start, end, LONGEST_WINDOW, pull, moment=attrgetter("order_date"))


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
    for _walked in range(WALKS):
        found: set[int] = set()
        async for orders in walk(client, shop_id, window):
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
        _(
            "{missing} of {count} orders changed from {first} to {last} did not come, in "
            "{walks} walks over all pages: run it again",
            missing=count - len(found),
            count=count,
            first=str(first),
            last=str(last),
            walks=WALKS,
        ),
    )
