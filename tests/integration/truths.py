"""What the sandbox would tell of a shop's period, to hold the warehouse against."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox import feed_truth
from tests.sandbox import truth

if TYPE_CHECKING:
    from datetime import datetime

    from include.periods import Period
    from include.registry import Job

SHANGHAI = ZoneInfo("Asia/Shanghai")
SEED = 1
ORDERS = {"erp_store": truth.ERP, "jd_store": truth.JD, "pdd_quality": truth.PDD}
FEEDS = {
    "pdd_review": "reviews",
    "pdd_chat": "chat",
    **dict.fromkeys(("pdd_kpi_daily", "pdd_kpi_weekly", "pdd_kpi_monthly"), "kpi"),
}


def own_rows(job: Job, number: int, period: Period, as_of: datetime) -> int | None:
    """Count the rows that were made in a shop's period: what it lands, whenever it is pulled.

    None for a job that was added since: its own tests know its rows.
    """
    now = as_of.astimezone(SHANGHAI).replace(tzinfo=None)
    day = period.first_day
    if job.id in ORDERS:
        return len(ORDERS[job.id].made_on(number, day, SEED, now))
    if job.id in FEEDS:
        return len(feed_truth.rows_on(FEEDS[job.id], number, job.period, day, SEED))
    return None
