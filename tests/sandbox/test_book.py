"""A book gives rows as of its clock, and lets them drift at most once each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from sandbox.book import Book, History

START, NOON = datetime(2025, 10, 2), datetime(2025, 10, 7, 12)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Note:
    """The smallest row that changes."""

    key: int
    shop_id: int
    modified: datetime
    superseded: datetime = datetime(9999, 1, 1)
    created: datetime = START
    number: int = -1

    def is_current(self, now: datetime) -> bool:
        """Return whether it is what the row is at a moment."""
        return self.modified <= now < self.superseded

    def changed(self, now: datetime, number: int) -> Note:
        """Return the row after one more change."""
        return replace(self, modified=now, number=number)


class Clock:
    """A clock that the test sets."""

    now = NOON

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


def book_of(notes: list[Note], clock: Clock) -> Book[Note]:
    """Keep these notes."""

    def versions_of(shop: int, day: date, _: int) -> list[Note]:
        return [one for one in notes if one.shop_id == shop and one.created.date() == day]

    return Book(History(versions_of, asdict), 1, clock)


def test_rows_are_as_of_the_clock_and_in_order() -> None:
    """Only what is current, of one shop, in a window with both its ends."""
    later = START + 6 * DAY
    notes = [
        Note(1, 1, START + DAY),
        Note(2, 1, START, superseded=START + DAY / 2),
        Note(2, 1, START + DAY / 2),
        Note(3, 2, START),
        Note(4, 1, START, superseded=later),
        Note(4, 1, later),
    ]
    clock = Clock()
    book = book_of(notes, clock)
    assert [one.key for one in book.current(1, START, START + DAY)] == [4, 2, 1]
    clock.now = later
    assert [one.key for one in book.current(1, START, later)] == [2, 1, 4]


def test_rows_by_creation_are_those_made_in_a_window() -> None:
    """As they are now, whenever they changed last."""
    later = START + 6 * DAY
    notes = [
        Note(1, 1, START, superseded=later),
        Note(1, 1, later),
        Note(2, 1, START + DAY, created=START + DAY),
    ]
    clock = Clock()
    book = book_of(notes, clock)
    clock.now = later
    assert [one.modified for one in book.made(1, START, START + DAY / 2)] == [later]


def test_what_drifts_leaves_its_window_for_now() -> None:
    """Once each; whoever drifts again stays as it is, and no two changes share a number."""
    notes = [Note(key, 1, START + key * DAY / 10) for key in range(4)]
    book = book_of(notes, Clock())
    book.drift(notes[:2])
    book.drift(notes[1:3])
    assert [one.key for one in book.current(1, START, START + DAY)] == [3]
    drifted = book.current(1, NOON, NOON)
    assert [(one.key, one.number) for one in drifted] == [(0, 0), (1, 1), (2, 2)]


def test_a_later_change_of_its_own_ends_a_drift() -> None:
    """When the clock moves on, the row is what its history says."""
    later = NOON + DAY
    made = NOON - DAY
    notes = [Note(1, 1, made, superseded=later, created=made), Note(1, 1, later, created=made)]
    clock = Clock()
    book = book_of(notes, clock)
    book.drift(notes[:1])
    assert [one.modified for one in book.current(1, START, later)] == [NOON]
    clock.now = later + DAY
    assert [one.modified for one in book.current(1, START, later)] == [later]
