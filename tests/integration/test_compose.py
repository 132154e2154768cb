"""docker-compose.yaml at work: PostgreSQL, Redis, two Celery workers, and one of them killed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import func, select

from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import LANDED, LedgerRow, State
from include.warehouse import connect
from include.warehouse.tables import erp_orders, jd_orders, pdd_refunds
from manager.lifecycle.processes import service_processes
from tests.integration.composed import stack
from tests.integration.installation import PATIENCE, change_entries, keep_few_shops, until
from tests.integration.truths import own_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.periods import Period
    from include.registry import Job
    from tests.integration.composed import Stack

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The job that takes two minutes goes on while the others lose their worker.
LONGEST = "pdd_quality"
PULLING = ("erp_store", "jd_store", "pdd_review", "pdd_chat", "pdd_kpi_daily", "pdd_kpi_weekly")
# One of each kind; a campaign takes all, as the tests of the one-machine service always do.
OF_EACH_KIND = ("generate_daily", "erp_store", "jd_store", LONGEST, "pdd_review")
TABLES = {
    "erp_store": (erp_orders, "order_day"),
    "jd_store": (jd_orders, "order_day"),
    "pdd_quality": (pdd_refunds, "created_day"),
}
WATCHED = (
    *("postgres", "redis", "sandbox", "api-server", "scheduler", "dag-processor", "triggerer"),
    *("config-watcher", "contract-events", "watchdog"),
)


@pytest.fixture(scope="module")
def composed(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    """Return all services of docker-compose.yaml, running; no job begins by itself."""

    def prepare(root: Path) -> None:
        for file in (root / "config/tasks").glob("*.yaml"):
            # Only what the test triggers runs, and is tried again after seconds, not minutes.
            change_entries(file, recover="0d", retry_delay="5s")
        if not request.config.getoption("--campaign"):
            keep_few_shops(root)

    with stack(tmp_path_factory.mktemp("compose"), prepare) as running:
        yield running


def test_jobs_land_though_a_worker_is_killed(
    composed: Stack, request: pytest.FixtureRequest
) -> None:
    """Every shop of every job is in PostgreSQL, once and whole; the lost runs are done again."""
    jobs = _jobs(composed)
    assert set(OF_EACH_KIND) <= jobs.keys()
    if not request.config.getoption("--campaign"):
        jobs = {name: jobs[name] for name in OF_EACH_KIND}
    until(lambda: _dags(composed) >= jobs.keys())
    begun = {LONGEST: _trigger(composed, *jobs[LONGEST])}
    (spared,) = until(lambda: composed.workers_at(LONGEST))
    begun |= {name: _trigger(composed, *jobs[name]) for name in jobs if name != LONGEST}
    lost = until(lambda: _in_the_middle(composed, jobs, spared))
    command_lines = _command_lines(composed)
    composed.kill(next(worker for worker in ("worker-1", "worker-2") if worker != spared))
    until(lambda: _ended(composed, begun))

    tries = {name: _tries(composed, name, run) for name, run in begun.items()}
    assert {"success"} == {attempts[-1]["state"] for attempts in tries.values()}, tries
    assert len(tries[LONGEST]) == 1
    assert len(tries[lost]) == 2, tries[lost]
    for job, period in jobs.values():
        _assert_landed(composed, job, period)
    assert f"{lost} {jobs[lost][1].key} landed" in _log(composed, lost, begun[lost], 2)
    assert "started (pid" in _log(composed, lost, begun[lost], 1)
    _assert_no_secret(composed, command_lines)


def test_every_health_check_is_content(composed: Stack) -> None:
    """What docker-compose.yaml asks of each service tells that it is well."""
    for name in WATCHED:
        composed.wait_until_healthy(name)


def test_the_page_of_coverage_knows_the_accounts(composed: Stack) -> None:
    """With the auth manager of the containers, too: who may trigger runs may repair."""
    groups = composed.api.get("/coverage/data/jobs").raise_for_status().json()["groups"]
    jobs = {job["id"]: job["runnable"] for group in groups for job in group["jobs"]}
    assert len(jobs) > 10
    assert all(jobs.values())
    plan = composed.api.post("/coverage/repair/plan", json={"jobs": ["erp_store"]})
    assert plan.status_code == 200, plan.text


def test_the_api_asks_who_is_there(composed: Stack) -> None:
    """Without a password, or with a wrong one, it answers 401."""
    with httpx.Client(base_url=composed.api.base_url, timeout=30, trust_env=False) as stranger:
        assert stranger.get("/api/v2/dags").status_code == 401
        assert stranger.get("/coverage/data/jobs").status_code == 401
        wrong = {"username": "admin", "password": "admin"}
        assert stranger.post("/auth/token", json=wrong).status_code == 401


@pytest.mark.campaign
def test_the_first_start_again_changes_nothing(composed: Stack) -> None:
    """`init` runs at each `docker compose up`: the password and the connections stay."""
    before = composed.api.get("/api/v2/connections", params={"limit": 100}).json()
    again = composed.spawn("init", "init again")
    assert again.wait(PATIENCE) == 0, composed.log("init again")
    assert "its password was left alone" in composed.log("init again")
    assert composed.api.get("/api/v2/connections", params={"limit": 100}).json() == before


@pytest.mark.campaign
def test_a_worker_says_that_it_is_well(composed: Stack) -> None:
    """Its health check asks the worker itself, by the name of its container."""
    worker = composed.a_worker()
    done = composed.health("worker", HOSTNAME=worker)
    assert done.returncode == 0, done.stdout + done.stderr
    assert composed.health("worker", HOSTNAME="nobody").returncode != 0


def _jobs(composed: Stack) -> dict[str, tuple[Job, Period]]:
    """Return the jobs that land data, with the period that ended last."""
    now = datetime.now(SHANGHAI)
    jobs = load_registry(composed.root).jobs
    return {
        name: (job, job.schedule.last_ended(now))
        for name, job in jobs.items()
        if job.enabled and name != "housekeeping"
    }


def _get(composed: Stack, path: str, **params: Any) -> Any:
    return composed.api.get(f"/api/v2/{path}", params=params).raise_for_status().json()


def _dags(composed: Stack) -> set[str]:
    return {dag["dag_id"] for dag in _get(composed, "dags", limit=100)["dags"]}


def _trigger(composed: Stack, job: Job, period: Period) -> str:
    body = {"logical_date": None, "partition_key": period.key}
    answer = composed.api.post(f"/api/v2/dags/{job.id}/dagRuns", json=body)
    return str(answer.raise_for_status().json()["dag_run_id"])


def _in_the_middle(composed: Stack, jobs: dict[str, tuple[Job, Period]], spared: str) -> str | None:
    """Return a job that another worker than the spared one is pulling now."""
    for name in PULLING:
        workers = composed.workers_at(name)
        rows = _rows(composed, name, jobs[name][1].key) if workers else []
        if spared not in workers and any(row.state == "running" for row in rows):
            return name
    return None


def _ended(composed: Stack, begun: dict[str, str]) -> bool:
    runs = _get(composed, "dags/~/dagRuns", limit=100)["dag_runs"]
    states = {(run["dag_id"], run["dag_run_id"]): run["state"] for run in runs}
    return all(states.get(one) in ("success", "failed") for one in begun.items())


def _tries(composed: Stack, name: str, run_id: str) -> list[dict[str, Any]]:
    path = f"dags/{name}/dagRuns/{run_id}/taskInstances/run/tries"
    tries: list[dict[str, Any]] = _get(composed, path)["task_instances"]
    return sorted(tries, key=lambda one: one["try_number"])


def _log(composed: Stack, name: str, run_id: str, number: int) -> str:
    path = f"/api/v2/dags/{name}/dagRuns/{run_id}/taskInstances/run/logs/{number}"
    answer = composed.api.get(
        path, headers={"Accept": "application/json"}, params={"full_content": True}
    )
    return answer.raise_for_status().text


def _rows(composed: Stack, job_id: str, key: str) -> list[LedgerRow]:
    engine = connect(composed.warehouse)
    try:
        return Ledger(engine).rows(job_id, key)
    finally:
        engine.dispose()


def _assert_landed(composed: Stack, job: Job, period: Period) -> None:
    """Every shop landed what the sandbox has, and the table has just these rows."""
    shops = {shop.id: int(shop.platform_id) for shop in load_registry(composed.root).shops_of(job)}
    rows = _rows(composed, job.id, period.key)
    assert [row.shop_id for row in rows] == (sorted(shops) or ["-"])
    for row in rows:
        assert row.state in (*LANDED, State.PROVISIONAL), row  # not all is due yet
        if shops:
            assert row.finished_at is not None
            truth = own_rows(job, shops[row.shop_id], period, row.finished_at)
            assert truth in (None, row.rows or 0), row
        if job.id in TABLES:
            assert _count(composed, job.id, row.shop_id, period) == row.rows, row


def _count(composed: Stack, job_id: str, shop_id: str, period: Period) -> int:
    table, day = TABLES[job_id]
    engine = connect(composed.warehouse)
    mine = table.c.shop_id == shop_id, table.c[day] == period.first_day
    query = select(func.count()).where(*mine)
    with engine.connect() as connection:
        found = int(connection.execute(query).scalar_one())
    engine.dispose()
    return found


def _command_lines(composed: Stack) -> str:
    return "\n".join(" ".join(process.cmdline()) for process in service_processes(composed.layout))


def _assert_no_secret(composed: Stack, command_lines: str) -> None:
    """No command line, no log and no line of the journal shows one."""
    files = [path for path in (composed.layout.logs, composed.logs) for path in path.rglob("*")]
    said = {str(file): file.read_text("utf-8", "replace") for file in files if file.is_file()}
    for name, secret in composed.secrets.items():
        for where, text in {**said, "command lines": command_lines}.items():
            assert secret not in text, f"{name} stands in {where}"
