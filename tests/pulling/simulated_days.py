"""Pulls against a sandbox, all by one clock that is moved by hand."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from include.gateways.fields import SHANGHAI
from include.gateways.limiter import Limit
from include.platforms.feed.dialect import FeedDialect
from include.platforms.jd import orders as jd_orders
from include.pulling import pull
from include.registry import load_registry
from include.registry.airflow_objects import connections
from include.registry.platforms import PLATFORMS
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
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

JOBS = load_registry(ROOT)
SEED = 1
DAY = timedelta(days=1)
R = TypeVar("R", bound="Runs")


class Ran(NamedTuple):
    """How a run went.

    Attributes:
        code: of the pull, before what landed was judged.
        said: all that was printed, and what the judgement found.
    """

    code: int
    said: str


class Runs:
    """One warehouse beside a sandbox, and runs of jobs.

    Args:
        url: of the warehouse, empty.
        folder: for what runs write.

    Attributes:
        now: by everybody's clock; the wall clock of Asia/Shanghai.
        behind: how far the sandbox's lists are behind.
        base_url: of the sandbox.
        connections: the fields of those that are not as delivered, by id.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.now = datetime(2025, 10, 3, 8)
        self.behind = timedelta()
        self.base_url = ""
        self.connections: dict[str, dict[str, str]] = {}
        self.engine = connect(url)
        self._url, self._folder, self._runs = url, folder, 0

    def clock(self) -> datetime:
        """Return the moment, aware."""
        return self.now.replace(tzinfo=SHANGHAI)

    def pull(
        self, units: Sequence[Unit], work: Callable[[], int], *, again: bool = False, **more: str
    ) -> Ran:
        """Pull units of one job and period as the runner does, with more of its environment."""
        self._runs += 1
        ledger = Ledger(self.engine, f"run {self._runs}")
        ledger.expect(units)
        ledger.begin(units if again else ledger.open_units(units))
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
            for name, value in {**self._environment(units), **more}.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(said):
                code = work()
        return Ran(code, said.getvalue())

    def row(self, job_id: str, shop: str, key: str) -> LedgerRow:
        """Return a unit's row of the ledger."""
        rows = Ledger(self.engine).rows(job_id, key)
        return next(row for row in rows if row.shop_id == shop)

    def _environment(self, units: Sequence[Unit]) -> dict[str, str]:
        given = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields)
            for name, fields in {**connections(self.base_url), **self.connections}.items()
        }
        return {
            **given,
            "SCHEDULER_VAR": str(self._folder),
            "WAREHOUSE_URL": self._url,
            "JOB_ID": units[0].job_id,
            "PERIOD_KEY": units[0].period.key,
            "SHOPS": ",".join(unit.shop_id for unit in units),
            "RUN_ID": f"run {self._runs}",
            "GATEWAY_ATTEMPTS": "2",
            "GATEWAY_PAUSE_SECONDS": "0.01",
        }


@contextlib.contextmanager
def served(runs: R) -> Iterator[R]:
    """Serve a sandbox by the clock of the runs, without the platforms' limits."""
    with pytest.MonkeyPatch.context() as patch:
        # It reckons by this machine's clock which changes the platform still shows.
        patch.setattr(jd_orders, "_horizon", lambda: runs.now - 90 * DAY)
        with serve(SEED, lambda: runs.now - runs.behind, allowances=[WIDE]) as runs.base_url:
            yield runs
    runs.engine.dispose()


class Days(Runs):
    """Runs of any job morning after morning, of which what landed is judged."""

    def run(self, job_id: str, key: str, *shops: str) -> Ran:
        """Pull a period of some shops, and judge what has landed, as the runner does."""
        job = JOBS.jobs[job_id]
        units = [Unit(job_id, shop, job.schedule.parse_key(key)) for shop in shops]
        ran = self.pull(units, partial(self._pull, job_id))
        ledger = Ledger(self.engine, f"run {self._runs}")
        ledger.settle(units, ran.code, "it failed")
        assert job.checks is not None
        found = judge(ledger, job.checks, units)
        return Ran(ran.code, "\n".join([ran.said, *(line for _, line in found.lines())]))

    def mornings(self, job_id: str, first: str, count: int, *shops: str) -> list[Ran]:
        """Run a daily job for days in a row, each on the morning after."""
        ran = []
        for number in range(count):
            day = date.fromisoformat(first) + number * DAY
            self.now = datetime.combine(day + DAY, self.now.time())
            ran.append(self.run(job_id, day.isoformat(), *shops))
        return ran

    def journal(self) -> str:
        """Return what the journal says."""
        return (self._folder / "logs/scheduler.log").read_text("utf-8")

    def _pull(self, job_id: str) -> int:
        if job_id not in ("erp_store", "jd_store", "pdd_quality"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(pdd_feed, "pull", partial(pull, clock=self.clock))
                patch.setattr(FeedDialect, "limits", (Limit(1000, 1),))
                return pdd_feed.main(JOBS.jobs[job_id].args)
        seen = pdd_quality.statuses_seen(self.now) if job_id == "pdd_quality" else ()
        wide: dict[str, tuple[Any, Any, str, Any]] = {
            "erp_store": (WideErp, erp_store.Erp().fetch, "erp", erp_store.ORDERS.control),
            "jd_store": (WideJd, jd_store.fetch, "jd", jd_store.ORDERS.control),
            "pdd_quality": (WidePdd, partial(pdd_quality.fetch, seen=seen), "pdd", None),
        }
        dialect, fetch, platform, control = wide[job_id]
        return pull(dialect, fetch, lag=PLATFORMS[platform].lag, control=control, clock=self.clock)
