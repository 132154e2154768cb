"""The values of the ledger's rows, as they are written."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.units.unit import Unit

ERROR_LIMIT = 4_000


def window(unit: Unit) -> dict[str, Any]:
    """Return when a unit's period starts and ends."""
    return {"period_start": unit.period.start, "period_end": unit.period.end}


def pending(unit: Unit) -> dict[str, Any]:
    """Return the row of a unit that nobody has begun."""
    return {
        "job_id": unit.job_id,
        "shop_id": unit.shop_id,
        "period_key": unit.period.key,
        **window(unit),
        "state": "pending",
        "attempts": 0,
    }


def ended(state: str, exit_code: int, error: str | None = None) -> dict[str, Any]:
    """Return what changes when an attempt ends."""
    return {
        "state": state,
        "exit_code": exit_code,
        "error": error[:ERROR_LIMIT] if error else None,
        "finished_at": datetime.now(timezone.utc),
    }
