"""From a started service to a landed period, by the manager's commands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from include.ledger import Ledger
from include.warehouse import connect
from tests.integration.installation import installed

if TYPE_CHECKING:
    from pathlib import Path

    from include.ledger import LedgerRow
    from tests.integration.installation import Service

SHOPS = ["erp-1", "erp-2", "erp-3"]


def days_ago(days: int) -> str:
    """Give a business day as its period key."""
    return str(datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=days))


def ledger_rows(service: Service, key: str) -> list[LedgerRow]:
    """Read the ledger of the ERP's job for a day."""
    engine = connect(f"sqlite:///{service.layout.warehouse}")
    try:
        return Ledger(engine).rows("erp_store", key)
    finally:
        engine.dispose()


def test_demo_lands_a_day_as_a_dag_run(service: Service) -> None:
    """`demo` lands every shop's day and says where to look and how to log in."""
    key = days_ago(9)
    done = service.manager("demo", "--period", key)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = ledger_rows(service, key)
    assert [(row.shop_id, row.state) for row in rows] == [(shop, "ok") for shop in SHOPS]
    for row in rows:
        assert f"│ {row.shop_id} │" in done.stdout
        assert f" {row.rows:,} │ ok " in done.stdout
    assert service.ports.url in done.stdout
    assert service.layout.shown(service.layout.passwords) in done.stdout
    assert service.layout.passwords.read_text().split('"')[3] not in done.stdout


def test_a_second_demo_lands_nothing_twice(service: Service) -> None:
    """The same period again shows the same rows and changes none of them."""
    key = days_ago(9)
    before = ledger_rows(service, key)
    done = service.manager("demo", "--period", key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing was loaded twice" in done.stdout
    assert ledger_rows(service, key) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--job", "erp_stor"], "did you mean 'erp_store'?"),
        (["--period", "2025-13-01"], "2025-13-01"),
        (["--period", "2999-01-01"], "2999-01-01"),
    ],
)
def test_a_wrong_demo_is_refused(service: Service, arguments: list[str], said: str) -> None:
    """An unknown job, no date and a day that has not ended are named, with exit code 78."""
    done = service.manager("demo", *arguments)
    assert done.returncode == 78
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_run_lands_without_airflow(service: Service) -> None:
    """`run` lands one shop's day in the foreground."""
    key = days_ago(10)
    done = service.manager("run", "erp_store", "--period", key, "--shop", "erp-2")
    assert done.returncode == 0, done.stdout + done.stderr
    landed = [(row.shop_id, row.state) for row in ledger_rows(service, key) if row.state == "ok"]
    assert landed == [("erp-2", "ok")]


def test_run_without_the_service_says_what_to_start(project: Path, tmp_path: Path) -> None:
    """Where the service never ran, `run` prepares the databases and names the missing sandbox."""
    with installed(project, tmp_path) as service:
        done = service.manager("run", "erp_store", "--shop", "erp-1")
        assert done.returncode == 75, done.stdout + done.stderr
        assert "is not running: `python3 scheduler_manager.py start` starts it" in done.stderr
        assert service.layout.warehouse.exists()
