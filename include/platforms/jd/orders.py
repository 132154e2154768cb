"""A shop's orders from 京东's order search, by the time of their last change or creation.

Times are the wall clock of Asia/Shanghai, amounts are in 元.
"""

from __future__ import annotations

import math
from calendar import monthrange
from datetime import datetime, timedelta, timezone
from decimal import Decimal  # noqa: TC003 - pydantic reads the annotations
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from include.gateways.dialect import Call
from include.gateways.errors import Malformed, Refused
from include.gateways.fields import (
    CUT,
    WALL_CLOCK_FORMAT,
    FilledText,
    Row,
    SpareLength,
    SpareMoney,
    WallClock,
    WallClockIfAny,
    WholeNumber,
    Words,
    paid,
    parsed,
    wall_clock,
    words,
)
from include.gateways.paging import (
    SECOND,
    Page,
    Pages,
    check_settled,
    rows_in,
    windows,
)
from include.language import _
from include.platforms.jd.codes import failure_of
from include.registry.platforms import PLATFORMS
from include.warehouse.tables import jd_orders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from include.gateways.client import GatewayClient

ORDERS = "jingdong.pop.order.search"
PAGE_SIZE = 100
# The platform refuses page numbers beyond some limit, which it does not document; 300 was seen.
MOST_PAGES = 100
# The platform takes one month, and the shortest has so many days.
LONGEST_WINDOW = timedelta(days=28)
# Of changes it shows the last three months, and says nothing of those before.
MONTHS_SHOWN = 3
# A list of the states that we know would miss those that we do not.
EVERY_STATE = "ALL"
BY_CHANGE, BY_CREATION, ASCENDING = 0, 1, 0


class _TooManyError(Exception):
    """A window has more pages than the platform lets anybody read."""


class Order(Row):
    """An order as it is now."""

    model_config = ConfigDict(alias_generator=to_camel)

    order_id: WholeNumber  # the platform's number of the order
    vender_id: WholeNumber  # the number of the shop that it was made in
    order_state: Annotated[FilledText, words(jd_orders.c.status), CUT]
    order_start_time: WallClock
    payment_confirm_time: WallClockIfAny = None  # None while it is unpaid
    should_pay: SpareMoney = None  # what is to be paid
    # What has been; 0.00 where the gateway gives none for an unpaid order
    actual_pay: Annotated[Decimal, paid("payment_confirm_time"), Field(None, validate_default=True)]
    freight_price: SpareMoney = None
    total_seller_discount: SpareMoney = None
    item_count: Annotated[SpareLength, Field(None, alias="itemInfoList")]  # how many lines it has
    modified: WallClock  # when it last changed: later after every change, in whole seconds


# The answer has just what is asked for, and we ask for just what we read: no buyer's data.
FIELDS = ",".join(str(field.alias) for field in Order.model_fields.values())


def _flag(value: Any) -> bool:
    """Read true and false however they are written."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError(_("expected true or false"))


class _Verdict(BaseModel):
    """Whether the search has succeeded, as it says itself."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    success: Annotated[bool, BeforeValidator(_flag)]
    number_code: str | None = Field(None, alias="numberCode")
    chinese: Annotated[Words, Field(alias="chineseErrCode")] = ""
    english: Annotated[Words, Field(alias="englishErrCode")] = ""

    def check(self, call: Call) -> None:
        """Go on only after a success.

        Raises:
            Temporary: it was none.
        """
        if not self.success:
            raise failure_of(call, self.number_code or "", self.chinese or self.english)


class _Judged(BaseModel):
    api_result: Annotated[_Verdict, Field(alias="apiResult")]


class _JudgedAnswer(BaseModel):
    searchorderinfo_result: _Judged


class _Result(BaseModel):
    total: Annotated[WholeNumber, Field(alias="orderTotal", ge=0)]
    orders: Annotated[list[Order] | None, Field(alias="orderInfoList")] = None


class _Answer(BaseModel):
    searchorderinfo_result: _Result


def orders_modified(
    client: GatewayClient, number: int, start: datetime, end: datetime, *, is_open: bool = False
) -> AsyncIterator[list[Order]]:
    """Ask for a shop's orders whose last change lies in a window, in pages.

    An order can come again: with a later `modified` if it changed while it was being pulled. Of two
    with one `order_id` the later counts.

    Args:
        client: speaks `Jd` for the shop.
        number: of the shop on the platform (商家 ID, `venderId`).
        start: of the window; aware, or the wall clock of Asia/Shanghai.
        end: of the window, exclusive.
        is_open: whether orders still join the window. Its end may then be now, and what it brings
            is not held against the platform's count.

    Yields:
        up to 100 orders, never none, in no order of time.

    Raises:
        GatewayError: as `GatewayClient.call` does, an answer is Malformed, the window is older
            than what the platform shows (Refused), or has not ended long enough ago (Temporary).
    """
    call = Call(ORDERS, shop=number)
    if not is_open:
        check_settled(call, end, PLATFORMS["jd"].lag)
    pull = partial(_pull_changes, client, number, is_open=is_open)
    return rows_in(call, start, end, LONGEST_WINDOW, pull, moment=attrgetter("modified"))


