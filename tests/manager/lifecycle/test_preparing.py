"""Bringing the databases to where the code is."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from cryptography.fernet import Fernet
from sqlalchemy import text

from include import METADATA_URL, PROJECT_ROOT
from include.errors import ConfigurationError
from include.registry.shops import load_shops
from include.warehouse import connect, migrating
from include.warehouse.versions import newest_version, version_of
from manager.airflow.tables import stored_warehouse, warehouse_trouble
from manager.layout import Layout
from manager.lifecycle import preparing
from manager.lifecycle.ports import Ports
from manager.lifecycle.preparing import prepare
from manager.lifecycle.settings import component_environment, write_secrets

READ = """
import json, os
from manager import connections
connections.adopt(dict(os.environ))
print("found", json.dumps(connections.script_variables(["erp", "airflow_metadata"])))
"""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory, python: Path) -> Layout:
    """Return an installation whose databases were prepared for base port 18080.

    By a Python that was started for it; what the tests prepare again, forks do.
    """
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("config", "include", "manager", "sandbox"):
        shutil.copytree(PROJECT_ROOT / folder, root / folder)
    shutil.copy(PROJECT_ROOT / "requirements.txt", root)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (root / ".venv" / "bin" / "python").chmod(0o755)
    layout = Layout(root=root, var=root / "var")
    layout.make_var()
    prepare(layout, environment(layout))
    layout.python.unlink()
    layout.python.symlink_to(python)
    return layout


def environment(layout: Layout, base: int = 18080) -> dict[str, str]:
    """Return the components' environment."""
    environment = component_environment(layout, Ports(base))
    write_secrets(layout, environment)
    return environment


def is_prepared(layout: Layout, environment: dict[str, str]) -> bool:
    """Return whether preparing would find nothing to do."""
    return preparing.is_prepared(layout, environment, stored_warehouse(environment))


def stored(layout: Layout, query: str) -> list[tuple[object, ...]]:
    """Read Airflow's database."""
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        return database.execute(query).fetchall()


def change(layout: Layout, statement: str) -> None:
    """Do what a user does in the web UI."""
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        database.execute(statement)
        database.commit()


@pytest.fixture(scope="module")
def variables(layout: Layout) -> dict[str, str]:
    """Return what a script of the ERP would get, read in a process that knows the project."""
    (layout.root / "read.py").write_text(READ)
    done = subprocess.run(
        [layout.python, layout.root / "read.py"],
        cwd=layout.root,
        env=environment(layout),
        capture_output=True,
        text=True,
        check=True,
    )
    variables = json.loads(done.stdout.split("found ", 1)[1])
    assert isinstance(variables, dict)
    return variables


def test_tables_pools_and_connections_are_there(layout: Layout) -> None:
    """A fresh installation has a pool per platform, and the tables of Airflow and the warehouse."""
    pools = json.loads((PROJECT_ROOT / "config" / "pools.json").read_text())
    assert {name for (name,) in stored(layout, "SELECT pool FROM slot_pool")} > set(pools)
    assert stored(layout, "PRAGMA journal_mode") == [("wal",)]
    with closing(sqlite3.connect(layout.warehouse)) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM ledger").fetchone() == (0,)


def test_secrets_are_not_stored_in_plain(layout: Layout, variables: dict[str, str]) -> None:
    """The database holds the connection's password encrypted, and the log does not show it."""
    secret = json.loads(variables["AIRFLOW_CONN_ERP"])["password"].encode()
    assert secret not in (layout.airflow_home / "airflow.db").read_bytes()
    assert secret not in (layout.logs / "prepare.log").read_bytes()


def test_a_script_gets_its_connections(layout: Layout, variables: dict[str, str]) -> None:
    """A script's connections are JSON, the warehouse is a URL that SQLAlchemy reads."""
    erp = json.loads(variables["AIRFLOW_CONN_ERP"])
    assert (erp["conn_type"], erp["host"]) == ("http", "http://127.0.0.1:18083")
    assert erp["extra"]["access_token"]
    assert variables["WAREHOUSE_URL"] == f"sqlite:///{layout.warehouse}"
    own = json.loads(variables["AIRFLOW_CONN_AIRFLOW_METADATA"])
    assert own["password"] == f"sqlite:///{layout.airflow_home}/airflow.db?timeout=30"


def test_nothing_changed_means_prepared(layout: Layout) -> None:
    """Preparing again is skipped."""
    assert is_prepared(layout, environment(layout))


