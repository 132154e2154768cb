"""Runs of every pull job, killed with -9 amid faults: nothing half there, and in the end all."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.registry import load_registry
from sandbox.faults import FAULTS
from tests.conftest import HTTP, Sandbox
from tests.killing import kill_one
from tests.pull_jobs import (
    CHAT,
    ERP,
    JD,
    JOBS,
    KPI_DAILY,
    KPI_MONTHLY,
    KPI_WEEKLY,
    PDD,
    REVIEW,
    ROOT,
    PullJob,
    Rows,
    Unit,
    Warehouse,
)
from tests.runner import ForkedScript, run
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NOW = datetime.now(timezone(timedelta(hours=8))).replace(tzinfo=None, microsecond=0)
# Of a call that was killed it is taken that the gateway has seen it within the timeout; on a busy
# machine the sandbox may take its seconds.
PATIENCE = {
    "GATEWAY_TIMEOUT_SECONDS": "6",
    "GATEWAY_ATTEMPTS": "3",
    "GATEWAY_PAUSE_SECONDS": "0.05",
}
# How long a run takes at most when nothing happens to it: the rate limit of after-sales is slow.
LONGEST = {PDD.id: 130.0}
USUAL = 6.0
SHARE_WITH_FAULT = 0.6
# Rows that shift change what is true of a period; test_faults.py has its own way to judge that.
STRIKING = [fault for fault in FAULTS if fault != "shifting_rows"]
# A token that was exchanged just when the run was killed is lost: its owner authorises again. And
# who held the right to exchange it is waited for, which takes a minute: a campaign has the time.
QUICK = [fault for fault in STRIKING if fault != "expired_token"]
WITHOUT_WAITS = [JD, REVIEW, CHAT, KPI_DAILY, KPI_WEEKLY, KPI_MONTHLY]
LANDED, NOTHING_TO_DO, REFUSED = 0, 99, 77
TRIES = 4


@pytest.fixture
def base_url() -> Iterator[str]:
    """Serve a sandbox that stands still, with the limits of the platforms."""
    with serve(clock=lambda: NOW) as base_url:
        yield base_url


class Kills:
    """One warehouse, and runs into it that are killed.

    Args:
        warehouse: empty, with a sandbox.
        seed: of all that is random.
        faults: those that may strike.
    """

    def __init__(self, warehouse: Warehouse, seed: int, faults: Sequence[str]) -> None:
        self.warehouse = warehouse
        self.sandbox = Sandbox(warehouse.base_url)
        self.chance = random.Random(seed)
        self.faults = faults
        self.touched: dict[tuple[PullJob, str], list[Unit]] = {}
        self.killed: Counter[str] = Counter()
        self._truth: dict[Unit, Rows] = {}

    def kill(self, job: PullJob) -> None:
        """Start a run of the last due period that is not whole yet, and kill it at some moment."""
        key = next(key for key in _keys(job) if not self._is_whole(job, key))
        units = self.touched.setdefault((job, key), _units(job, key))
        self.sandbox.clear()
        if self.chance.random() < SHARE_WITH_FAULT:
            times, after = self.chance.randint(1, 4), self.chance.randint(0, 12)
            fault = self.chance.choice(self.faults)
            self.sandbox.arm(fault, job.dialect, times=times, after=after)
        process = self.warehouse.start(job, key)
        time.sleep(self.chance.uniform(0, LONGEST.get(job.id, USUAL)))
        self.killed[job.id] += process.poll() is None
        kill_one(process, self.chance)
        self._check(units)

    def finish(self) -> None:
        """Run again without faults until all is there, and hold it against the truth."""
        self.sandbox.clear()
        for (job, key), units in self.touched.items():
            codes = []
            while not codes or codes[-1] not in (LANDED, NOTHING_TO_DO):
                assert len(codes) < TRIES, codes
                codes.append(self._run(job, key))
                if codes[-1] == REFUSED:
                    self._authorise(job)
            self._check(units)
            states = {self.warehouse.row(unit).state for unit in units}
            assert states <= {"ok", "empty"}, (job.id, key, states)
        counted = HTTP.get(f"{self.sandbox.base_url}/sandbox/calls").json()
        assert counted["over_limit"] == 0, counted["platforms"]

    def _check(self, units: Sequence[Unit]) -> None:
        """Check that each shop is wholly there or not at all, as its row of the ledger says.

        A row of what changed may be of several periods: there is what the landed ones have brought.
        """
        for unit in units:
            like = [unit]
            if unit.job.moved:
                mine = (each for (job, _), each in self.touched.items() if job is unit.job)
                like = [one for each in mine for one in each if one.shop.id == unit.shop.id]
            landed = [one for one in like if self._has_landed(one)]
            whole = {key: row for one in landed for key, row in self._true(one).items()}
            assert self.warehouse.landed(unit) == whole, (unit, landed)

    def _has_landed(self, unit: Unit) -> bool:
        rows = self.warehouse.ledger.rows(unit.job.id, unit.period.key)
        return any(row.shop_id == unit.shop.id and row.state in ("ok", "empty") for row in rows)

    def _is_whole(self, job: PullJob, key: str) -> bool:
        if (job, key) not in self.touched:
            return False
        rows = self.warehouse.ledger.rows(job.id, key)
        landed = [row for row in rows if row.state in ("ok", "empty")]
        return len(landed) == len(self.touched[job, key])

    def _true(self, unit: Unit) -> Rows:
        if unit not in self._truth:
            self._truth[unit] = self.warehouse.truth(unit)
        return self._truth[unit]

    def _run(self, job: PullJob, key: str) -> int:
        return run(
            *(job.id, "--period", key),
            environment=self.warehouse.environment,
            script=ForkedScript,
        )[0]

    def _authorise(self, job: PullJob) -> None:
        """Be the owner of the shops, who is asked to authorise the app again."""
        url = f"{self.sandbox.base_url}/sandbox/tokens/authorise"
        HTTP.post(url, json={"platform": job.dialect}).raise_for_status()


def _keys(job: PullJob) -> Iterator[str]:
    """Return the keys of a job's periods, the one that was due last first."""
    schedule = JOBS[job.id].schedule
    now = NOW.replace(tzinfo=timezone(timedelta(hours=8)))
    period = schedule.covered_by(schedule.latest_fire(now))
    while True:
        yield period.key
        period = schedule.last_ended(period.start)


