"""From a started service to a landed period, by the manager's commands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import LANDED, NO_SHOP, LedgerRow
from include.warehouse import connect
from manager.commands.demo import OF_THE_SERVICE
from manager.lifecycle.ports import remember
from tests.integration.truths import own_rows

if TYPE_CHECKING:
    from tests.integration.installation import Service

SHANGHAI = ZoneInfo("Asia/Shanghai")


def ledger_rows(service: Service, key: str, job_id: str = "erp_store") -> list[LedgerRow]:
    """Read the ledger of a job for a period."""
    engine = connect(f"sqlite:///{service.layout.warehouse}")
    try:
        return Ledger(engine).rows(job_id, key)
    finally:
        engine.dispose()


def test_run_without_the_service_says_what_to_start(unstarted: Service) -> None:
    """Where the service never ran, `run` prepares the databases and names the missing sandbox."""
    unstarted.layout.make_var()
    remember(unstarted.layout, unstarted.ports)  # somebody may listen where it would by default
    done = unstarted.manager("run", "erp_store", "--shop", "erp-1")
    assert done.returncode == 75, done.stdout + done.stderr
    assert "is not running: `python3 scheduler_manager.py start` starts it" in done.stderr
    assert unstarted.layout.warehouse.exists()


def test_demo_lands_all_jobs(service: Service) -> None:
    """A DAG run of each succeeds, and every shop has just the rows that the sandbox has.

    Each is said once, and the last lines say what to try next.
    """
    done = service.manager("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    registry, now = load_registry(service.root), datetime.now(SHANGHAI)
    enabled = [job for job in registry.jobs.values() if job.enabled]
    jobs = [job for job in enabled if not job.script.startswith(OF_THE_SERVICE)]
    assert f"{len(jobs)} of {len(jobs)} jobs landed" in done.stdout
    *_others, first, second, third = done.stdout.splitlines()
    assert f"{service.ports.url}/plugin/coverage" in first
    example = next(job for job in jobs if job.platform)
    assert f"trigger {example.id} --period" in second
    assert "docs/add-a-job.md" in third
    assert service.layout.shown(service.layout.passwords) in done.stdout
    assert service.layout.passwords.read_text().split('"')[3] not in done.stdout
    assert "housekeeping" not in done.stdout
    for job in jobs:
        period = job.schedule.covered_by(job.schedule.latest_fire(now))
        lines = [line for line in done.stdout.splitlines() if f"  {job.id} {period.key}: " in line]
        said = [unit for line in lines for unit in line.partition(": ")[2].split(", ")]
        rows = ledger_rows(service, period.key, job.id)
        shops = {shop.id: int(shop.platform_id) for shop in registry.shops_of(job)}
        assert [row.shop_id for row in rows] == (sorted(shops) or ["-"])
        for row in rows:
            assert row.state in LANDED, row
            told = "landed" if row.rows is None else f"{row.rows:,} rows"
            told = told if row.shop_id == NO_SHOP else f"{row.shop_id} {told}"
            assert said.count(told) == 1, said
            if shops:
                truth = own_rows(job, shops[row.shop_id], period, row.finished_at)
                assert truth in (None, row.rows), row


def test_a_wrong_demo_is_refused(unstarted: Service) -> None:
    """With exit code 78, and what was meant; tests/manager/commands/test_demo.py has more."""
    done = unstarted.manager("demo", "--job", "erp_stor")
    assert done.returncode == 78
    assert "did you mean 'erp_store'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_of_a_period_before_all_shops_has_not_landed(service: Service) -> None:
    """Where no shop was open, nothing landed, and the demo says so instead of being content."""
    done = service.manager("demo", "--job", "jd_store", "--period", "2024-12-31")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "jd_store 2024-12-31 did not land: nothing to do: no shop" in done.stdout
    assert "0 of 1 jobs landed" in done.stdout
