"""How often the rows of a unit were others since it landed first: its revision, and the last drift.

A unit that lands again with the rows that it has keeps its revision. Where whoever lands it cannot
say what there was, each landing is taken for a change.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func

from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping


class Drift(NamedTuple):
    """What a landing has changed of the rows that a unit had.

    Attributes:
        before: how many there were.
        rows: how many there are.
        changed: how many are new, are gone, or differ.
    """

    before: int
    rows: int
    changed: int

    @classmethod
    def between(cls, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Drift:
        """Compare rows by their keys."""
        keys = before.keys() | after.keys()
        changed = sum(before.get(key) != after.get(key) for key in keys)
        return cls(len(before), len(after), changed)

    def __str__(self) -> str:
        """Say it in short: `12 -> 15 rows (+3), 4 changed`."""
        step = f" ({self.rows - self.before:+,})" if self.rows != self.before else ""
        return f"{self.before:,} -> {self.rows:,} rows{step}, {self.changed:,} changed"


def revised(drift: Drift | None) -> dict[str, Any]:
    """Return the columns of the ledger that a landing changes; None: it is unknown what it does."""
    raised = {"revision": func.coalesce(ledger.c.revision, 0) + 1}
    if drift is None:
        return raised | {"rows_before": None, "rows_changed": None, "restated_at": None}
    if not drift.changed:
        return {}
    return raised | {
        "rows_before": drift.before,
        "rows_changed": drift.changed,
        "restated_at": datetime.now(timezone.utc),
    }
