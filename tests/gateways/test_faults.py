"""Every fault in every dialect: what a run heals, how it ends else, and that nothing is lost.

The jobs run as their scripts do, in this process and without the waits of their rate limits;
`test_a_run_as_a_process…` and the campaign start real ones.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sandbox.faults import FAULTS
from sandbox.feed_truth import rows_on
from tests.conftest import HTTP, WIDE, Sandbox
from tests.pull_jobs import (
    CHAT,
    ERP,
    JD,
    KPI_DAILY,
    PDD,
    REVIEW,
    PullJob,
    Rows,
    Unit,
    Warehouse,
)
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OK, FAILED, TEMPORARY, REFUSED = 0, 1, 75, 77
ALWAYS = 10**6
# 京东 shows the last three months only: what is pulled here lies a few days back.
NOW = datetime.now(timezone(timedelta(hours=8))).replace(tzinfo=None, microsecond=0)


def days() -> list[str]:
    """Return days a few back on which each shop of the tests has reviews for more than a page."""
    candidates = [(NOW - timedelta(days=number)).date() for number in range(3, 60)]
    return [
        day.isoformat()
        for day in candidates
        if all(len(rows_on("reviews", shop, "day", day, 1)) > 10 for shop in (20001, 20003))
    ]


DAYS = days()
DAY = DAYS[0]
PATIENCE = {
    "GATEWAY_TIMEOUT_SECONDS": "1",
    "GATEWAY_ATTEMPTS": "2",
    "GATEWAY_PAUSE_SECONDS": "0.01",
}
# What a run ends with when a fault strikes once, where it does not heal it by itself; 0 otherwise.
AFTER_ONE = {
    "missing_field": FAILED,
    "wrong_type": FAILED,
    ("limit", "jd"): TEMPORARY,  # its only limit is the day's quota
    ("expired_token", "feeds"): REFUSED,  # there is nothing to refresh it with
}
# And when it strikes every time; temporary otherwise.
AFTER_ALL = {
    "slow_clock": OK,  # the days that are pulled here were over long ago
    "missing_field": FAILED,
    "wrong_type": FAILED,
    ("expired_token", "feeds"): REFUSED,  # the others are given new ones, if in vain
    "duplicate_rows": OK,
    "shifting_rows": OK,
    ("shifting_rows", REVIEW.id): TEMPORARY,  # no two answers count as many rows
    ("shifting_rows", CHAT.id): TEMPORARY,
}
# What a person is told to do.
ADVICE = {
    FAILED: r"field",
    TEMPORARY: r"again|tomorrow|later",
    REFUSED: r"connection (erp|jd_1|pdd_1|pdd_feed)\b",
}
# The days that are left for rows to shift, by job; what is true of the one that stays.
SHIFTED: dict[str, Iterator[str]] = {}
TRUTHS: dict[tuple[str, str, bool], Rows] = {}
JOBS_HERE = [ERP, JD, PDD, REVIEW]
OTHER_FEEDS = [CHAT, KPI_DAILY]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve a sandbox that stands still; what a fault changes in it is true from then on."""
    with serve(clock=lambda: NOW, allowances=[WIDE]) as base_url:
        yield base_url


@contextmanager
def warehouse_beside(
    base_url: str, warehouse_url: str, folder: Path, patience: dict[str, str]
) -> Iterator[Warehouse]:
    """Open an empty warehouse beside a sandbox, whose tokens are as they were in the beginning."""
    for platform in ("erp", "jd", "pdd"):
        wish = {"platform": platform}
        HTTP.post(f"{base_url}/sandbox/tokens/authorise", json=wish).raise_for_status()
    warehouse = Warehouse(base_url, folder, warehouse_url, patience)
    yield warehouse
    Sandbox(base_url).clear()
    warehouse.close()


@pytest.fixture
def warehouse(base_url: str, warehouse_url: str, tmp_path: Path) -> Iterator[Warehouse]:
    """Return an empty warehouse beside the sandbox."""
    with warehouse_beside(base_url, warehouse_url, tmp_path, dict(PATIENCE)) as warehouse:
        yield warehouse


