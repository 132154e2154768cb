"""What is said when the containers cannot be prepared; test_compose.py prepares them."""

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from include import METADATA_URL, PROJECT_ROOT
from include.errors import ConfigurationError, ExpectedError
from manager.airflow.tables import migrations_of_airflow
from manager.lifecycle.containers import await_older_components, main
from manager.lifecycle.settings import FERNET
from tests.warehouses import make_warehouse


def test_a_wrong_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, before anything is touched."""
    right = {"AIRFLOW_HOME": f"{tmp_path}/airflow", "SCHEDULER_VAR": str(tmp_path)}
    for name, value in {**right, "ADMIN_PASSWORD": ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="is empty: write the password of 'admin'"):
        main()
    done = subprocess.run(
        [sys.executable, "-m", "manager.lifecycle.containers"],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], **right, "SCHEDULER_VAR": "/elsewhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run `unset SCHEDULER_VAR SCHEDULER_ROOT`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [*tmp_path.iterdir()]


CONNECTION = (
    "conn_id TEXT, conn_type TEXT, host TEXT, login TEXT, password TEXT, schema TEXT, "
    "port INTEGER, extra TEXT, is_encrypted BOOLEAN, is_extra_encrypted BOOLEAN"
)
JOB = "job_type TEXT, hostname TEXT, state TEXT, latest_heartbeat TIMESTAMP"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an Airflow database of the newest version, a warehouse, and a healthy scheduler."""
    warehouse = tmp_path / "warehouse.db"
    make_warehouse(f"sqlite:///{warehouse}")
    url = f"sqlite:///{tmp_path}/airflow.db"
    newest = migrations_of_airflow().get_current_head()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:v)"), {"v": newest})
        connection.execute(text(f"CREATE TABLE connection ({CONNECTION})"))
        connection.execute(text(f"CREATE TABLE job ({JOB})"))
        query = (
            "INSERT INTO connection (conn_id, conn_type, host) VALUES ('warehouse', 'sqlite', :h)"
        )
        connection.execute(text(query), {"h": str(warehouse)})
    engine.dispose()
    beat(url, "running", ago=0)
    return {METADATA_URL: url, FERNET: Fernet.generate_key().decode()}


def beat(url: str, state: str, *, ago: int) -> None:
    """Make the scheduler give a sign of life, so many seconds ago."""
    moment = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(seconds=ago)
    query = "INSERT INTO job VALUES ('SchedulerJob', 'old-one', :state, :moment)"
    change(url, "DELETE FROM job", query, state=state, moment=moment.isoformat(" "))


def change(url: str, *statements: str, **values: str) -> None:
    """Do something in Airflow's database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values if ":" in statement else {})
    engine.dispose()


def test_nothing_to_migrate_waits_for_nobody(environment: dict[str, str]) -> None:
    """A restart of the same version finds its own components at work."""
    await_older_components(environment, patience=-1)


@pytest.mark.parametrize("behind", ["airflow", "warehouse"])
def test_a_migration_waits_for_older_components(
    environment: dict[str, str], tmp_path: Path, behind: str
) -> None:
    """Those that give signs of life are named, with what stops them; nothing is migrated."""
    table = "alembic_version" if behind == "airflow" else "warehouse_version"
    statement = f"UPDATE {table} SET version_num = '0003'"  # noqa: S608 - our names
    change(f"sqlite:///{tmp_path}/{behind}.db", statement)
    with pytest.raises(ExpectedError, match=r"SchedulerJob on old-one.*`docker compose stop`"):
        await_older_components(environment, patience=-1)


@pytest.mark.parametrize(("state", "ago"), [("success", 1), ("running", 60)], ids=["left", "dead"])
def test_what_has_ended_is_not_waited_for(
    environment: dict[str, str], tmp_path: Path, state: str, ago: int
) -> None:
    """Whether it said so, or was killed and has been silent since."""
    change(f"sqlite:///{tmp_path}/airflow.db", "UPDATE alembic_version SET version_num = 'old'")
    beat(environment[METADATA_URL], state, ago=ago)
    await_older_components(environment, patience=-1)


def test_the_first_start_waits_for_nobody(tmp_path: Path) -> None:
    """There are no tables yet."""
    await_older_components({METADATA_URL: f"sqlite:///{tmp_path}/none.db"}, patience=-1)
