"""Mornings on which a job pulls from a sandbox, held against the sandbox's truth."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from include.pulling import pull
from include.registry.platforms import PLATFORMS
from include.scripts.erp import erp_store
from include.scripts.jd import jd_store
from include.scripts.pdd import pdd_quality
from include.units.unit import Unit
from tests.pull_jobs import (
    ERP,
    JD,
    PDD,
    PullJob,
    Rows,
    WideErp,
    WideJd,
    WidePdd,
    compared,
    names_of,
)
from tests.pulling.simulated_days import DAY, JOBS, SEED, Runs
from tests.sandbox import truth

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry import Shop

SCHEDULED = {ERP.id: time(7), JD.id: time(7, 30), PDD.id: time(8)}
DAYS_OF = {ERP.id: "order_day", JD.id: "order_day", PDD.id: "created_day"}
MADE_ON: dict[str, Any] = {
    ERP.id: truth.ERP.made_on,
    JD.id: truth.JD.made_on,
    PDD.id: truth.PDD.made_on,
}
CANCELLED = {ERP.id: "Cancelled", JD.id: "TRADE_CANCELED"}
REFUNDED = 10


class Mornings(Runs):
    """Runs of one job of which what landed is held against the sandbox's truth.

    Args:
        job: whose runs.
        url: of the warehouse, empty.
        folder: for what runs write.

    Attributes:
        shops: those that are pulled; all of the platform, unless somebody narrows them.
        said: all that the last run printed.
    """

    def __init__(self, job: PullJob, url: str, folder: Path) -> None:
        super().__init__(url, folder)
        self.job = job
        self.shops: list[Shop] = JOBS.shops_of(JOBS.jobs[job.id])
        self.said = ""

    def schedule(self, day: date) -> int:
        """Run a day at its time on the morning after."""
        self.now = datetime.combine(day + DAY, SCHEDULED[self.job.id])
        return self.run(day.isoformat())

    def run(self, key: str, *, again: bool = False, **more: str) -> int:
        """Pull a period by the clock as it stands; gives the exit code."""
        period = JOBS.jobs[self.job.id].schedule.parse_key(key)
        units = [Unit(self.job.id, shop.id, period) for shop in self.shops]
        code, self.said = self.pull(units, self._pull, again=again, **more)
        return code

    def landed(self, shop: Shop, day: date) -> Rows:
        """Return the rows of a shop's business day in the warehouse."""
        table = self.job.table
        mine = table.c.shop_id == shop.id, table.c[DAYS_OF[self.job.id]] == day
        with self.engine.connect() as connection:
            rows = connection.execute(select(table).where(*mine)).mappings().all()
        return compared(self.job, rows, {name: name for name in names_of(self.job)})

    def truth(self, shop: Shop, day: date, as_of: datetime) -> Rows:
        """Return the rows that the shop has of its day as of a moment."""
        rows = MADE_ON[self.job.id](int(shop.platform_id), day, SEED, as_of)
        return compared(self.job, rows, names_of(self.job))

    def check(self, day: date) -> None:
        """Compare each shop's day with the truth as of now: the rows, the view, the ledger."""
        for shop in self.shops:
            landed = self.landed(shop, day)
            assert landed == self.truth(shop, day, self.now), (shop.id, day, self.now)
            made = MADE_ON[self.job.id](int(shop.platform_id), day, SEED, self.now)
            assert self._view(shop, day) == self._summed(made), (shop.id, day, self.now)

    def _view(self, shop: Shop, day: date) -> dict[str, int]:
        view = "pdd_quality_daily" if self.job is PDD else f"{self.job.id}_daily"
        query = text(f"SELECT * FROM {view} WHERE shop_id = :shop AND business_day = :day")  # noqa: S608 - ours
        with self.engine.connect() as connection:
            (row,) = connection.execute(query, {"shop": shop.id, "day": str(day)}).mappings()
        amounts = {"paid_amount", "refund_amount", "refunded_amount"}
        cents = {name: round(row[name] * 100) for name in row if name in amounts}
        counts = ("orders", "paid_orders", "cancelled_orders", "refunds", "disputes")
        return {**{name: int(row[name]) for name in counts if name in row}, **cents}

    def _summed(self, made: list[dict[str, Any]]) -> dict[str, int]:
        """Reckon from the rows of a day what its view must say."""
        if self.job is PDD:
            refunded = [row for row in made if row["after_sales_status"] == REFUNDED]
            return {
                "refunds": len(made),
                "disputes": sum(row["dispute_refund_status"] != 0 for row in made),
                "refund_amount": int(sum(row["refund_amount"] for row in made) * 100),
                "refunded_amount": int(sum(row["refund_amount"] for row in refunded) * 100),
            }
        names = self.job.names
        cancelled = CANCELLED[self.job.id]
        return {
            "orders": len(made),
            "paid_orders": sum(row[names["pay_time"]] is not None for row in made),
            "cancelled_orders": sum(row[names["status"]] == cancelled for row in made),
            "paid_amount": int(sum(row[names["paid_amount"]] for row in made) * 100),
        }

    def _pull(self) -> int:
        dialects: dict[str, tuple[Any, Any]] = {
            ERP.id: (WideErp, erp_store.Erp().fetch),
            JD.id: (WideJd, jd_store.fetch),
            PDD.id: (WidePdd, pdd_quality.fetch),
        }
        return pull(*dialects[self.job.id], lag=PLATFORMS[self.job.dialect].lag, clock=self.clock)
