"""How often the rows of a unit were others since it landed first: its revision, and the last drift.

A unit that lands again with the rows that it has keeps its revision. Where whoever lands it cannot
say what there was, each landing is taken for a change.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from include.units.unit import Drift


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
