"""A unit, the smallest thing that can land or fail, and what the ledger knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from include.periods import Period

# The shop of a job that has none.
NO_SHOP = "-"


@dataclass(frozen=True)
class Unit:
    """One (job, shop, period)."""

    job_id: str
    shop_id: str
    period: Period

    def __str__(self) -> str:
        """Name it as messages do."""
        shop = "" if self.shop_id == NO_SHOP else f" {self.shop_id}"
        return f"{self.job_id}{shop} {self.period.key}"


@dataclass(frozen=True)
class LedgerRow:
    """A row of the ledger; times are aware (UTC)."""

    job_id: str
    shop_id: str
    period_key: str
    period_start: datetime
    period_end: datetime
    state: str
    rows: int | None
    attempts: int
    exit_code: int | None
    error: str | None
    run_id: str | None
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took, once it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()
