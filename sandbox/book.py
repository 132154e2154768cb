"""What a platform's rows are at its clock, and their drift between pages."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from datetime import date

    from typing_extensions import Self

LAST_SECOND = timedelta(days=1) - timedelta(seconds=1)


class Changing(Protocol):
    """A row from one change of it until the next."""

    @property
    def key(self) -> Hashable:
        """What stays the same through all changes of a row."""

    @property
    def shop_id(self) -> int:
        """Whose row it is."""

    @property
    def created(self) -> datetime:
        """When it was made."""

    @property
    def modified(self) -> datetime:
        """When it became so."""

    def is_current(self, now: datetime) -> bool:
        """Return whether it is what the row is at a moment."""

    def changed(self, now: datetime, number: int) -> Self:
        """Return the row as it is after one more change.

        Args:
            now: when it changes.
            number: no two changes share it; it grows with time.
        """


Row = TypeVar("Row", bound=Changing)


class Book(Generic[Row]):
    """What the rows of one platform are as of a clock.

    Args:
        changes: gives every change of a shop's rows from one second to another, both included.
        histories: gives all that a shop's rows are which were made from one second to another,
            both included.
        now: gives the wall clock of Asia/Shanghai, in whole seconds.
        place: gives what the rows are ordered by.
    """

    def __init__(
        self,
        changes: Callable[[int, datetime, datetime], Iterable[Row]],
        histories: Callable[[int, datetime, datetime], Iterable[Row]],
        now: Callable[[], datetime],
        place: Callable[[Row], Any],
    ) -> None:
        self._changes = changes
        self._histories = histories
        self._now = now
        self._place = place
        self._drifted: dict[Hashable, Row] = {}
        self._numbers = count()

    def current(self, shop_id: int, first: datetime, last: datetime) -> list[Row]:
        """Return the rows last changed from one second to another, both included, in order."""
        drifted = [row for row in self._drifted.values() if first <= row.modified <= last]
        return self._now_of(shop_id, self._changes(shop_id, first, last), drifted)

    def made(self, shop_id: int, first: datetime, last: datetime) -> list[Row]:
        """Return the rows made from one second to another, both included, in order."""
        drifted = [row for row in self._drifted.values() if first <= row.created <= last]
        return self._now_of(shop_id, self._histories(shop_id, first, last), drifted)

    def on(self, shop_id: int, day: date, by: str) -> list[Row]:
        """Return the rows last changed on a day, or by `creation` those made on it, in order."""
        midnight = datetime.combine(day, time())
        found = self.made if by == "creation" else self.current
        return found(shop_id, midnight, midnight + LAST_SECOND)

    def drift(self, rows: Iterable[Row]) -> None:
        """Change rows now, each at most once: they leave the window in which they were."""
        now = self._now()
        for row in rows:
            if row.key not in self._drifted:
                self._drifted[row.key] = row.changed(now, next(self._numbers))

    def _now_of(self, shop_id: int, rows: Iterable[Row], drifted: Iterable[Row]) -> list[Row]:
        now = self._now()
        found = [row for row in rows if row.is_current(now) and not self._is_past(row)]
        found += [row for row in drifted if row.shop_id == shop_id and row.is_current(now)]
        return sorted(found, key=self._place)

    def _is_past(self, row: Row) -> bool:
        """Return whether a row has drifted since."""
        return row.key in self._drifted and self._drifted[row.key].modified >= row.modified
