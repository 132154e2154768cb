"""Walking over numbered pages whose rows move while we walk.

A row that changes leaves the window that is asked for, and all behind it move up a place: read from
the first page on, rows move onto pages that have been read. From the last page to the first they
move onto pages that are still to come: they come twice, but none is lost. Whatever else moves (rows
that join in front, a page that a fault empties) shows in the count of rows that the gateway gives.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from include.platforms.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable, Sequence

    from include.platforms.client import GatewayClient
    from include.platforms.dialect import Call

WALKS = 3


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
        GatewayError: as `GatewayClient.call` does; Temporary when rows are missing to the last.
    """
    for _ in range(WALKS):
        seen: set[Hashable] = set()
        first = page = await _page(client, call_of(1), read, size, 1)
        last = max(1, _last(first.total, size))
        for number in range(last, 0, -1):
            # What the first page held is true only as long as no other has been read.
            page = first if last == 1 else await _page(client, call_of(number), read, size, number)
            seen.update(map(key, page.rows))
            if page.rows:
                yield list(page.rows)
        missing = page.total - len(seen)
        if missing <= 0:
            return
    raise Temporary(
        call_of(1),
        f"{missing} of {page.total} rows are on no page, in {WALKS} walks over all pages: "
        "run it again; if it stays so, the platform's count is wrong: ask its support",
    )


async def _page(
    client: GatewayClient, call: Call, read: Callable[[Call, Any], Page], size: int, number: int
) -> Page:
    page: Page = await client.call(call, partial(_read, call, read, size, number))
    return page


def _read(call: Call, read: Callable[[Call, Any], Page], size: int, number: int, data: Any) -> Page:
    page = read(call, data)
    if not page.rows and number <= _last(page.total, size):
        raise Temporary(
            call, f"page {number} is empty, though there are {page.total} rows: run it again"
        )
    return page


def _last(total: int, size: int) -> int:
    return -(-total // size)
