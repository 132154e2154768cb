"""What a platform's rows are at its clock, and their drift between pages."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from sandbox.chance import DAYS_OF_CHANGE
from sandbox.world import days

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from datetime import date

    from typing_extensions import Self

LAST_SECOND = timedelta(days=1) - timedelta(seconds=1)
BY_CHANGE = attrgetter("modified", "key")


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


@dataclass(frozen=True)
class History(Generic[Row]):
    """All that the rows of one platform ever are.

    Attributes:
        versions_of: returns every version of the rows that were made on a day, by shop, day and
            seed.
        told: returns a version with exact amounts and times, as a pull must bring it.
        place: returns what the rows are ordered by; it grows with `modified`.
    """

    versions_of: Callable[[int, date, int], Sequence[Row]]
    told: Callable[[Row], dict[str, Any]]
    place: Callable[[Row], Any] = BY_CHANGE

    def changes(self, shop_id: int, first: datetime, last: datetime, seed: int) -> Iterator[Row]:
        """Yield every change from one second to another, both included, in order."""
        for day in days(first, last):
            changes, moments = _changes_on(self, shop_id, day, seed)
            yield from changes[bisect_left(moments, first) : bisect_right(moments, last)]

    def made(self, shop_id: int, first: datetime, last: datetime, seed: int) -> Iterator[Row]:
        """Yield every version of the rows that were made from one second to another."""
        for day in days(first, last):
            for version in self.versions_of(shop_id, day, seed):
                if first <= version.created <= last:
                    yield version


@lru_cache(maxsize=1024)
def _changes_on(
    history: History[Row], shop_id: int, day: date, seed: int
) -> tuple[Sequence[Row], Sequence[datetime]]:
    """Return every change on a day, of all rows young enough to change on it, and their times."""
    births = (day - timedelta(days=age) for age in range(DAYS_OF_CHANGE + 1))
    changes = (
        version
        for birth in births
        for version in history.versions_of(shop_id, birth, seed)
        if version.modified.date() == day
    )
    ordered = sorted(changes, key=history.place)
    return ordered, [version.modified for version in ordered]


class Book(Generic[Row]):
    """What the rows of one platform are as of a clock.

    Args:
        history: all that they ever are.
        seed: of the sandbox.
        now: returns the wall clock of Asia/Shanghai, in whole seconds.
    """

    def __init__(self, history: History[Row], seed: int, now: Callable[[], datetime]) -> None:
        self._history = history
        self._seed = seed
        self._now = now
        self._drifted: dict[Hashable, Row] = {}
        self._numbers = count()

    def current(self, shop_id: int, first: datetime, last: datetime) -> list[Row]:
        """Return the rows last changed from one second to another, both included, in order."""
        drifted = [row for row in self._drifted.values() if first <= row.modified <= last]
        return self._now_of(
            shop_id, self._history.changes(shop_id, first, last, self._seed), drifted
        )

    def made(self, shop_id: int, first: datetime, last: datetime) -> list[Row]:
        """Return the rows made from one second to another, both included, in order."""
        drifted = [row for row in self._drifted.values() if first <= row.created <= last]
        return self._now_of(shop_id, self._history.made(shop_id, first, last, self._seed), drifted)

    def told(self, shop_id: int, day: date, by: str = "change") -> list[dict[str, Any]]:
        """Return the rows last changed on a day, or by `creation` those made on it, in order."""
        midnight = datetime.combine(day, time())
        found = self.made if by == "creation" else self.current
        return [self._history.told(row) for row in found(shop_id, midnight, midnight + LAST_SECOND)]

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
        return sorted(found, key=self._history.place)

    def _is_past(self, row: Row) -> bool:
        """Return whether a row has drifted since."""
        return row.key in self._drifted and self._drifted[row.key].modified >= row.modified


def as_text(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with amounts and times as text, as exact as they are."""
    return [
        {
            name: value if value is None or isinstance(value, int) else str(value)
            for name, value in row.items()
        }
        for row in rows
    ]