def orders_created(
    client: GatewayClient, number: int, start: datetime, end: datetime
) -> AsyncIterator[list[Order]]:
    """Ask for all of a shop's orders that were made in a window; as `orders_modified` does.

    Whatever becomes of such an order, it stays in the window: this is all that the shop has of it.
    """
    call = Call(ORDERS, shop=number)
    check_settled(call, end, PLATFORMS["jd"].lag)
    pull = partial(_pull, client, number, by=BY_CREATION)
    return rows_in(call, start, end, LONGEST_WINDOW, pull, moment=attrgetter("order_start_time"))


async def orders_counted(
    client: GatewayClient, number: int, start: datetime, end: datetime, *, end_is_in: bool = True
) -> int:
    """Return how many orders the platform itself counts that were made in a window.

    `end_is_in`: it counts the end of what is asked for, which is therefore a second less.

    Raises:
        GatewayError: as `GatewayClient.call` does; an answer is Malformed.
    """
    counted = 0
    for first, last in windows(start, end, LONGEST_WINDOW):
        question = _question(first, last - SECOND if end_is_in else last, BY_CREATION)
        call = Call(ORDERS, {**question, "page_size": "1", "page": "1"}, shop=number)
        page: Page = await client.call(call, partial(_page, call, most=math.inf))
        counted += page.total
    return counted


async def _pull_changes(
    client: GatewayClient, number: int, first: datetime, last: datetime, *, is_open: bool
) -> AsyncIterator[list[Order]]:
    """Walk over a window, as far as the platform shows changes.

    Nothing from a time that it does not show is not nothing.
    """
    horizon, empty = _horizon(), True
    if not first < horizon < last:
        async for orders in _pull(client, number, first, last, BY_CHANGE, is_open=is_open):
            empty = False
            yield orders
    if empty and first < horizon:
        raise Refused(
            Call(ORDERS, shop=number),
            _(
                "the platform shows changes of the last {months} months only, those since "
                "{since:%Y-%m-%d %H:%M:%S}: what is older cannot be pulled any more; let the "
                "shop's `from` in config/shops.yaml (or the entry's `start`) say from which day on "
                "it is expected",
                months=MONTHS_SHOWN,
                since=horizon,
            ),
        )


async def _pull(
    client: GatewayClient,
    number: int,
    first: datetime,
    last: datetime,
    by: int,
    *,
    is_open: bool = False,
) -> AsyncIterator[list[Order]]:
    """Walk over a window; halve one that has more pages than the platform lets anybody read."""
    params = {**_question(first, last, by), "page_size": str(PAGE_SIZE)}
    half = (last - first) // 2 // SECOND * SECOND  # none of what happened in one second
    pages = Pages(
        client,
        lambda page: Call(ORDERS, {**params, "page": str(page)}, shop=number, page=page),
        partial(_page, most=MOST_PAGES * PAGE_SIZE if half else math.inf),
        PAGE_SIZE,
        lambda order: order.order_id,
    )
    try:
        async for orders in pages.from_last(is_open=is_open):
            yield orders
    except _TooManyError:
        middle = first + half
        for begin, end in ((first, middle), (middle, last)):
            async for orders in _pull(client, number, begin, end, by, is_open=is_open):
                yield orders


def _question(first: datetime, last: datetime, by: int) -> dict[str, Any]:
    # In order of time, as what changes meanwhile then moves to the end and not to the front.
    return {
        "start_date": first.strftime(WALL_CLOCK_FORMAT),
        "end_date": last.strftime(WALL_CLOCK_FORMAT),
        "order_state": EVERY_STATE,
        "optional_fields": FIELDS,
        "sortType": ASCENDING,
        "dateType": by,
    }


def _page(call: Call, data: Any, most: float) -> Page:
    """Read a page inside its attempt, so that a failure of the interface is tried again.

    Raises:
        _TooManyError: there are more orders than `most`.
    """
    parsed(_JudgedAnswer, data, call).searchorderinfo_result.api_result.check(call)
    result = parsed(_Answer, data, call).searchorderinfo_result
    if result.orders is None and result.total:
        raise Malformed(call, _("field searchorderinfo_result.orderInfoList is missing or null"))
    if result.total > most:
        raise _TooManyError
    return Page(result.orders or [], result.total)


def _horizon() -> datetime:
    """Return the moment from which on the platform shows changes."""
    now = wall_clock(datetime.now(timezone.utc)).replace(microsecond=0)
    year, month = divmod(now.year * 12 + now.month - 1 - MONTHS_SHOWN, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)
