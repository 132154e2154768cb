"""An installation of which the warehouse is real, and of Airflow only what is read of it."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import insert

from include import PROJECT_ROOT
from include.coverage import JudgedUnit, units_of
from include.registry import load_registry
from include.units.first_seen import first_seen
from include.units.job_units import LONG_AGO
from include.units.unit import LedgerRow
from include.warehouse import connect
from include.warehouse.tables import ledger
from manager.layout import Layout
from manager.lifecycle.settings import FERNET
from tests import airflow_runs
from tests.coverage.registries import row
from tests.warehouses import make_warehouse

TABLES = """
CREATE TABLE connection (
    conn_id TEXT, conn_type TEXT, host TEXT, login TEXT, password TEXT, schema TEXT, port INTEGER,
    extra TEXT, is_encrypted BOOLEAN, is_extra_encrypted BOOLEAN
);
"""


@dataclass(frozen=True)
class Installation:
    """Its layout, and what happens in it."""

    layout: Layout

    def change_airflow(self, statement: str, *values: object) -> None:
        """Do what a user does in the web UI."""
        with closing(sqlite3.connect(self.layout.airflow_home / "airflow.db")) as database:
            database.execute(statement, values)
            database.commit()

    def units(self, days: int) -> list[JudgedUnit]:
        """Return the units of the last days."""
        now = datetime.now(timezone.utc)
        registry = load_registry(self.layout.root)
        seen = dict.fromkeys(registry.jobs, LONG_AGO)
        return units_of(registry, [], now, now - timedelta(days=days), seen=seen)

    def write(self, rows: list[LedgerRow]) -> None:
        """Write rows of the ledger."""
        engine = connect(f"sqlite:///{self.layout.warehouse}")
        with engine.begin() as connection:
            connection.execute(insert(ledger), [vars(one) for one in rows])
        engine.dispose()

    def land(self, *, but: Callable[[JudgedUnit], str | None] = lambda _unit: None) -> None:
        """Land the last hundred days, but what has another state, or none where that is empty."""
        rows = []
        for unit in self.units(100):
            state = but(unit)
            if state != "":
                rows.append(row(unit.job_id, unit.shop_id, unit.period, state or "ok"))
        self.write(rows)


def checkout(root: Path, *more: str) -> Layout:
    """Copy what an installation reads of the project, and more files; make an empty warehouse."""
    for name in ("config", "include/scripts"):
        shutil.copytree(PROJECT_ROOT / name, root / name)
    for name in more:
        shutil.copy(PROJECT_ROOT / name, root)
    layout = Layout(root=root, var=root / "var")
    layout.make_var()
    make_warehouse(f"sqlite:///{layout.warehouse}")
    return layout


def install(folder: Path, tasks: str, shops: str, connection: Mapping[str, object]) -> Installation:
    """Make one.

    Args:
        folder: where.
        tasks: what its config/tasks/tasks.yaml says.
        shops: what its config/shops.yaml says.
        connection: the fields of Airflow's connection `warehouse`, beyond the file of SQLite.
    """
    layout = checkout(folder / "checkout")
    root = layout.root
    shutil.rmtree(root / "config/tasks")
    (root / "config/tasks").mkdir()
    (root / "config/tasks/tasks.yaml").write_text(tasks, "utf-8")
    (root / "config/shops.yaml").write_text(shops, "utf-8")
    key = Fernet.generate_key()
    layout.secrets.write_text(f"{FERNET}={key.decode()}\n", "utf-8")
    first_seen(connect(f"sqlite:///{layout.warehouse}"), load_registry(root).jobs, LONG_AGO)
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        database.executescript(TABLES + airflow_runs.TABLES + airflow_runs.POOLS)
        database.executescript(airflow_runs.scheduler())
    said = {"conn_id": "warehouse", "conn_type": "sqlite", "host": str(layout.warehouse)}
    fields = {**said, **connection}
    for name, mark in (("password", "is_encrypted"), ("extra", "is_extra_encrypted")):
        if name in fields:
            fields[name] = Fernet(key).encrypt(str(fields[name]).encode()).decode()
            fields[mark] = True
    names, marks = ", ".join(fields), ", ".join("?" for _ in fields)
    made = Installation(layout)
    made.change_airflow(f"INSERT INTO connection ({names}) VALUES ({marks})", *fields.values())  # noqa: S608
    return made
