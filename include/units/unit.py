"""A unit: one job, shop and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.periods import Period

# A repair's runs are named after their period and counted, so that of two that are asked for at
# the same time Airflow takes one.
REPAIR_PREFIX = "repair__"
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
        return named(self.job_id, self.shop_id, self.period.key)


def named(job_id: str, shop_id: str, period_key: str) -> str:
    """Return the name of a unit in messages."""
    shop = "" if shop_id == NO_SHOP else f" {shop_id}"
    return f"{job_id}{shop} {period_key}"
