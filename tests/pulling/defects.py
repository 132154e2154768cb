"""Defects to plant between a source and the warehouse: each loses or adds rows in its own way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.pulling.window import Window
from include.registry.airflow_objects import connections
from include.units.unit import SOURCE_COUNTS
from sandbox import pdd
from sandbox.book import Book
from sandbox.chance import NEVER
from sandbox.feed_truth import FeedBook
from sandbox.jd_orders import CANCELLED
from sandbox.jd_search import OrderSearch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from tests.pulling.simulated_days import Days

    Plant = Callable[[pytest.MonkeyPatch, Days], None]

DAY = "2025-10-02"
DAY_ENDS = datetime(2025, 10, 3)
NEW_STATUS = 34


class Defect(NamedTuple):
    """A defect, and how it is told.

    Attributes:
        job, shop: whose pull it spoils.
        plant: puts it in its place.
        told: what is said of it.
        later: whether it comes only after the day has landed; found when it is counted again.
    """

    job: str
    shop: str
    plant: Plant
    told: str = SOURCE_COUNTS
    later: bool = False


def _jd_list(change: Callable[[list[Any]], list[Any]], by: int) -> Plant:
    """Change what 京东 lists by the time of change (0) or of creation (1)."""

    def plant(patch: pytest.MonkeyPatch, _: Days) -> None:
        def found(self: OrderSearch, shop: int, params: Any) -> list[Any]:
            right = listed(self, shop, params)
            return change(right) if params["dateType"] == by else right

        listed = OrderSearch._found
        patch.setattr(OrderSearch, "_found", found)

    return plant


def _book(name: str, change: Callable[[list[Any]], list[Any]]) -> Plant:
    """Change what an ERP lists as last changed (`current`), or as made (`made`)."""

    def plant(patch: pytest.MonkeyPatch, _: Days) -> None:
        def listed(self: Book[Any], *window: Any) -> list[Any]:
            return change(right(self, *window))

        right = getattr(Book, name)
        patch.setattr(Book, name, listed)

    return plant


def _another_shops_rows(patch: pytest.MonkeyPatch, _: Days) -> None:
    def current(self: Book[Any], shop: int, *window: Any) -> list[Any]:
        return right(self, shop + 1, *window)

    right = Book.current
    patch.setattr(Book, "current", current)


def _another_shops_token(_: pytest.MonkeyPatch, days: Days) -> None:
    days.connections["jd_1"] = connections(days.base_url)["jd_2"]


def _page_served_twice(patch: pytest.MonkeyPatch, _: Days) -> None:
    def answer(self: OrderSearch, request: Any, shop: int, params: Any) -> dict[str, Any]:
        page = "1" if params["page"] == "2" else params["page"]
        return right(self, request, shop, {**params, "page": page})

    right = OrderSearch.answer
    patch.setattr(OrderSearch, "answer", answer)


def _window_of(cut: Callable[[Window], tuple[datetime, datetime]]) -> Plant:
    """Make the client ask for another stretch of time than it should."""

    def plant(patch: pytest.MonkeyPatch, _: Days) -> None:
        async def changes(self: Window, ask: Any) -> AsyncIterator[Any]:
            async for rows in ask(*cut(self)):
                yield rows

        patch.setattr(Window, "changes", changes)

    return plant


def _rows_deleted(_: pytest.MonkeyPatch, days: Days) -> None:
    with days.engine.begin() as connection:
        query = text("DELETE FROM erp_orders WHERE order_day = :day AND modified_time < :ends")
        connection.execute(query, {"day": DAY, "ends": str(DAY_ENDS)})


def _late_orders(patch: pytest.MonkeyPatch, days: Days) -> None:
    """Some orders of the day that never change again are shown only two days later."""

    def found(self: OrderSearch, shop: int, params: Any) -> list[Any]:
        return [
            one
            for one in listed(self, shop, params)
            if days.now > DAY_ENDS + timedelta(days=1, hours=12)
            or not (one.superseded == NEVER and one.modified < DAY_ENDS)
        ]

    listed = OrderSearch._found
    patch.setattr(OrderSearch, "_found", found)


def _late_review(patch: pytest.MonkeyPatch, days: Days) -> None:
    def entries(self: FeedBook, *asked: Any) -> list[Any]:
        right = listed(self, *asked)
        return right if days.now > DAY_ENDS + timedelta(days=1, hours=12) else right[:-1]

    listed = FeedBook.entries
    patch.setattr(FeedBook, "entries", entries)


def new_status(patch: pytest.MonkeyPatch, _: Days) -> None:
    """Put every third refund into a status that no document knows."""

    def current(*asked: Any) -> list[Any]:
        return [
            one._replace(status=NEW_STATUS) if one.status == 10 and one.case.id % 3 == 0 else one
            for one in right(*asked)
        ]

    right = Book.current
    patch.setattr(Book, "current", current)
    patch.setattr(pdd, "STATUSES", pdd.STATUSES | {NEW_STATUS})


def narrow(patch: pytest.MonkeyPatch) -> None:
    """Pull two hours of the evening only: a whole day of 拼多多 is 1,600 calls."""

    def of(period: Any, *more: Any) -> Window:
        evening = period.start.replace(hour=20).astimezone(timezone.utc)
        return replace(right(period, *more), start=evening, until=evening + timedelta(hours=2))

    right = Window.of
    patch.setattr(Window, "of", of)


ERP, JD = ("erp_store", "erp-1"), ("jd_store", "jd-1")
DEFECTS = {
    "a lost page": Defect(*JD, _jd_list(lambda found: found[:100] + found[200:], 0)),
    "a list that is cut off": Defect(*ERP, _book("current", lambda found: found[:100])),
    "a page served twice": Defect(*JD, _page_served_twice, "rows are on no page"),
    "a wrong window": Defect(
        *ERP, _window_of(lambda w: (w.start, w.period.end - timedelta(hours=6)))
    ),
    "a window that ends with the day": Defect(*JD, _window_of(lambda w: (w.start, w.period.end))),
    "a filter by status": Defect(
        *JD,
        _jd_list(lambda found: [one for one in found if one.state != CANCELLED], 0),
    ),
    "another shop's token": Defect(*JD, _another_shops_token, "belongs to shop 30002"),
    "another shop's rows": Defect(*ERP, _another_shops_rows, "shop_id holds 10002"),
    "an empty answer": Defect(*ERP, _book("current", lambda _: [])),
    "a total that lies high": Defect(*ERP, _book("made", lambda found: found + found[:50])),
    "a total that lies low": Defect(*JD, _jd_list(lambda found: found[:-3], 1)),
    "rows deleted afterwards": Defect(*ERP, _rows_deleted, later=True),
    "orders that come late": Defect(*JD, _late_orders),
    "a review that comes late": Defect("pdd_review", "pdd-1", _late_review),
}
