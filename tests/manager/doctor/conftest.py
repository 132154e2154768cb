"""An installation to look at: its files and databases are real, its gateways are the sandbox."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from include import METADATA_URL
from include.registry.airflow_objects import connections
from manager.airflow.tables import migrations_of_airflow
from manager.doctor.findings import Patient
from tests import airflow_runs
from tests.integration.installation import free_ports
from tests.manager.covered import checkout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sandbox

TABLES = """
CREATE TABLE alembic_version (version_num TEXT);
CREATE TABLE slot_pool (pool TEXT, slots INTEGER);
INSERT INTO slot_pool VALUES ('default_pool', 128);
"""


def variables(base_url: str) -> dict[str, str]:
    """Return the delivered connections as scripts get them."""
    return {
        f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(fields)
        for conn_id, fields in connections(base_url).items()
    }


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """Return an installation that is well, and not running; nothing answers on its ports."""
    layout = checkout(tmp_path / "checkout", "requirements.txt")
    for path in (layout.secrets, layout.passwords):
        path.touch(mode=0o600)
    monkeypatch.setenv("SCHEDULER_VAR", str(layout.var))
    airflow = layout.airflow_home / "airflow.db"
    with closing(sqlite3.connect(airflow)) as database:
        database.executescript(TABLES + airflow_runs.TABLES)
        pools = json.loads((layout.root / "config/pools.json").read_text("utf-8"))
        database.executemany(
            "INSERT INTO slot_pool VALUES (?, ?)",
            [(name, pool["slots"]) for name, pool in pools.items()],
        )
        database.execute(
            "INSERT INTO alembic_version VALUES (?)", (migrations_of_airflow().get_current_head(),)
        )
        database.commit()
    ports = free_ports()
    given = variables(ports.sandbox_url)
    given["AIRFLOW_CONN_AIRFLOW_METADATA"] = json.dumps({"password": f"sqlite:///{airflow}"})
    given["WAREHOUSE_URL"] = f"sqlite:///{layout.warehouse}"
    environment = {METADATA_URL: f"sqlite:///{airflow}"}
    return Patient(layout, ports, environment, runs=False, variables=given)


@pytest.fixture
def online(patient: Patient, sandbox: Sandbox) -> Patient:
    """Return it with a sandbox that answers."""
    patient.variables.update(variables(sandbox.base_url))
    return patient