def _units(job: PullJob, key: str) -> list[Unit]:
    entry = JOBS[job.id]
    period = entry.schedule.parse_key(key)
    return [Unit(job, shop, period) for shop in load_registry(ROOT).shops_of(entry)]


@pytest.mark.timeout(280)
def test_runs_that_are_killed_leave_whole_shops_or_none(
    base_url: str, warehouse_url: str, tmp_path: Path
) -> None:
    """A few kills amid faults; run again, everything is there and the ledger says so."""
    kills = Kills(Warehouse(base_url, tmp_path, warehouse_url, PATIENCE), seed=1, faults=QUICK)
    for job in (JD, REVIEW, KPI_WEEKLY, JD):
        kills.kill(job)
    kills.finish()


@pytest.mark.campaign
@pytest.mark.timeout(2 * 3600)
def test_a_hundred_killed_runs_lose_nothing(
    base_url: str, warehouse_url: str, tmp_path: Path
) -> None:
    """All pull jobs, with every fault; the slow one is killed less often, at any moment, too."""
    kills = Kills(Warehouse(base_url, tmp_path, warehouse_url, PATIENCE), seed=2, faults=STRIKING)
    jobs = [PDD] * 10 + [ERP] * 18 + [*WITHOUT_WAITS] * 14
    kills.chance.shuffle(jobs)
    for job in jobs:
        kills.kill(job)
    while sum(kills.killed.values()) < 100:  # some had ended before
        kills.kill(kills.chance.choice(WITHOUT_WAITS))
    kills.finish()
