"""Writing down what is to land."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.registry import load_registry
from include.units.first_seen import first_seen
from include.units.job_units import LONG_AGO
from include.units.ledger import Ledger
from include.warehouse import connect
from tests.runner import run_script

ROOT = Path(__file__).parents[2]
DAY_END = "2025-10-03T00:00:00+08:00"


@dataclass(frozen=True)
class Project:
    """A copy of the project's registry, and an empty warehouse."""

    root: Path
    url: str

    def states(self, job_id: str, key: str) -> dict[str, str]:
        """Return the states of a job's period, by shop."""
        ledger = Ledger(connect(self.url))
        return {row.shop_id: row.state for row in ledger.rows(job_id, key)}


@pytest.fixture
def project(warehouse_url: str, tmp_path: Path) -> Project:
    """Return one."""
    for name in ("include/scripts", "config"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    # Jobs that have been there for long, and one that a test adds.
    first_seen(connect(warehouse_url), [*load_registry(tmp_path).jobs, "own"], LONG_AGO)
    return Project(tmp_path, warehouse_url)


def _generate(project: Project, unit: str, end: str = DAY_END, **changed: str) -> tuple[int, str]:
    environment = {
        "SCHEDULER_ROOT": str(project.root),
        "JOB_ID": "generate_daily",
        "PERIOD_END": end,
        "WAREHOUSE_URL": project.url,
        **changed,
    }
    script = ROOT / "include/scripts/generate_tasks.py"
    return run_script(script, "--period-unit", unit, environment=environment)


def test_every_shop_of_a_daily_job_gets_its_row_once(project: Project) -> None:
    """The rows are for the day that ended; again changes nothing."""
    for _ in "12":
        code, output = _generate(project, "day")
        assert code == 0, output
        states = project.states("erp_store", "2025-10-02")
        assert states == {"erp-1": "pending", "erp-2": "pending", "erp-3": "pending"}
    assert "0 of them new" in output


def test_what_is_added_later_gets_its_row_at_the_next_run(project: Project) -> None:
    """A new shop and a new weekly job; a shop that is not open yet gets none."""
    _generate(project, "day")
    shops = project.root / "config/shops.yaml"
    more = "".join(
        f"\n  - {{id: erp-{number}, platform: erp, name: 新店, connection: erp, from: {first}, "
        f'platform_id: "1000{number}"}}'
        for number, first in ((4, "2025-10-02"), (5, "2025-10-03"))
    )
    shops.write_text(shops.read_text("utf-8").rstrip() + more + "\n", "utf-8")
    (project.root / "config/tasks/own.yaml").write_text(
        "tasks:\n  - {id: own, name: 周报, cron: '0 8 * * 1', period: week, "
        "script: generate_tasks.py}\n",
        "utf-8",
    )
    code, output = _generate(project, "day")
    assert code == 0, output
    assert set(project.states("erp_store", "2025-10-02")) == {"erp-1", "erp-2", "erp-3", "erp-4"}
    code, output = _generate(project, "week", "2025-10-04T00:00:00+08:00")
    assert code == 0, output
    assert project.states("own", "2025-09-27") == {"-": "pending"}


def test_without_the_runner_it_says_how_to_start_it(project: Project) -> None:
    """Started by hand it lacks its environment: 78, and the command that gives it."""
    code, output = _generate(project, "day", WAREHOUSE_URL="")
    assert code == 78
    assert (
        "WAREHOUSE_URL is not set: start the script with 'python3 scheduler_manager.py run"
        in output
    )
