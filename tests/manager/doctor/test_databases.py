"""Airflow's database and the warehouse."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from include.warehouse.migrating import migrate
from manager.airflow.tables import migrations_of_airflow
from manager.doctor import databases
from manager.doctor.databases import check_database, check_warehouse
from manager.doctor.findings import Finding, Patient
from manager.doctor.jobs import check_silent_units
from tests.database_servers import KINDS, Server

Check = Callable[[Patient], Iterator[Finding]]
OLD: dict[Check, str] = {
    check_database: next(reversed([*migrations_of_airflow().walk_revisions()])).revision,
    check_warehouse: "0003",
}


def lines(check: Check, patient: Patient) -> list[str]:
    """Return what a check says."""
    return [str(finding) for finding in check(patient)]


def files(patient: Patient) -> dict[Check, Path]:
    """Return the file behind each check."""
    airflow = patient.layout.airflow_home / "airflow.db"
    return {check_database: airflow, check_warehouse: patient.layout.warehouse}


def test_databases_that_are_well(patient: Patient) -> None:
    """They open, are whole and up to date; the warehouse can be written to, and nothing stays."""
    assert [line.split(": ")[0] for line in lines(check_database, patient)] == [
        "ok    database"
    ] * 2
    said = lines(check_warehouse, patient)
    assert [line.split(": ")[0] for line in said] == ["ok    warehouse"] * 3
    assert said[2] == "ok    warehouse: can be written to"
    with closing(sqlite3.connect(patient.layout.warehouse)) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM ledger").fetchone() == (0,)


@pytest.mark.parametrize(
    ("check", "remedy"),
    [(check_database, "`{} start` makes it"), (check_warehouse, "put it back, or bring a backup")],
)
def test_a_missing_one_is_told_and_not_made(patient: Patient, check: Check, remedy: str) -> None:
    """An empty file would look like a fresh start; `start` makes no warehouse a second time."""
    path = files(patient)[check]
    path.unlink()
    (line,) = lines(check, patient)
    assert f"{path} is not there; {remedy.format('python3 scheduler_manager.py')}" in line
    assert not path.exists()


@pytest.mark.parametrize("check", [check_database, check_warehouse])
def test_older_tables_are_told(patient: Patient, check: Check) -> None:
    """With the command that brings them up to date."""
    old = OLD[check]
    change_version(patient, check, old)
    (found,) = [line for line in lines(check, patient) if f"of version {old}" in line]
    assert found.startswith("fail")
    command = "migrate` brings them" if check is check_warehouse else "restart` brings it"
    assert f"`python3 scheduler_manager.py {command} up to date" in found


@pytest.mark.parametrize("check", [check_database, check_warehouse])
def test_newer_tables_are_told(patient: Patient, check: Check) -> None:
    """No restart of older code repairs them: with the two ways out."""
    change_version(patient, check, "9999")
    (found,) = [line for line in lines(check, patient) if "of version 9999" in line]
    assert found.startswith("fail")
    assert "`python3 scheduler_manager.py restore FILE`" in found
    assert "brings it up to date" not in found


def change_version(patient: Patient, check: Check, version: str) -> None:
    """Make tables say that they are of another version."""
    table = "warehouse_version" if check is check_warehouse else "alembic_version"
    with closing(sqlite3.connect(files(patient)[check])) as database:
        database.execute(f"UPDATE {table} SET version_num = ?", (version,))  # noqa: S608 -- ours
        database.commit()


def test_damage_is_told(patient: Patient) -> None:
    """With the way back."""
    path = patient.layout.airflow_home / "airflow.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    found = lines(check_database, patient)
    assert found[0].startswith("fail  database: ")
    assert "is damaged" in found[0]
    assert "`python3 scheduler_manager.py restore FILE`" in found[0]


@pytest.mark.parametrize("check", [check_database, check_warehouse])
def test_a_file_that_is_no_database_is_to_be_brought_back(patient: Patient, check: Check) -> None:
    """There is no server that could be down."""
    files(patient)[check].write_bytes(b"\xff" * 5000)
    line = lines(check, patient)[0]
    assert "file is not a database" in line
    assert "bring back a backup: `python3 scheduler_manager.py restore FILE`" in line


def test_a_writer_is_not_waited_for_long(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a warning: whoever writes will have done so soon."""
    monkeypatch.setattr(databases, "BUSY_MS", 100)
    with closing(sqlite3.connect(patient.layout.warehouse, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        said = lines(check_warehouse, patient)
    assert any("locked" in line for line in said)


def test_a_warehouse_on_a_server_that_is_down_shows_no_password(patient: Patient) -> None:
    """It names where it should be."""
    patient.variables["WAREHOUSE_URL"] = "postgresql+psycopg2://pat:s3cret@127.0.0.1:1/shops"
    (line,) = lines(check_warehouse, patient)
    assert line.startswith("fail  warehouse: postgresql+psycopg2://pat:***@127.0.0.1:1/shops does")
    assert "s3cret" not in line


@pytest.mark.parametrize("kind", KINDS)
def test_a_warehouse_on_a_server(
    database_server: Callable[[str], Server], patient: Patient, kind: str
) -> None:
    """It opens, is up to date, and can be written to; a row stays in none."""
    server = database_server(kind)
    url = server.create_database("CHARACTER SET utf8mb4" if kind == "mariadb" else "")
    patient.variables["WAREHOUSE_URL"] = url
    assert "has no tables" in lines(check_warehouse, patient)[1]
    migrate(url)
    assert [line[:5] for line in lines(check_warehouse, patient)] == ["ok   "] * 3
    assert [str(found)[:5] for found in check_silent_units(patient)] == ["ok   "]
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ledger")) == 0
    engine.dispose()
    server.drop_database(url)