@pytest.mark.parametrize(
    "path",
    [
        "config/pools.json",
        "requirements.txt",
        "include/warehouse/migrations/versions/9999_new.py",
    ],
)
def test_a_change_means_to_prepare_again(layout: Layout, path: str) -> None:
    """New pools, packages or migrations are noticed."""
    before = (layout.root / path).read_text() if (layout.root / path).exists() else None
    (layout.root / path).write_text((before or "") + "\n")
    assert not is_prepared(layout, environment(layout))
    (layout.root / path).write_text(before) if before else (layout.root / path).unlink()
    assert is_prepared(layout, environment(layout))


def test_a_moved_service_moves_its_connections(layout: Layout) -> None:
    """One connection for each shop and feed."""
    assert not is_prepared(layout, environment(layout, 18090))
    prepare(layout, environment(layout, 18090))
    query = "SELECT conn_id FROM connection WHERE host = 'http://127.0.0.1:18093'"
    moved = {conn_id for (conn_id,) in stored(layout, query)}
    shops = load_shops(layout.root).by_id.values()
    assert moved == {"pdd_feed", *(shop.connection for shop in shops)}


def test_a_warehouse_that_is_gone_is_not_made_again_by_itself(layout: Layout) -> None:
    """An empty one in its place would say that nothing has landed; somebody has to ask for it."""
    prepare(layout, environment(layout))
    engine = connect(f"sqlite:///{layout.warehouse}")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE warehouse_version RENAME TO as_if_restored_empty"))
    assert "has no tables of this project" in warehouse_trouble(environment(layout))
    with pytest.raises(ConfigurationError, match="has no tables any more"):
        prepare(layout, environment(layout))
    engine.dispose()
    for path in layout.var.glob("warehouse.db*"):
        path.unlink()
    assert not is_prepared(layout, environment(layout))
    with pytest.raises(ConfigurationError, match=r"restore FILE.*`.*migrate`") as error:
        prepare(layout, environment(layout))
    assert f"the warehouse sqlite:///{layout.warehouse} is gone" in str(error.value)
    assert not layout.warehouse.exists()
    assert "is not there: put it back" in warehouse_trouble(environment(layout))
    layout.warehouse.write_bytes(b"no database, " * 400)
    assert "the file is no database" in warehouse_trouble(environment(layout))
    layout.warehouse.unlink()
    migrating.migrate(f"sqlite:///{layout.warehouse}")  # what `migrate` does
    prepare(layout, environment(layout))
    assert is_prepared(layout, environment(layout))
    assert not warehouse_trouble(environment(layout))


def test_what_the_team_changed_is_left_alone(layout: Layout) -> None:
    """A connection that went live keeps its host; a moved warehouse gets its tables."""
    change(
        layout, "UPDATE connection SET host = 'https://live', extra = NULL WHERE conn_id = 'erp'"
    )
    change(layout, "UPDATE connection SET host = 'https://half-live' WHERE conn_id = 'jd_1'")
    elsewhere = layout.root / "elsewhere.db"
    change(
        layout,
        f"UPDATE connection SET host = '{elsewhere}', description = 'ours' "  # noqa: S608 -- a test's own path
        "WHERE conn_id = 'warehouse'",
    )
    assert not is_prepared(layout, environment(layout))
    prepare(layout, environment(layout))
    rows = dict(stored(layout, "SELECT conn_id, host FROM connection"))
    assert (rows["erp"], rows["warehouse"]) == ("https://live", str(elsewhere))
    assert rows["jd_1"] == "https://half-live"
    assert elsewhere.exists()


def put_in_place(layout: Layout, version: str) -> None:
    """Copy a warehouse of another version over the one that is there, as people restore."""
    made = layout.root / f"of-{version}.db"
    made.touch()
    engine = connect(f"sqlite:///{made}")
    with engine.begin() as connection:
        known = min(version, "0003")
        command.upgrade(migrating._config(connection), known)
        connection.execute(text("UPDATE warehouse_version SET version_num = :v"), {"v": version})
    engine.dispose()
    query = "SELECT host FROM connection WHERE conn_id = 'warehouse'"
    ((host,),) = stored(layout, query)
    for path in Path(str(host)).parent.glob(f"{Path(str(host)).name}*"):
        path.unlink()
    shutil.copy(made, str(host))


def version_in_place(layout: Layout) -> str | None:
    """Ask the warehouse that the connection names."""
    ((host,),) = stored(layout, "SELECT host FROM connection WHERE conn_id = 'warehouse'")
    with connect(f"sqlite:///{host}").connect() as connection:
        return version_of(connection)


def test_an_older_warehouse_that_was_put_in_place_is_migrated(layout: Layout) -> None:
    """The stamp of the last start says nothing of a file that somebody copied there since."""
    prepare(layout, environment(layout))
    assert is_prepared(layout, environment(layout))
    put_in_place(layout, "0003")
    assert not is_prepared(layout, environment(layout))
    prepare(layout, environment(layout))
    assert version_in_place(layout) == newest_version()
    assert is_prepared(layout, environment(layout))


