"""Walking over numbered pages whose rows move while we walk.

A row that changes leaves the window that is asked for, and all behind it move up a place: read from
the first page on, rows move onto pages that have been read. From the last page to the first they
move onto pages that are still to come: they come twice, but none is lost. Whatever else moves (rows
that join in front, a page that a fault empties) shows in the count of rows that the gateway gives.
That count is held against the rows that it comes with.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from include.platforms.errors import Malformed, Temporary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable, Sequence

    from include.platforms.client import GatewayClient
    from include.platforms.dialect import Call

WALKS = 3
WRONG_COUNT = "if it stays so, the platform's count is wrong: ask its support"


class Page(NamedTuple):
    """A page as the gateway gave it.

    Attributes:
        rows: of this page.
        total: how many rows all pages have, as of this answer.
    """

    rows: Sequence[Any]
    total: int


async def pages_from_last(
    client: GatewayClient,
    call_of: Callable[[int], Call],
    read: Callable[[Call, Any], Page],
    size: int,
    key: Callable[[Any], Hashable],
) -> AsyncIterator[list[Any]]:
    """Ask for all pages, from the last to the first; where rows are missing, once more.

    Args:
        client: speaks the platform's dialect.
        call_of: makes the call for a page; the first is 1.
        read: makes a page of the data of a call.
        size: rows of a full page.
        key: tells a row from all others.

    Yields:
        the rows of a page, never none. A row may come again, also in a newer state.

    Raises:
        GatewayError: as `GatewayClient.call` does; Temporary when rows are missing to the last, or
            an answer has more rows than it counts.
    """
    pages = _Pages(client, call_of, read, size, key)
    for _ in range(WALKS):
        seen: set[Hashable] = set()
        first = page = await pages.ask(1)
        last = max(1, pages.last(first.total))
        if first.total == size <= len(first.rows):
            # Perhaps that is the length of this page, and not the number of all rows.
            last += bool((await pages.ask(2)).rows)
        for number in range(last, 0, -1):
            # What the first page held is true only as long as no other has been read.
            page = first if last == 1 else await pages.ask(number)
            seen.update(map(key, page.rows))
            if page.rows:
                yield list(page.rows)
        missing = page.total - len(seen)
        if missing <= 0:
            return
    raise Temporary(
        call_of(1),
        f"{missing} of {page.total} rows are on no page, in {WALKS} walks over all pages: "
        f"run it again; {WRONG_COUNT}",
    )


class _Pages(NamedTuple):
    """The pages of one question, each read so that what it says of itself can be true."""

    client: GatewayClient
    call_of: Callable[[int], Call]
    read: Callable[[Call, Any], Page]
    size: int
    key: Callable[[Any], Hashable]

    async def ask(self, number: int) -> Page:
        call = self.call_of(number)
        page: Page = await self.client.call(call, partial(self._checked, call, number))
        return page

    def last(self, total: int) -> int:
        return -(-total // self.size)

    def _checked(self, call: Call, number: int, data: Any) -> Page:
        """Read a page inside its attempt, so that one that cannot be true is asked for again."""
        page = self.read(call, data)
        if page.total < 0:
            raise Malformed(call, f"the number of all rows is {page.total}")
        if not page.rows and number <= self.last(page.total):
            raise Temporary(
                call, f"page {number} is empty, though there are {page.total} rows: run it again"
            )
        # Pages before one with rows are full; this one may bring rows of its neighbours.
        least = max(len(set(map(self.key, page.rows))), (number - 1) * self.size + 1)
        if page.rows and page.total < least:
            raise Temporary(
                call,
                f"page {number} shows that there are {least} rows or more, though the answer "
                f"counts {page.total}: run it again; {WRONG_COUNT}",
            )
        return page
