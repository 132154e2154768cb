"""Windows of time that lists are asked for, and numbered pages whose rows move while we walk.

A row that changes leaves the window that is asked for, and all behind it move up a place: read from
the first page on, rows move onto pages that have been read. From the last page to the first they
move onto pages that are still to come: they come twice, but none is lost. Whatever else moves (rows
that join in front, a page that a fault empties) shows in the count of rows that the gateway gives.
That count is held against the rows that it comes with, and against the counts of the same walk: one
that rises says that rows have joined, and a row that leaves then makes up for one that was missed.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from include.gateways.errors import Malformed, Temporary
from include.gateways.fields import wall_clock
from include.language import N_, _

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence

    from include.gateways.client import GatewayClient
    from include.gateways.dialect import Call

R = TypeVar("R")
SECOND = timedelta(seconds=1)
WALKS = 3
MISSED = N_("{doubt}, in {walks} walks over all pages: run it again; {repair}")
WRONG_COUNT = N_("if it stays so, the platform's count is wrong: ask its support")


class Page(NamedTuple):
    """A page as the gateway gave it."""

    rows: Sequence[Any]  # of this page
    total: int  # how many rows all pages have, as of this answer


def _doubt(walk: WalkFromLast) -> str:
    """Return why a walk may have missed rows; empty: it has not. Orders leave all the time."""
    missing = walk.totals[-1] - len(walk.seen)
    if missing > 0:
        return _("{missing} of {total} rows are on no page", missing=missing, total=walk.totals[-1])
    for before, after in pairwise(walk.totals):
        if after > before:
            return _(
                "the number of all rows rises from {before} to {after} from page to page, so that "
                "some may have been missed",
                before=before,
                after=after,
            )
    return ""


class WalkFromLast:
    """One walk over all pages, from the last to the first."""

    def __init__(self, pages: Pages) -> None:
        """Begin one."""
        self.seen: set[Hashable] = set()  # the keys of all rows that came
        self.totals: list[int] = []  # how many rows its answers said that there are, in their order
        # How many rows those pages had that others follow; the first page's is there twice
        self.lengths: set[int] = set()
        # Whether the first page held other rows at the end of the walk than at its beginning
        self.moved = False
        self._pages = pages

    async def rows(self) -> AsyncIterator[list[Any]]:
        """Walk; yield the rows of each page that has some."""
        pages = self._pages
        first = page = await self._ask(1)
        last = max(1, pages.last(first.total))
        if first.total == pages.size <= len(first.rows):
            # Perhaps that is the length of this page, and not the number of all rows.
            last += bool((await self._ask(2)).rows)
        for number in range(last, 0, -1):
            # What the first page held is true only as long as no other has been read.
            page = first if last == 1 else await self._ask(number)
            self.seen.update(map(pages.key, page.rows))
            if page.rows:
                yield list(page.rows)
        self.moved = set(map(pages.key, page.rows)) != set(map(pages.key, first.rows))

    async def _ask(self, number: int) -> Page:
        page = await self._pages.ask(number)
        self.totals.append(page.total)
        if number < self._pages.last(page.total):
            self.lengths.add(len(page.rows))
        return page


class Pages(NamedTuple):
    """The pages of one question, each read so that what it says of itself can be true."""

    client: GatewayClient  # speaks the platform's dialect
    call_of: Callable[[int], Call]  # makes the call for a page; the first is 1
    read: Callable[[Call, Any], Page]  # makes a page of the data of a call
    size: int  # rows of a full page
    key: Callable[[Any], Hashable]  # tells a row from all others
    repair: str = ""  # what to do about a page that stays impossible, where more is known

    async def from_last(self, *, is_open: bool = False) -> AsyncIterator[list[Any]]:
        """Ask for all pages, from the last to the first; where rows may be missing, once more.

        Args:
            is_open: whether rows join all the time: a walk that may have missed some is made again,
                and is taken as it is in the end. A row is missed for good only if it changes during
                each.

        Yields:
            the rows of a page, never none. A row may come again, also in a newer state.

        Raises:
            GatewayError: as `GatewayClient.call` does; Temporary when rows are missing to the last,
                or an answer has more rows than it counts.
        """
        for _walk in range(WALKS):
            walk = WalkFromLast(self)
            async for rows in walk.rows():
                yield rows
            doubt = _doubt(walk)
            if not doubt:
                return
        if not is_open:
            missed = _(MISSED, doubt=doubt, walks=WALKS, repair=_(WRONG_COUNT))
            raise Temporary(self.call_of(1), missed)

    async def ask(self, number: int) -> Page:
        """Ask for a page.

        Raises:
            GatewayError: as `GatewayClient.call` does; Temporary where it cannot be true.
        """
        call = self.call_of(number)
        page: Page = await self.client.call(call, partial(self._checked, call, number))
        return page

    def last(self, total: int) -> int:
        """Return the number of the last page."""
        return -(-total // self.size)

    def _checked(self, call: Call, number: int, data: Any) -> Page:
        """Read a page inside its attempt, so that one that cannot be true is asked for again."""
        page, repair = self.read(call, data), self.repair or _(WRONG_COUNT)
        if page.total < 0:
            raise Malformed(call, _("the number of all rows is {total}", total=page.total))
        if not page.rows and number <= self.last(page.total):
            raise Temporary(
                call,
                _(
                    "page {number} is empty, though there are {total} rows: run it again; {repair}",
                    number=number,
                    total=page.total,
                    repair=repair,
                ),
            )
        # Pages before one with rows are full; this one may bring rows of its neighbours.
        least = max(len(set(map(self.key, page.rows))), (number - 1) * self.size + 1)
        if page.rows and page.total < least:
            raise Temporary(
                call,
                _(
                    "page {number} shows that there are {least} rows or more, though the "
                    "answer counts {total}: run it again; {repair}",
                    number=number,
                    least=least,
                    total=page.total,
                    repair=repair,
                ),
            )
        return page


def check_settled(call: Call, end: datetime, lag: timedelta) -> None:
    """Refuse a window of which a list may still miss something.

    Args:
        call: names the list and the shop.
        end: of the window; aware, or the wall clock of Asia/Shanghai.
        lag: the platform's (`PlatformFacts.lag`).

    Raises:
        Temporary: says when to run it again.
    """
    ready = wall_clock(end) + lag
    if wall_clock(datetime.now(timezone.utc)) < ready:
        raise Temporary(
            call,
            _(
                "the platform's list may still miss what happened before "
                "{end:%Y-%m-%d %H:%M:%S}: run it again at {ready:%Y-%m-%d %H:%M:%S} or later",
                end=wall_clock(end),
                ready=ready,
            ),
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
    call: Call,
    start: datetime,
    end: datetime,
    longest: timedelta,
    pull: Callable[[datetime, datetime], AsyncIterator[list[R]]],
    *,
    moment: Callable[[R], datetime],
) -> AsyncIterator[list[R]]:
    """Yield what `pull` brings of each window of a stretch, less what lies outside the window.

    Raises:
        Malformed: as `of_window` does.
    """
    for first, last in windows(start, end, longest):
        async for rows in pull(first, last):
            if wanted := of_window(call, rows, first, last, moment):
                yield wanted


def of_window(
    call: Call, rows: Sequence[R], first: datetime, last: datetime, moment: Callable[[R], datetime]
) -> list[R]:
    """Return the rows that lie in a window, whose end is exclusive.

    Whether the platform counts the end of a window in or out, the next window brings it, and so it
    does a row that has changed since it was asked for. No row moves to a time before; a second is
    left to how a platform rounds.

    Args:
        call: names the list and the shop.
        rows: what was answered.
        first: of the window; the wall clock of Asia/Shanghai.
        last: of the window, the same.
        moment: returns the time that a row was asked for by.

    Raises:
        Malformed: a row is of before that, so that the list is not what was asked for.
    """
    for row in rows:
        if moment(row) < first - SECOND:
            raise Malformed(
                call,
                _(
                    "a row is of {moment}, though rows from {first} on were asked for",
                    moment=str(moment(row)),
                    first=str(first),
                ),
            )
    return [row for row in rows if first <= moment(row) < last]
