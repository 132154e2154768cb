"""Windows of lists that are a little behind."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.gateways.errors import Temporary
from include.gateways.fields import SHANGHAI, WALL_CLOCK_FORMAT
from include.gateways.paging import LAGS, windows
from include.platforms.jd import orders as jd_orders
from include.platforms.jushuitan import orders as jushuitan_orders
from include.platforms.pdd import refunds as pdd_refunds

if TYPE_CHECKING:
    from include.gateways.client import GatewayClient

NOBODY = cast("GatewayClient", None)  # nothing may be asked
LISTS: dict[str, Any] = {
    "erp": jushuitan_orders.orders_modified,
    "jd": jd_orders.orders_modified,
    "pdd": pdd_refunds.refunds_updated,
}
CREATED: dict[str, Any] = {
    "erp": jushuitan_orders.orders_created,
    "jd": jd_orders.orders_created,
}


@pytest.mark.parametrize(
    ("platform", "asked"),
    [*LISTS.items(), *CREATED.items()],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_window_that_ends_just_now_is_temporary(platform: str, asked: Any) -> None:
    """A replica may still miss its last rows; the message says from when on it does not."""
    end = datetime.now(SHANGHAI).replace(microsecond=0)

    async def ask() -> None:
        async for _ in asked(NOBODY, 10001, end - timedelta(minutes=15), end):
            pass

    with pytest.raises(Temporary, match="may still miss what happened before") as caught:
        asyncio.run(ask())
    assert f"{end + LAGS[platform]:{WALL_CLOCK_FORMAT}} or later" in str(caught.value)


def test_windows_follow_one_another_without_a_gap() -> None:
    """None is longer than the platform takes, and together they are all of the time."""
    start = datetime(2025, 10, 1)
    cut = list(windows(start, start + timedelta(days=16, hours=5), timedelta(days=7)))
    assert [last - first for first, last in cut] == [
        timedelta(days=7),
        timedelta(days=7),
        timedelta(days=2, hours=5),
    ]
    assert [first for first, _ in cut[1:]] == [last for _, last in cut[:-1]]
    assert list(windows(start, start, timedelta(days=7))) == []
