"""What a pull must bring from the sandbox, to the row, as the sandbox itself would tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import jd_orders, orders, pdd_refunds
from sandbox.book import Book, History

if TYPE_CHECKING:
    from datetime import date, datetime


class Truth:
    """The rows of one platform; `as_of` is the wall clock of Asia/Shanghai, naive."""

    def __init__(self, history: History[Any]) -> None:
        self._history = history

    def on(self, shop: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
        """Return the rows whose last change up to a moment lies in a day, in order."""
        return Book(self._history, seed, lambda: as_of).told(shop, day)

    def made_on(self, shop: int, day: date, seed: int, as_of: datetime) -> list[dict[str, Any]]:
        """Return the rows that were made on a day, as they are at a moment."""
        return Book(self._history, seed, lambda: as_of).told(shop, day, "creation")


ERP, JD, PDD = Truth(orders.HISTORY), Truth(jd_orders.HISTORY), Truth(pdd_refunds.HISTORY)
