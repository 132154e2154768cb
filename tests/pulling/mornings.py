"""Mornings on which jobs pull from a sandbox, all by one clock that is moved by hand."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from include.gateways.fields import SHANGHAI
from include.gateways.paging import LAGS
from include.platforms.jd import orders as jd_orders
from include.pulling import pull
from include.registry import Shop, load_registry
from include.registry.airflow_objects import connections
from include.scripts.erp import erp_store
from include.scripts.jd import jd_store
from include.scripts.pdd import pdd_quality
from include.units.ledger import Ledger
from include.units.unit import LedgerRow, Unit
from include.warehouse import connect
from tests.conftest import WIDE
from tests.pull_jobs import (
    ERP,
    JD,
    PDD,
    ROOT,
    PullJob,
    Rows,
    WideErp,
    WideJd,
    WidePdd,
    compared,
    names_of,
)
from tests.sandbox import truth
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = 1
DAY = timedelta(days=1)
SCHEDULED = {ERP.id: time(7), JD.id: time(7, 30), PDD.id: time(8)}
DAYS_OF = {ERP.id: "order_day", JD.id: "order_day", PDD.id: "created_day"}
MADE_ON: dict[str, Any] = {
    ERP.id: truth.ERP.made_on,
    JD.id: truth.JD.made_on,
    PDD.id: truth.PDD.made_on,
}
CANCELLED = {ERP.id: "Cancelled", JD.id: "TRADE_CANCELED"}
REFUNDED = 10


class Mornings:
    """One warehouse beside a sandbox, and runs of a job.

    Args:
        job: whose runs.
        url: of the warehouse, empty.
        folder: for what runs write.

    Attributes:
        now: by the clock of the runs; the wall clock of Asia/Shanghai.
        behind: how far the sandbox's lists are behind.
        shops: those that are pulled; all of the platform, unless somebody narrows them.
        base_url: of the sandbox.
    """

    def __init__(self, job: PullJob, url: str, folder: Path) -> None:
        self.job = job
        self.now = datetime(2025, 10, 3)
        self.behind = timedelta()
        self.base_url = ""
        self.registry = load_registry(ROOT)
        self.shops: list[Shop] = self.registry.shops_of(self.registry.jobs[job.id])
        self.engine = connect(url)
        self._url, self._folder, self._runs = url, folder, 0

    def schedule(self, day: date) -> int:
        """Run a day at its time on the morning after."""
        self.now = datetime.combine(day + DAY, SCHEDULED[self.job.id])
        return self.run(day.isoformat())

    def run(self, key: str, *, again: bool = False, **more: str) -> int:
        """Pull a period as the runner does, by the clock as it stands; gives the exit code."""
        self._runs += 1
        period = self.registry.jobs[self.job.id].schedule.parse_key(key)
        ledger = Ledger(self.engine, f"run {self._runs}")
        units = [Unit(self.job.id, shop.id, period) for shop in self.shops]
        ledger.expect(units)
        ledger.begin(units if again else ledger.open_units(units))
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self._environment(key), **more}.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = self._pull()
        self.said = said.getvalue()
        return code

    def row(self, shop: Shop, key: str) -> LedgerRow:
        """Return a unit's row of the ledger."""
        rows = Ledger(self.engine).rows(self.job.id, key)
        return next(row for row in rows if row.shop_id == shop.id)

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

    def _environment(self, key: str) -> dict[str, str]:
        given = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields)
            for name, fields in connections(self.base_url).items()
        }
        return {
            **given,
            "SCHEDULER_VAR": str(self._folder),
            "WAREHOUSE_URL": self._url,
            "JOB_ID": self.job.id,
            "PERIOD_KEY": key,
            "SHOPS": ",".join(shop.id for shop in self.shops),
            "RUN_ID": f"run {self._runs}",
            "GATEWAY_ATTEMPTS": "2",
            "GATEWAY_PAUSE_SECONDS": "0.01",
        }

    def _pull(self) -> int:
        def clock() -> datetime:
            return self.now.replace(tzinfo=SHANGHAI)

        lag = LAGS[self.job.dialect]
        if self.job is ERP:
            return pull(WideErp, erp_store.Erp().fetch, lag=lag, clock=clock)
        if self.job is JD:
            return pull(WideJd, jd_store.fetch, lag=lag, clock=clock)
        return pull(WidePdd, pdd_quality.fetch, lag=lag, clock=clock)


@contextlib.contextmanager
def mornings(job: PullJob, url: str, folder: Path) -> Iterator[Mornings]:
    """Serve a sandbox by the clock of the runs, without the platforms' limits."""
    made = Mornings(job, url, folder)
    with pytest.MonkeyPatch.context() as patch:
        # It reckons by this machine's clock which changes the platform still shows.
        patch.setattr(jd_orders, "_horizon", lambda: made.now - 90 * DAY)
        with serve(SEED, lambda: made.now - made.behind, allowances=[WIDE]) as made.base_url:
            yield made
    made.engine.dispose()
