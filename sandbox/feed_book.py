"""What the feeds say at a moment: what is true of them, without the rows that have left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.feed_truth import rows_on

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

IDS = {"reviews": "review_id", "chat": "agent_id", "kpi": "agent_id"}


class Entry(NamedTuple):
    """A row, and what tells it from all others of the sandbox."""

    key: tuple[object, ...]
    row: dict[str, Any]


class FeedBook:
    """The rows of the feeds of one sandbox."""

    def __init__(self, seed: int) -> None:
        """Begin with all rows of a seed."""
        self._seed = seed
        self._gone: set[tuple[object, ...]] = set()

    def entries(self, feed: str, number: int, period: str, first_day: date) -> list[Entry]:
        """Return the rows of a shop's period that are there; arguments as those of `rows_on`."""
        rows = rows_on(feed, number, period, first_day, self._seed)
        found = [Entry((feed, number, period, first_day, row[IDS[feed]]), row) for row in rows]
        return [entry for entry in found if entry.key not in self._gone]

    def leave(self, entries: Iterable[Entry]) -> None:
        """Take rows away: a review is hidden, an agent is taken off the list."""
        self._gone.update(entry.key for entry in entries)
