"""Windows of time that lists are asked for: when a list is whole, and how a stretch is cut."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar

from include.gateways.errors import Temporary
from include.gateways.fields import WALL_CLOCK_FORMAT, wall_clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from include.gateways.dialect import Call

R = TypeVar("R")
# How far each platform's lists may be behind what happens: they are read from replicas that follow
# some 30 s later. What happened later than this before now may be missing from them.
LAGS = {
    "erp": timedelta(minutes=1),
    "jd": timedelta(minutes=1),
    "pdd": timedelta(minutes=3),
}
SECOND = timedelta(seconds=1)


def check_settled(call: Call, end: datetime, lag: timedelta) -> None:
    """Refuse a window of which a list may still miss something.

    Args:
        call: names the list and the shop.
        end: of the window; aware, or the wall clock of Asia/Shanghai.
        lag: the platform's, of `LAGS`.

    Raises:
        Temporary: says when to run it again.
    """
    ready = wall_clock(end) + lag
    if wall_clock(datetime.now(timezone.utc)) < ready:
        raise Temporary(
            call,
            f"the platform's list may still miss what happened before "
            f"{wall_clock(end):{WALL_CLOCK_FORMAT}}: run it again at "
            f"{ready:{WALL_CLOCK_FORMAT}} or later",
        )


def windows(
    start: datetime, end: datetime, longest: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the windows that fill a stretch, by Shanghai's wall clock, their ends exclusive."""
    start, end = wall_clock(start), wall_clock(end)
    while start < end:
        last = min(start + longest, end)
        yield start, last
        start = last


async def rows_in(
    start: datetime,
    end: datetime,
    longest: timedelta,
    pull: Callable[[datetime, datetime], AsyncIterator[list[R]]],
    moment: Callable[[R], datetime],
) -> AsyncIterator[list[R]]:
    """Yield what `pull` brings of each window of a stretch, less what lies outside the window.

    Whether the platform counts the end of a window in or out, the next window brings it.
    """
    for first, last in windows(start, end, longest):
        async for rows in pull(first, last):
            if wanted := [row for row in rows if first <= moment(row) < last]:
                yield wanted
