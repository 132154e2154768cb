"""Keeping an installation from growing for ever, with a real database of Airflow's."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.periods import Schedule
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from tests.airflow_database import put
from tests.runner import run_script
from tests.warehouses import make_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "include/scripts/service/housekeeping.py"
NOW = datetime.now(timezone.utc)


class Installation:
    """A `var/` with what the script looks after; Airflow's database holds what `runs` says."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.airflow = var / "airflow.db"
        self.warehouse = var / "warehouse.db"

    @property
    def url(self) -> str:
        """Where Airflow's database is."""
        return f"sqlite:///{self.airflow}?timeout=30"

    def clean(self, **settings: str) -> tuple[int, str]:
        """Run the script the way the runner does: without Airflow's settings."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW__")}
        own = {
            "SCHEDULER_VAR": str(self.var),
            "WAREHOUSE_URL": f"sqlite:///{self.warehouse}",
            "AIRFLOW_CONN_AIRFLOW_METADATA": json.dumps({"password": self.url}),
        }
        return run_script(SCRIPT, environment={**kept, **own, **settings})

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Read Airflow's database."""
        with closing(sqlite3.connect(self.airflow)) as database:
            return database.execute(query).fetchall()

    def write(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        """Write to Airflow's database."""
        with closing(sqlite3.connect(self.airflow, timeout=30)) as database:
            database.executemany(statement, rows)
            database.commit()

    def add_run(self, dag_id: str, kind: str, period: int, began: int) -> None:
        """Add a run of the period so many days ago, which began so many days ago."""
        statement = (
            "INSERT INTO dag_run (dag_id, run_id, run_type, state, run_after, start_date, "
            "partition_key, partition_date, conf) VALUES (?, ?, ?, 'success', ?, ?, ?, ?, '{}')"
        )
        key = str(days_ago(period).date())
        moments = [str(days_ago(days).replace(tzinfo=None)) for days in (period, began, period)]
        run_id = f"{kind}__{key}"
        self.write(statement, [(dag_id, run_id, kind, *moments[:2], key, moments[2])])


def days_ago(days: float) -> datetime:
    """Return a moment."""
    return NOW - timedelta(days=days)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Path:
    """Return a `var/` with both databases, as a new installation has them."""
    var = tmp_path_factory.mktemp("new") / "var"
    var.mkdir()
    found = Installation(var)
    put(airflow_database, var)
    with closing(sqlite3.connect(found.airflow)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    make_warehouse(f"sqlite:///{found.warehouse}")
    return var


@pytest.fixture
def installation(empty: Path, tmp_path: Path) -> Installation:
    """Return an installation of a test's own."""
    shutil.copytree(empty, tmp_path / "var")
    return Installation(tmp_path / "var")


@pytest.fixture
def writer(installation: Installation) -> Iterator[list[int]]:
    """Write to Airflow's database all the time, as a scheduler does; gives what was written."""
    written: list[int] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            row = (len(written), str(NOW.replace(tzinfo=None)))
            installation.write("INSERT INTO log (event, extra, dttm) VALUES ('load', ?, ?)", [row])
            written.append(row[0])
            time.sleep(0.005)

    thread = threading.Thread(target=write)
    thread.start()
    yield written
    over.set()
    thread.join()


def log(path: Path, age: float) -> Path:
    """Write a log of 100 bytes that was last written so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 100)
    for one in (path, path.parent):
        os.utime(one, times=(days_ago(age).timestamp(),) * 2)
    return path


def test_old_runs_go_and_the_schedule_goes_on_where_it_was(
    installation: Installation, writer: list[int]
) -> None:
    """While others write, old runs go, but never the one from which Airflow goes on."""
    for period in (200, 120, 2):
        installation.add_run("daily", "scheduled", period, period - 1)
    for period in (300, 200, 150):
        installation.add_run("stopped", "scheduled", period, period - 1)
    installation.add_run("stopped", "manual", 149, 100)
    installation.add_run("refilled", "scheduled", 130, 129)
    installation.add_run("refilled", "backfill", 300, 128)
    old = str(days_ago(91).replace(tzinfo=None))
    installation.write("INSERT INTO log (event, dttm) VALUES ('old', ?)", [(old,)] * 5_000)
    code, output = installation.clean()
    assert code == 0, output
    assert "rows of Airflow older than 90 days removed: " in output
    assert "dag_run 5" in output
    assert "log 5,000" in output
    runs = installation.ask("SELECT dag_id, run_id FROM dag_run ORDER BY dag_id, run_id")
    assert runs == [
        ("daily", f"scheduled__{days_ago(2).date()}"),
        # Airflow goes on from the scheduled one, and its own command keeps the other.
        ("refilled", f"backfill__{days_ago(300).date()}"),
        ("refilled", f"scheduled__{days_ago(130).date()}"),
        ("stopped", f"scheduled__{days_ago(150).date()}"),
    ]
    assert writer
    there = installation.ask("SELECT count(*) FROM log WHERE event = 'load'")
    assert there[0][0] >= len(writer) - 1
    assert (
        installation.ask("SELECT name FROM sqlite_master WHERE name LIKE '_airflow_deleted%'") == []
    )


def test_what_a_cleaning_that_was_cut_off_left_is_told(installation: Installation) -> None:
    """With the command that removes it; somebody may have made such tables on purpose."""
    installation.write("CREATE TABLE _airflow_deleted__log__20251002 (id)", [()])
    code, output = installation.clean()
    assert code == 0, output
    assert (
        "left _airflow_deleted__log__20251002: `python3 scheduler_manager.py airflow db" in output
    )


def test_old_logs_go_and_young_ones_stay(installation: Installation) -> None:
    """Of tasks and of components; a log that is being written stays, whatever its age."""
    logs = installation.var / "logs"
    task = "dag_id=erp_store/run_id={}/task_id=run/attempt=1.log"
    gone = [
        log(logs / "airflow" / task.format("old"), 31),
        log(logs / "components/scheduler.log.1", 31),
    ]
    kept = [
        log(logs / "airflow" / task.format("young"), 29),
        log(logs / "components/scheduler.log.2", 29),
        log(logs / "components/api-server.log", 40),
    ]
    code, output = installation.clean()
    assert code == 0, output
    assert "task logs older than 30 days: 1 files, 100 B removed" in output
    assert "component logs older than 30 days: 1 files, 100 B removed" in output
    assert not any(path.exists() for path in gone)
    assert not (logs / "airflow/dag_id=erp_store/run_id=old/task_id=run").exists()
    assert all(path.exists() for path in kept)


def test_the_ledger_forgets_what_is_older_than_two_years(installation: Installation) -> None:
    """The row of a day 731 days ago goes, that of 728 days ago stays."""
    schedule = Schedule("0 7 * * *", "day", "Asia/Shanghai", "saturday")
    keys = [str(days_ago(days).date()) for days in (733, 728)]
    ledger = Ledger(connect(f"sqlite:///{installation.warehouse}"))
    ledger.expect(Unit("erp_store", "erp-1", schedule.parse_key(key)) for key in keys)
    code, output = installation.clean()
    assert code == 0, output
    assert "rows of the ledger older than 730 days: 1 removed" in output
    assert [len(ledger.rows("erp_store", key)) for key in keys] == [0, 1]


def test_free_pages_are_given_back(installation: Installation) -> None:
    """A file that was mostly free becomes smaller."""
    with closing(sqlite3.connect(installation.warehouse)) as database:
        database.execute("CREATE TABLE big (text)")
        database.executemany("INSERT INTO big VALUES (?)", [("x" * 1_000,)] * 4_000)
        database.execute("DELETE FROM big")
        database.commit()
    before = installation.warehouse.stat().st_size
    code, output = installation.clean()
    assert code == 0, output
    assert "warehouse.db: 4." in output
    assert installation.warehouse.stat().st_size < before / 10


def test_a_wrong_setting_removes_nothing(installation: Installation) -> None:
    """It is named with what was expected and where to edit it, with exit code 78."""
    old = log(installation.var / "logs/components/scheduler.log.1", 400)
    code, output = installation.clean(HOUSEKEEPING_METADATA_DAYS="14")
    assert code == 78
    assert "'14' is not a number of days, from 32 (jobs recover periods as old as that)" in output
    assert old.exists()


def test_what_is_kept_for_ever_stays(installation: Installation) -> None:
    """0 days: what is of that kind stays, and nothing is said of it."""
    old = log(installation.var / "logs/components/scheduler.log.1", 400)
    code, output = installation.clean(HOUSEKEEPING_COMPONENT_LOG_DAYS="0")
    assert code == 0, output
    assert "component logs" not in output
    assert old.exists()
