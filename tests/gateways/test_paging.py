"""Windows follow one another, and a walk from the last page to the first loses no row."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from fastapi import FastAPI

from include.gateways.client import GatewayClient, Patience
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import GatewayError, Malformed, Temporary
from include.gateways.fields import SHANGHAI, WALL_CLOCK_FORMAT
from include.gateways.paging import SECOND, WALKS, Page, Pages, of_window, windows
from include.platforms.jd import orders as jd_orders
from include.platforms.jushuitan import orders as jushuitan_orders
from include.platforms.pdd import refunds as pdd_refunds
from include.registry.platforms import PLATFORMS
from tests.gateways.asking import Plain, using
from tests.sandbox.serving import serve_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.gateways.client import GatewayClient

SIZE = 10
QUICK = Patience(attempts=2, pause=timedelta(milliseconds=1))


class Rows:
    """A gateway's rows, and what happens to them after each answer.

    Attributes:
        rows: as they are now.
        asked: the numbers of the pages, in the order in which they were asked for.
        then: called with this and an answer, before that is sent; what it returns is sent.
    """

    def __init__(self, count: int, then: Callable[[Rows, dict[str, Any]], Any]) -> None:
        self.rows = list(range(count))
        self.asked: list[int] = []
        self.then = then

    def answer(self, params: dict[str, int]) -> Any:
        """Cut a page."""
        number = params["page"]
        self.asked.append(number)
        rows = self.rows[(number - 1) * SIZE : number * SIZE]
        return self.then(self, {"rows": rows, "total": len(self.rows)})


@contextmanager
def served(rows: Rows) -> Iterator[str]:
    """Serve the rows on loopback."""
    app = FastAPI()
    app.post("/rows")(rows.answer)
    with serve_app(app) as base_url:
        yield base_url


def walk(
    count: int, then: Callable[[Rows, dict[str, Any]], Any] = lambda _, page: page
) -> tuple[Any, list[int]]:
    """Walk over so many rows; give the pages or the error, and which pages were asked for."""
    rows = Rows(count, then)

    async def walking(client: GatewayClient) -> Any:
        pages = Pages(
            client,
            lambda number: Call("/rows", {"page": number}, shop=7, page=number),
            lambda _, data: Page(data["rows"], data["total"]),
            SIZE,
            key=lambda row: row,
        )
        try:
            return [page async for page in pages.from_last()]
        except GatewayError as error:
            return error

    with served(rows) as base_url:
        dialect = Plain(Connection("some", base_url, "key", "s3cret", "t0ken"))
        return using(dialect, walking, QUICK), rows.asked


@pytest.mark.parametrize(
    ("count", "asked"),
    [
        (0, [1]),
        (1, [1]),
        (9, [1]),
        (10, [1, 2]),
        (11, [1, 2, 1]),
        (30, [1, 3, 2, 1]),
        (31, [1, 4, 3, 2, 1]),
    ],
)
def test_all_pages_come_from_the_last_to_the_first(count: int, asked: list[int]) -> None:
    """One page costs one call, a full one two, more cost one more than there are."""
    pages, numbers = walk(count)
    assert numbers == asked
    assert sorted(row for page in pages for row in page) == list(range(count))
    assert [] not in pages


def test_rows_that_leave_between_pages_hide_none() -> None:
    """Where rows leave in front after each answer, all that stayed are there, some twice."""
    gone: list[int] = []

    def leave(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        gone.extend(gateway.rows[2:5])
        del gateway.rows[2:5]
        return page

    pages, numbers = walk(95, leave)
    found = [row for page in pages for row in page]
    assert set(range(95)) - set(gone) <= set(found)
    assert len(found) > len(set(found))
    assert numbers == [1, *range(10, 0, -1)]


def test_rows_that_shrink_to_one_page_are_asked_for_again() -> None:
    """The first page is read last, also when by then no other is left."""

    def leave(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        del gateway.rows[:8]
        return page

    pages, numbers = walk(25, leave)
    assert numbers == [1, 3, 2, 1]
    assert {24} <= {row for page in pages for row in page}


def test_rows_that_join_in_front_are_found_by_another_walk() -> None:
    """A row that is pushed onto a page already read shows in the count, and comes."""

    def join(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        if len(gateway.asked) == 2:
            gateway.rows.insert(0, 1000)
        return page

    pages, numbers = walk(25, join)
    assert numbers == [1, 3, 2, 1, 1, 3, 2, 1]
    assert {row for page in pages for row in page} == {*range(25), 1000}


def test_a_row_that_leaves_does_not_hide_one_that_joined() -> None:
    """The count of the last answer is right again; that it has risen meanwhile tells it."""

    def move(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        if len(gateway.asked) == 2:
            gateway.rows.insert(0, 1000)
        if len(gateway.asked) == 3:
            gateway.rows.remove(22)
        return page

    pages, numbers = walk(23, move)
    assert numbers == [1, 3, 2, 1, 1, 3, 2, 1]
    assert {*range(22), 1000} <= {row for page in pages for row in page}


def test_a_first_page_with_an_old_count_does_not_pass_for_the_end() -> None:
    """A cache that says 13 for ever, where other pages say 23, costs no row in silence."""

    def lag(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "total": 13} if gateway.asked[-1] == 1 else page

    error, numbers = walk(23, lag)
    assert type(error) is Temporary
    assert (
        f"rises from 13 to 23 from page to page, so that some may have been missed, in {WALKS} "
        in (str(error))
    )
    assert numbers == [1, 2, 1] * WALKS


@pytest.mark.parametrize("empty", [1, 2, 3])
def test_an_empty_page_is_asked_for_again(empty: int) -> None:
    """A page that is empty once, whichever it is, costs one more call and no row."""
    struck: list[int] = []

    def lose(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        if gateway.asked[-1] == empty and not struck:
            struck.append(empty)
            return {**page, "rows": []}
        return page

    pages, numbers = walk(25, lose)
    assert len(numbers) == 5
    assert sorted(row for page in pages for row in page) == list(range(25))


def test_a_page_that_stays_empty_is_temporary() -> None:
    """The message says which page of how many rows, and what to do."""
    error, numbers = walk(25, lambda _, page: {**page, "rows": []})
    assert str(error).startswith("shop 7, /rows, page 1: page 1 is empty, though there are 25 rows")
    assert "run it again" in str(error)
    assert numbers == [1, 1]


@pytest.mark.parametrize("count", [8, 25])
def test_a_doubled_row_does_not_stand_for_a_missing_one(count: int) -> None:
    """A page that brings one row twice and one not at all is noticed by what is different."""
    error, numbers = walk(
        count, lambda _, page: {**page, "rows": [*page["rows"][1:], page["rows"][-1]]}
    )
    assert isinstance(error, Temporary)
    pages = -(-count // SIZE)
    assert f"{pages} of {count} rows are on no page, in {WALKS} walks" in str(error)
    assert len(numbers) == WALKS * (pages + (pages > 1))


def test_rows_of_a_neighbour_page_do_no_harm() -> None:
    """A page that also brings rows of the next one has no row too many for the count."""
    pages, numbers = walk(
        25,
        lambda rows, page: {**page, "rows": rows.rows[(rows.asked[-1] - 1) * SIZE :][: SIZE + 3]},
    )
    assert numbers == [1, 3, 2, 1]
    assert {row for page in pages for row in page} == set(range(25))


@pytest.mark.parametrize(("count", "total"), [(5, 0), (5, 4), (25, 0), (25, 9)])
def test_a_count_below_the_rows_that_are_there_is_not_believed(count: int, total: int) -> None:
    """Rows that come with a smaller count show that there may be any number of them."""
    error, numbers = walk(count, lambda _, page: {**page, "total": total})
    assert type(error) is Temporary
    there = min(count, SIZE)
    said = f"page 1 shows that there are {there} rows or more, though the answer counts {total}"
    assert f"{said}: run it again" in str(error)
    assert numbers == [1, 1]


def test_a_count_that_is_the_length_of_the_page_is_not_believed() -> None:
    """A full page after which there should be none is only believed when there is none."""
    error, numbers = walk(25, lambda _, page: {**page, "total": len(page["rows"])})
    assert type(error) is Temporary
    said = "page 2 shows that there are 11 rows or more, though the answer counts 10"
    assert said in str(error)
    assert numbers == [1, 2, 2]


def test_a_row_that_joins_behind_a_full_page_comes() -> None:
    """The page behind it, asked for to be sure, may have come to hold something."""

    def join(gateway: Rows, page: dict[str, Any]) -> dict[str, Any]:
        if len(gateway.asked) == 1:
            gateway.rows.append(1000)
        return page

    pages, numbers = walk(10, join)
    assert {row for page in pages for row in page} == {*range(10), 1000}
    assert numbers == [1, 2, 2, 1, 1, 2, 1]


def test_a_count_below_none_is_malformed() -> None:
    """It is no number of rows."""
    error, numbers = walk(5, lambda _, page: {**page, "total": -1})
    assert type(error) is Malformed
    assert "the number of all rows is -1" in str(error)
    assert numbers == [1]


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
    assert f"{end + PLATFORMS[platform].lag:{WALL_CLOCK_FORMAT}} or later" in str(caught.value)


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


def test_a_window_has_its_rows_and_refuses_those_of_before() -> None:
    """The end is the next window's, as is what has changed meanwhile; nothing moves backwards."""
    first, last = datetime(2025, 10, 1), datetime(2025, 10, 2)
    call, at = Call("list", shop=1), timedelta(hours=1)
    rows = [first - SECOND, first, last - at, last, last + at]
    assert of_window(call, rows, first, last, lambda row: row) == [first, last - at]
    with pytest.raises(Malformed, match="a row is of 2025-09-30 23:00:00, though rows from"):
        of_window(call, [first, first - at], first, last, lambda row: row)