class Case:
    """One fault against one unit."""

    def __init__(self, warehouse: Warehouse, job: PullJob, fault: str, *, here: bool) -> None:
        self.warehouse, self.fault, self.here = warehouse, fault, here
        self.sandbox = Sandbox(warehouse.base_url)
        self.unit = Unit.of(job, DAY)
        if fault == "shifting_rows":
            # What has shifted stays so: no other case is about that shop's day.
            day = next(SHIFTED.setdefault(job.id, iter(DAYS)))
            self.unit = Unit.of(job, day, place=2 if job.dialect == "feeds" else 1)
        self.before = self.truth()
        assert self.before, "a period without rows proves nothing"

    def run(self, times: int) -> int:
        """Run with the fault armed; gives the exit code, held against ledger and warehouse."""
        self.sandbox.arm(self.fault, self.unit.job.dialect, times=times)
        code, output = self._run()
        struck = self.sandbox.armed()[0]["struck"]
        assert struck == 1 if times == 1 else struck > 0
        self.sandbox.clear()
        row = self.warehouse.row(self.unit)
        if code == OK:
            assert (row.state, row.exit_code) == ("ok", OK)
            self.check()
        else:
            assert (row.state, row.exit_code) == ("failed", code), output
            assert self.landed() == {}
            assert self.unit.shop.id in output
            assert re.search(ADVICE[code], row.error or ""), row.error
        return code

    def recover(self) -> None:
        """Run again without any fault: all is there, whether it was there before or not."""
        code, output = self._run()
        assert code in (OK, 99), output
        assert self.warehouse.row(self.unit).state == "ok"
        self.check()

    def check(self) -> None:
        """Compare the warehouse with the truth, to the row.

        What changed while it was pulled, and so left the window, is there or not, in the state in
        which it was or is; the period on which it changed brings it.
        """
        landed, after = self.landed(), self.truth()
        assert all(row in (self.before.get(key), after.get(key)) for key, row in landed.items())
        assert after.keys() <= landed.keys()
        if self.fault != "shifting_rows":
            assert landed == after == self.before

    def landed(self) -> Rows:
        """Return the rows that are there."""
        return self.warehouse.landed(self.unit)

    def truth(self) -> Rows:
        """Return the rows as they are now: of a day that nothing shifts, as they ever are."""
        truth = partial(self.warehouse.truth, self.unit, here=self.here)
        if self.fault == "shifting_rows":
            return truth()
        key = self.warehouse.base_url, self.unit.job.id, self.here
        if key not in TRUTHS:
            TRUTHS[key] = truth()
        return TRUTHS[key]

    def _run(self) -> tuple[int, str]:
        run = self.warehouse.run_here if self.here else self.warehouse.run
        return run(self.unit)


def expected(table: dict[object, int], case: Case, otherwise: int) -> int:
    """Look a case up: by fault and job, by fault and dialect, then by fault."""
    job = case.unit.job
    for known in ((case.fault, job.id), (case.fault, job.dialect), case.fault):
        if known in table:
            return table[known]
    return otherwise


def run_once(case: Case) -> None:
    """Have the fault strike one request; then run again without it."""
    assert case.run(times=1) == expected(AFTER_ONE, case, OK)
    case.recover()


def run_always(case: Case) -> None:
    """Have the fault strike every request; then run again without it."""
    case.warehouse.patience["GATEWAY_DEADLINE_SECONDS"] = "8"
    assert case.run(times=ALWAYS) == expected(AFTER_ALL, case, TEMPORARY)
    del case.warehouse.patience["GATEWAY_DEADLINE_SECONDS"]
    case.recover()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", JOBS_HERE, ids=lambda job: job.id)
def test_a_fault_that_strikes_once(job: PullJob, fault: str, warehouse: Warehouse) -> None:
    """Most are healed within the run; else nothing is half there, and the next run is whole."""
    if (job, fault) == (PDD, "limit"):
        pytest.skip("the campaign waits for its ten seconds")
    run_once(Case(warehouse, job, fault, here=True))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", JOBS_HERE, ids=lambda job: job.id)
def test_a_fault_that_stays(job: PullJob, fault: str, warehouse: Warehouse) -> None:
    """The unit ends as the design says, says what to do, and is whole once the fault is gone."""
    run_always(Case(warehouse, job, fault, here=True))


@pytest.mark.campaign
@pytest.mark.parametrize("strike", [run_once, run_always])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", OTHER_FEEDS, ids=lambda job: job.id)
def test_a_fault_of_another_feed(
    job: PullJob, fault: str, strike: Callable[[Case], None], warehouse: Warehouse
) -> None:
    """Feeds with a cursor, and without a total, lose nothing either."""
    strike(Case(warehouse, job, fault, here=True))


def test_a_run_as_a_process_heals_what_strikes_once(warehouse: Warehouse) -> None:
    """The runner and the script as they are, with the platform's own rate limits."""
    run_once(Case(warehouse, ERP, "reset_in_body", here=False))


@pytest.mark.parametrize(
    ("job", "fault"),
    [(JD, "html"), (REVIEW, "expired_token"), (ERP, "missing_field")],
    ids=["temporary", "refused", "failed"],
)
def test_a_run_as_a_process_ends_as_the_design_says(
    job: PullJob, fault: str, warehouse: Warehouse
) -> None:
    """The runner passes the exit code on."""
    run_always(Case(warehouse, job, fault, here=False))


@pytest.mark.campaign
@pytest.mark.parametrize("strike", [run_once, run_always])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", [ERP, JD, REVIEW, CHAT, KPI_DAILY], ids=lambda job: job.id)
def test_every_fault_against_processes(
    job: PullJob, fault: str, strike: Callable[[Case], None], warehouse: Warehouse
) -> None:
    """The whole matrix again, each run as the operator and the command line start it."""
    strike(Case(warehouse, job, fault, here=False))


@pytest.mark.campaign
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("fault", "after"),
    # Of the calls, few bring rows that could shift.
    [("limit", 500), ("reset_in_body", 500), ("expired_token", 500), ("shifting_rows", 20)],
)
def test_faults_against_a_whole_day_of_after_sales(
    fault: str, after: int, warehouse: Warehouse
) -> None:
    """1,200 calls at the shop's own rate limit, and the fault somewhere among them."""
    case = Case(warehouse, PDD, fault, here=False)
    case.sandbox.arm(fault, "pdd", times=3, after=after)
    code, output = case.warehouse.run(case.unit)
    assert [one["struck"] for one in case.sandbox.armed()] == [3], output
    case.sandbox.clear()
    assert code in (OK, TEMPORARY, REFUSED), output
    case.recover()
