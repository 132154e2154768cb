"""The registry, the pools, what is paused, and who is silent."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from sqlalchemy import update

from include.periods import Schedule
from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from include.warehouse.tables import ledger
from manager.doctor.findings import Patient
from manager.doctor.jobs import (
    check_heartbeats,
    check_paused,
    check_pools,
    check_registry,
    check_silent_units,
    check_stuck_runs,
)
from tests import airflow_runs


def change(patient: Patient, *statements: str) -> None:
    """Do what a user did in the web UI."""
    with closing(sqlite3.connect(patient.layout.airflow_home / "airflow.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_problems_of_the_registry_are_findings(patient: Patient) -> None:
    """The same lines that `check` prints."""
    registry = load_registry(patient.layout.root)
    valid = f"{len(registry.jobs)} jobs, {len(registry.shops)} shops, 3 feeds are valid"
    assert valid in str(next(check_registry(patient)))
    path = patient.layout.root / "config/tasks/erp.yaml"
    path.write_text(path.read_text("utf-8").replace("0 7 * * *", "99 7 * * *"), "utf-8")
    (line,) = map(str, check_registry(patient))
    assert line.startswith("fail  registry: config/tasks/erp.yaml:")
    assert "minute 99 is not in 0-59" in line


def test_pools_are_held_against_the_file(patient: Patient) -> None:
    """One that is missing makes its tasks wait for ever; one that was changed in the UI is told."""
    (line,) = map(str, check_pools(patient))
    assert line.startswith("ok    pools: erp, jd, pdd")
    assert line.endswith(" are as config/pools.json says")
    change(
        patient,
        "DELETE FROM slot_pool WHERE pool = 'jd'",
        "UPDATE slot_pool SET slots = 9 WHERE pool = 'pdd'",
    )
    assert [str(found) for found in check_pools(patient)] == [
        (
            "fail  pools: jd is not there, and config/pools.json says 1; "
            "`python3 scheduler_manager.py restart` makes it so"
        ),
        (
            "warn  pools: pdd has 9 slots, and config/pools.json says 3; "
            "`python3 scheduler_manager.py restart` makes it so, or say 9 in config/pools.json"
        ),
    ]


def test_paused_and_unknown_jobs_are_named(patient: Patient) -> None:
    """A paused job misses its days in silence."""
    (line,) = map(str, check_paused(patient))
    assert line.startswith("warn  jobs: are no DAGs yet: ")
    assert "erp_store, " in line
    jobs = load_registry(patient.layout.root).jobs
    enabled = sum(job.enabled for job in jobs.values())
    none_paused = f"ok    jobs: none of {enabled} is paused"
    change(patient, *(f"INSERT INTO dag VALUES ('{job_id}', 0, 0)" for job_id in jobs))  # noqa: S608
    assert [str(found) for found in check_paused(patient)] == [none_paused]
    change(patient, "UPDATE dag SET is_paused = 1 WHERE dag_id = 'jd_store'")
    assert [str(found) for found in check_paused(patient)] == [
        (
            "warn  jobs: jd_store is paused: its runs wait; "
            "`python3 scheduler_manager.py resume jd_store` goes on with it"
        )
    ]
    change(
        patient,
        "UPDATE dag SET is_paused = 0",
        "INSERT INTO dag VALUES ('contract.store_day', 1, 0)",
    )
    assert [str(found) for found in check_paused(patient)] == [
        (
            "warn  contracts: contract.store_day is paused, and its events wait; "
            "`python3 scheduler_manager.py resume contract.store_day` lets them go on"
        ),
        none_paused,
    ]


def test_runs_that_cannot_move_are_named(patient: Patient) -> None:
    """With since when, why, and what helps; nothing is said while nothing runs anyway."""
    change(
        patient,
        "INSERT INTO dag VALUES ('pdd_chat', 0, 0), ('jd_store', 0, 0)",
        "INSERT INTO backfill VALUES (1, 1, '2025-10-03 02:00:00.000000')",
        "INSERT INTO dag_run (dag_id, run_id, state, partition_key, run_after, conf, backfill_id) "
        "VALUES ('pdd_chat', 'backfill__1', 'queued', '2025-10-02', "
        "'2025-10-03 01:00:00.000000', '{}', 1), "
        "('jd_store', 'scheduled__1', 'running', '2025-10-02', "
        "'2025-10-03 01:00:00.000000', '{}', NULL)",
        "DELETE FROM slot_pool WHERE pool = 'jd'",
        "INSERT INTO task_instance (dag_id, run_id, task_id, state, pool) "
        "VALUES ('jd_store', 'scheduled__1', 'run', 'scheduled', 'jd')",
        airflow_runs.scheduler(),
    )
    assert [one.level for one in check_stuck_runs(patient)] == ["ok"]
    found = [str(one) for one in check_stuck_runs(replace(patient, runs=True))]
    assert found == [
        (
            "warn  runs: jd_store 2025-10-02: run scheduled__1 waits since 10-03 09:00 and cannot "
            "go on: its pool 'jd' is not there; `python3 scheduler_manager.py restart` makes the "
            "pools of config/pools.json; the run then goes on"
        ),
        (
            "warn  runs: pdd_chat 2025-10-02: run backfill__1 waits since 10-03 09:00 and cannot "
            "go on: its backfill was cancelled; `python3 scheduler_manager.py repair --job "
            "pdd_chat --yes` makes another for what is missing; mark this one failed in the web UI"
        ),
    ]


def test_a_unit_without_signs_of_life_is_named(patient: Patient) -> None:
    """Its machine went away, say; the command runs it again."""
    schedule = Schedule("0 7 * * *", "day", "Asia/Shanghai", "saturday")
    units = [Unit("erp_store", f"erp-{n}", schedule.parse_key("2025-10-02")) for n in (1, 2)]
    engine = connect(patient.variables["WAREHOUSE_URL"])
    book = Ledger(engine, "run")
    book.expect(units)
    book.begin(units)
    assert [found.level for found in check_silent_units(patient)] == ["ok"]
    long_ago = datetime.now(timezone.utc) - timedelta(minutes=6)
    with engine.begin() as connection:
        silent = update(ledger).where(ledger.c.shop_id == "erp-2")
        connection.execute(silent.values(heartbeat_at=long_ago))
    assert [str(found) for found in check_silent_units(patient)] == [
        (
            "fail  ledger: erp_store erp-2 2025-10-02 is running, but gave no sign of life "
            "for 5 minutes; run it again: `python3 scheduler_manager.py run erp_store "
            "--period 2025-10-02`"
        )
    ]


def test_a_service_that_is_down_is_said(patient: Patient) -> None:
    """Its heartbeats cannot be asked for; that is nothing to repair."""
    (line,) = map(str, check_heartbeats(patient))
    assert line == (
        "warn  service: is not running, so that heartbeats were not asked for; "
        "`python3 scheduler_manager.py start` starts it"
    )
