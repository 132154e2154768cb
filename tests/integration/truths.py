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


def own_rows(job: Job, number: int, period: Period, as_of: datetime) -> int:
    """Count the rows that were made in a shop's period: what it lands, whenever it is pulled."""
    now = as_of.astimezone(SHANGHAI).replace(tzinfo=None)
    day = period.first_day
    if job.id == "erp_store":
        return len(truth.ERP.made_on(number, day, SEED, now))
    if job.id == "jd_store":
        return len(truth.JD.made_on(number, day, SEED, now))
    if job.id == "pdd_quality":
        return len(truth.PDD.made_on(number, day, SEED, now))
    feed = {"pdd_review": "reviews", "pdd_chat": "chat"}.get(job.id, "kpi")
    return len(feed_truth.rows_on(feed, number, job.period, day, SEED))