def test_a_newer_warehouse_that_was_put_in_place_is_refused(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """At once, in a sentence with the ways out; it is left as it is."""
    put_in_place(layout, "9999")
    with pytest.raises(ConfigurationError, match=r"of version 9999.*update the project") as error:
        prepare(layout, environment(layout))
    assert "restore FILE" in str(error.value)
    assert "preparing the databases" not in capsys.readouterr().out
    assert version_in_place(layout) == "9999"
    put_in_place(layout, "0003")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM slot_pool WHERE pool = 'pdd'",
        "UPDATE alembic_version SET version_num = 'older'",
        "UPDATE connection SET host = 'http://127.0.0.1:9' WHERE conn_id = 'pdd_2'",
    ],
    ids=["pool", "version", "port"],
)
def test_another_database_of_airflows_is_noticed(layout: Layout, statement: str) -> None:
    """An older copy that was put back lacks what was prepared since."""
    prepare(layout, environment(layout))
    change(layout, "PRAGMA wal_checkpoint(TRUNCATE)")
    kept = (layout.airflow_home / "airflow.db").read_bytes()
    change(layout, statement)
    assert not is_prepared(layout, environment(layout))
    (layout.airflow_home / "airflow.db").write_bytes(kept)
    for path in layout.airflow_home.glob("airflow.db-*"):
        path.unlink()
    assert is_prepared(layout, environment(layout))


def test_a_failure_shows_the_log(layout: Layout) -> None:
    """What cannot be prepared ends with the last lines of its log and leaves no stamp."""
    broken = environment(layout) | {"AIRFLOW__CORE__FERNET_KEY": "not a key", "PATH": os.defpath}
    (layout.var / "prepared").unlink()
    with pytest.raises(Exception, match=r"prepared; the lines above end var/logs/prepare\.log"):
        prepare(layout, broken)
    assert not (layout.var / "prepared").exists()


KEY = Fernet.generate_key().decode()


def prepare_for_a_team(
    program: Path | str, airflow_home: Path, var: Path, key: str = KEY
) -> subprocess.CompletedProcess[str]:
    """Prepare with nothing but an Airflow's own configuration."""
    # A fork does not look in another home than the Python that it is one of.
    database = {METADATA_URL: f"sqlite:///{airflow_home}/airflow.db"}
    return subprocess.run(
        [program, "-m", "include.prepare"],
        cwd=PROJECT_ROOT,
        env={
            **({} if program == sys.executable else database),
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(airflow_home),
            "AIRFLOW__CORE__FERNET_KEY": key,
            "SCHEDULER_VAR": str(var),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_airflow_of_a_teams_own_is_prepared(
    layout: Layout, python: Path, tmp_path: Path
) -> None:
    """It gets pools, connections and a warehouse; its own tables are left alone."""
    change(layout, "PRAGMA wal_checkpoint(TRUNCATE)")
    home = tmp_path / "airflow"
    home.mkdir()
    shutil.copy(layout.airflow_home / "airflow.db", home)
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        database.executescript("DELETE FROM connection; DELETE FROM slot_pool WHERE pool = 'jd'")
    done = prepare_for_a_team(sys.executable, home, tmp_path / "var")
    assert done.returncode == 0, done.stderr
    assert "pools made or changed: jd\n" in done.stdout
    assert "connections made: warehouse, erp, jd_1, " in done.stdout
    assert f"warehouse.db: version {newest_version()} (before: no tables)" in done.stdout
    again = prepare_for_a_team(python, home, tmp_path / "var")
    assert "pools made or changed: none\nconnections made: none\n" in again.stdout
    other = prepare_for_a_team(python, home, tmp_path / "var", Fernet.generate_key().decode())
    assert (other.returncode, "Traceback" in other.stderr) == (78, False)
    assert "encrypted with another key than this process has" in other.stderr


def test_an_airflow_without_tables_is_not_made(python: Path, tmp_path: Path) -> None:
    """Whose database it is decides its own administrator: the message names Airflow's command."""
    (tmp_path / "airflow").mkdir()
    done = prepare_for_a_team(python, tmp_path / "airflow", tmp_path / "var")
    assert (done.returncode, "Traceback" in done.stderr) == (78, False)
    assert "`airflow db migrate` makes them" in done.stderr


def test_a_project_that_cannot_be_written_is_told(python: Path, tmp_path: Path) -> None:
    """With the variable that moves what is written."""
    (tmp_path / "file").touch()
    done = prepare_for_a_team(python, tmp_path / "airflow", tmp_path / "file/var")
    assert (done.returncode, "Traceback" in done.stderr) == (78, False)
    assert "SCHEDULER_VAR to a folder that can be" in done.stderr
