"""An order of 聚水潭, as its open platform gives it, and a page of them."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

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
    text,
    words,
)
from include.warehouse.tables import erp_orders


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
