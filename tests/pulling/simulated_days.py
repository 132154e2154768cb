"""Days of pulls against a sandbox, with a clock that is moved by hand."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from include.gateways.fields import SHANGHAI
from include.gateways.limiter import Limit
from include.gateways.paging import LAGS
from include.platforms.feed.dialect import FeedDialect
from include.platforms.jd import orders as jd_orders
from include.pulling import pull
from include.registry import load_registry
from include.registry.airflow_objects import connections
from include.row_checks import judge
from include.scripts.erp import erp_store
from include.scripts.jd import jd_store
from include.scripts.pdd import pdd_feed, pdd_quality
from include.units.ledger import Ledger
from include.units.unit import LedgerRow, Unit
from include.warehouse import connect
from tests.conftest import WIDE
from tests.pull_jobs import ROOT, WideErp, WideJd, WidePdd
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOBS = load_registry(ROOT)
DAY = timedelta(days=1)


class Ran(NamedTuple):
    """How a run went.

    Attributes:
        code: of the pull, before what landed was judged.
        said: all that was printed, and what the judgement found.
    """

    code: int
    said: str


class Days:
    """Shops of a sandbox, a warehouse, and the runs of jobs morning after morning.

    Attributes:
        now: by everybody's clock; the wall clock of Asia/Shanghai.
        connections: the fields of those that are not as delivered, by id.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.now = datetime(2025, 10, 3, 8)
        self.base_url = ""
        self.connections: dict[str, dict[str, str]] = {}
        self.engine = connect(url)
        self._url, self._folder = url, folder
        self._run = 0

    def run(self, job_id: str, key: str, *shops: str) -> Ran:
        """Pull a period of some shops, and judge what has landed, as the runner does."""
        job, self._run = JOBS.jobs[job_id], self._run + 1
        ledger = Ledger(self.engine, f"run {self._run}")
        units = [Unit(job_id, shop, job.schedule.parse_key(key)) for shop in shops]
        ledger.expect(units)
        ledger.begin(ledger.open_units(units))
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
            for name, value in self._environment(job_id, key, shops).items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(said):
                code = self._pull(job_id)
        ledger.settle(units, code, "it failed")
        assert job.checks is not None
        found = judge(ledger, job.checks, units)
        return Ran(code, "\n".join([said.getvalue(), *(line for _, line in found.lines())]))

    def mornings(self, job_id: str, first: str, count: int, *shops: str) -> list[Ran]:
        """Run a daily job for days in a row, each on the morning after."""
        ran = []
        for number in range(count):
            day = date.fromisoformat(first) + number * DAY
            self.now = datetime.combine(day + DAY, self.now.time())
            ran.append(self.run(job_id, day.isoformat(), *shops))
        return ran

    def row(self, job_id: str, shop: str, key: str) -> LedgerRow:
        """Return a unit's row of the ledger."""
        rows = Ledger(self.engine).rows(job_id, key)
        return next(row for row in rows if row.shop_id == shop)

    def journal(self) -> str:
        """Return what the journal says."""
        return (self._folder / "logs/scheduler.log").read_text("utf-8")

    def _environment(self, job_id: str, key: str, shops: tuple[str, ...]) -> dict[str, str]:
        given = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields)
            for name, fields in {**connections(self.base_url), **self.connections}.items()
        }
        return {
            **given,
            "SCHEDULER_VAR": str(self._folder),
            "WAREHOUSE_URL": self._url,
            "JOB_ID": job_id,
            "PERIOD_KEY": key,
            "SHOPS": ",".join(shops),
            "RUN_ID": f"run {self._run}",
            "GATEWAY_PAUSE_SECONDS": "0.01",
        }

    def _pull(self, job_id: str) -> int:
        def clock() -> datetime:
            return self.now.replace(tzinfo=SHANGHAI)

        wide: dict[str, Any] = {
            "erp_store": partial(pull, WideErp, lag=LAGS["erp"], control=erp_store.ORDERS.control),
            "jd_store": partial(pull, WideJd, lag=LAGS["jd"], control=jd_store.ORDERS.control),
            "pdd_quality": partial(pull, WidePdd, lag=LAGS["pdd"]),
        }
        if job_id == "erp_store":
            code: int = wide[job_id](erp_store.Erp().fetch, clock=clock)
        elif job_id == "jd_store":
            code = wide[job_id](jd_store.fetch, clock=clock)
        elif job_id == "pdd_quality":
            fetch = partial(pdd_quality.fetch, seen=pdd_quality.statuses_seen(self.now))
            code = wide[job_id](fetch, clock=clock)
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(pdd_feed, "pull", partial(pull, clock=clock))
                patch.setattr(FeedDialect, "limits", (Limit(1000, 1),))
                code = pdd_feed.main(JOBS.jobs[job_id].args)
        return code


@contextlib.contextmanager
def days(url: str, folder: Path) -> Iterator[Days]:
    """Serve a sandbox whose clock is that of the runs."""
    made = Days(url, folder)
    with pytest.MonkeyPatch.context() as patch:
        # It reckons from now which changes the platform shows.
        patch.setattr(jd_orders, "_horizon", lambda: made.now - 90 * DAY)
        with serve(clock=lambda: made.now, allowances=[WIDE]) as made.base_url:
            yield made
    made.engine.dispose()
