"""The five feed jobs against the sandbox: what they land is the truth, to the row."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.registry import load_registry
from include.warehouse.tables import pdd_chat_daily, pdd_kpi, pdd_reviews
from sandbox.credentials import FEED_TOKEN, SHOPS_OF
from sandbox.feed_truth import last_day_of, rows_on
from tests.conftest import SANDBOX_NOW, Sandbox
from tests.sandbox.serving import serve
from tests.scripts.pulls import ROOT, Pull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    import sqlalchemy

SHOPS = {f"pdd-{place}": number for place, number in enumerate(SHOPS_OF["pdd"], start=1)}
JOBS = load_registry().jobs
FEEDS = {
    "pdd_review": ("reviews", pdd_reviews),
    "pdd_chat": ("chat", pdd_chat_daily),
    "pdd_kpi_daily": ("kpi", pdd_kpi),
    "pdd_kpi_weekly": ("kpi", pdd_kpi),
    "pdd_kpi_monthly": ("kpi", pdd_kpi),
}
SAMPLES = [
    ("pdd_review", "2025-10-02"),
    ("pdd_chat", "2025-10-02"),
    ("pdd_kpi_weekly", "2025-09-27"),
]
SEED = 1
Rows = list[dict[str, Any]]


class FeedPull(Pull):
    """Runs of the jobs, each named as the run is asked for."""

    def connections(self) -> dict[str, str]:
        """Return the connection, with what is changed of it."""
        fields = {
            "conn_type": "http",
            "host": self.sandbox.base_url,
            "password": FEED_TOKEN,
            "extra": {"auth": "bearer"},
        }
        return {"AIRFLOW_CONN_PDD_FEED": json.dumps(fields | self.changed)}

    def run_job(self, job_id: str, period: str, *more: str) -> tuple[int, str]:
        """Run one of the jobs to its end."""
        self.job_id = job_id
        return self.run(period, *more)

    def landed(self, table: sqlalchemy.Table) -> Rows:
        """Return all rows of a table."""
        return _sorted(self.rows(table))

    def project(self) -> Path:
        """Return a copy of the project's configuration and scripts, to change."""
        self.root = self.folder / "project"
        for name in ("config", "include/scripts"):
            shutil.copytree(ROOT / name, self.root / name, dirs_exist_ok=True)
        return self.root


def feed_pull(base_url: str, folder: Path, url: str) -> FeedPull:
    """Return runs into an empty warehouse, which try each call once."""
    quick = {"GATEWAY_ATTEMPTS": "1"}
    return FeedPull("", Sandbox(base_url), folder, url, environment=quick)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve the sandbox of this module's tests."""
    with serve(SEED, clock=lambda: SANDBOX_NOW) as base_url:
        yield base_url


@pytest.fixture
def pull(base_url: str, warehouse_url: str, tmp_path: Path) -> Iterator[FeedPull]:
    """Return an empty warehouse beside the sandbox."""
    pull = feed_pull(base_url, tmp_path, warehouse_url)
    yield pull
    pull.engine.dispose()


def _truth(job: str, key: str, seed: int = SEED) -> Rows:
    """Return the rows that a period of a job must have in the warehouse."""
    feed, table = FEEDS[job]
    kind = JOBS[job].period
    first_day = JOBS[job].schedule.parse_key(key).first_day
    return _sorted(
        [
            {"shop_id": shop, **_columns_of(table, kind, key, first_day), **row}
            for shop, number in SHOPS.items()
            for row in rows_on(feed, number, kind, first_day, seed)
        ]
    )


def _columns_of(table: sqlalchemy.Table, kind: str, key: str, first_day: date) -> dict[str, Any]:
    if table is not pdd_kpi:
        return {"business_day": first_day}
    last_day = last_day_of(kind, first_day)
    return {"period": kind, "period_key": key, "first_day": first_day, "last_day": last_day}


def _sorted(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: sorted((name, repr(row[name])) for name in row))


def _states(job: str, key: str) -> dict[str, tuple[str, int]]:
    """Return the states that a landed period must have."""
    with_rows = {row["shop_id"] for row in _truth(job, key)}
    return {shop: ("ok" if shop in with_rows else "empty", 0) for shop in SHOPS}


@pytest.mark.parametrize(("job", "key"), SAMPLES)
def test_a_period_is_the_truth_to_the_row(pull: FeedPull, job: str, key: str) -> None:
    """Every row and value of every shop equals the sandbox's."""
    code, output = pull.run_job(job, key)
    assert code == 0, output
    assert pull.landed(FEEDS[job][1]) == _truth(job, key)
    assert pull.states(key) == _states(job, key)
    assert FEED_TOKEN not in output


@pytest.mark.every_warehouse
def test_a_period_that_is_pulled_again_replaces_what_was_there(
    pull: FeedPull, tmp_path: Path
) -> None:
    """What the feed has no more is gone; other periods and kinds of period stay."""
    for job, key in (("pdd_kpi_daily", "2025-09-01"), ("pdd_kpi_monthly", "2025-09")):
        assert pull.run_job(job, key)[0] == 0
    daily, monthly = _truth("pdd_kpi_daily", "2025-09-01"), _truth("pdd_kpi_monthly", "2025-09")
    assert pull.landed(pdd_kpi) == _sorted(daily + monthly)
    with serve(SEED + 1, clock=lambda: SANDBOX_NOW) as other:
        pull.sandbox = Sandbox(other)
        code, output = pull.run_job("pdd_kpi_monthly", "2025-09", "--again")
    assert code == 0, output
    monthly = _truth("pdd_kpi_monthly", "2025-09", SEED + 1)
    assert pull.landed(pdd_kpi) == _sorted(daily + monthly)
    assert (tmp_path / "limits" / "calls.sqlite").exists()


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        (
            {"password": "wrong-token-of-a-test"},
            77,
            ["feed pdd_review", "connection pdd_feed", "renew"],
        ),
        ({"host": "http://127.0.0.1:9"}, 75, ["no answer from http://127.0.0.1:9/feeds"]),
    ],
    ids=["token", "no service"],
)
def test_a_failure_says_what_to_do(
    pull: FeedPull, changed: dict[str, Any], code: int, said: list[str]
) -> None:
    """The exit code is the design's, and each shop's row of the ledger has it."""
    pull.changed = changed
    got, output = pull.run_job("pdd_review", "2025-10-02")
    assert got == code, output
    for words in said:
        assert words in output
    assert "wrong-token-of-a-test" not in output
    assert pull.states("2025-10-02") == dict.fromkeys(SHOPS, ("failed", code))
    assert pull.landed(pdd_reviews) == []


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (
            ("feeds.yaml", "score: stars", "score: rating"),
            1,
            "shop 20001, feed pdd_review, page 1: row 1, field rating (column score) is not there",
        ),
        (
            ("tasks/pdd.yaml", "args: [--feed, pdd_review]", "args: [--feed, pdd_reviev]"),
            78,
            "feed 'pdd_reviev' is not in config/feeds.yaml: did you mean 'pdd_review'?",
        ),
        (
            (
                "tasks/pdd.yaml",
                'cron: "30 8 * * *"\n    period: day',
                'cron: "30 8 * * 6"\n    period: week',
            ),
            78,
            "a week cannot land in pdd_reviews: write 'period: day' in config/tasks",
        ),
    ],
    ids=["missing field", "unknown feed", "wrong period"],
)
def test_a_mistake_in_the_configuration_is_told(
    pull: FeedPull, change: tuple[str, str, str], code: int, said: str
) -> None:
    """A renamed field, a wrong entry: nothing lands, and the message names the place."""
    file, before, after = change
    path = pull.project() / "config" / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    period = "2025-09-27" if "week" in after else "2025-10-02"
    got, output = pull.run_job("pdd_review", period, "--shop", "pdd-1")
    assert got == code, output
    assert said in output
    assert pull.states(period) == {"pdd-1": ("failed", code)}
    assert pull.landed(pdd_reviews) == []


def test_a_day_that_is_not_over_by_the_sources_clock_does_not_land(pull: FeedPull) -> None:
    """With this machine's clock ahead an unfinished day would pass for a whole one: 75."""
    pull.sandbox.arm("slow_clock", "feeds", times=999)
    yesterday = JOBS["pdd_review"].schedule.last_ended(datetime.now(timezone.utc)).key
    code, output = pull.run_job("pdd_review", yesterday)
    pull.sandbox.clear()
    assert code == 75, output
    assert "this machine's clock is 864" in output
    assert pull.states(yesterday) == dict.fromkeys(SHOPS, ("failed", 75))


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_days_weeks_and_months_are_the_truth_to_the_row(pull: FeedPull) -> None:
    """14 days, 4 weeks and 3 months of every feed, pulled in any order and some again."""
    last = {"day": "2025-10-08", "week": "2025-09-27", "month": "2025-09"}
    wanted = {"day": 14, "week": 4, "month": 3}
    periods = []
    for job in FEEDS:
        kind, schedule = JOBS[job].period, JOBS[job].schedule
        period = schedule.parse_key(last[kind])
        for _ in range(wanted[kind]):
            periods.append((job, period.key))
            period = schedule.preceding(period)
    for job, key in [*periods, *periods[::10]]:
        code, output = pull.run_job(job, key, "--again")
        assert code == 0, output
        assert pull.states(key) == _states(job, key)
    for table in (pdd_reviews, pdd_chat_daily, pdd_kpi):
        truth = [row for job, key in periods if FEEDS[job][1] is table for row in _truth(job, key)]
        assert pull.landed(table) == _sorted(truth)
