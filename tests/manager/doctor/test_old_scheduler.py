"""What runs in two schedulers, or in none, is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manager.doctor.findings import FAIL, OK, WARN, Patient
from manager.doctor.old_scheduler import check_old_scheduler
from manager.importing.old_jobs import OldJob, OldSchedule, Place
from manager.importing.record import Imported, as_json
from tests.manager.importing.prefect.recording import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = "cd /opt/pdd && python3 pdd.py >> pdd.log 2>&1"
ENTRY = """\
  - id: {job}
    name: {job}
    cron: "0 8 * * *"
    script: generate_tasks.py
    args: [--period-unit, day]
    data: false
    enabled: {enabled}
"""


def _import(patient: Patient, enabled: dict[str, bool], old: OldJob) -> None:
    """Write entries and their record, as an import does; all of one old job."""
    folder = patient.layout.root / "config/tasks"
    entries = [ENTRY.format(job=job, enabled=str(said).lower()) for job, said in enabled.items()]
    (folder / "imported.yaml").write_text("tasks:\n" + "".join(entries), "utf-8")
    records = {job: Imported(job, old) for job in enabled}
    (folder / "imported.json").write_text(as_json(records), "utf-8")


def _of_prefect(deployment: str) -> OldJob:
    schedule = OldSchedule(cron="0 8 * * *", id="6f0c")
    return OldJob("x", Place("prefect.db"), (schedule,), deployment=deployment)


@pytest.fixture
def prefect(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve an old Prefect where its own client would look for it."""
    with served() as (address, _asked):
        monkeypatch.setenv("PREFECT_API_URL", f"{address}/api")
        yield


@pytest.mark.usefixtures("prefect")
def test_a_job_that_runs_in_both(patient: Patient) -> None:
    """It is to be repaired, by the command that stops the old one."""
    _import(patient, {"twice": True, "later": False}, _of_prefect("PDD质量数据/PDD质量数据"))
    (finding,) = check_old_scheduler(patient)
    assert (finding.level, "twice" in finding.text) == (FAIL, True)
    assert 'prefect deployment schedule pause "PDD质量数据/PDD质量数据" 6f0c' in finding.remedy


@pytest.mark.usefixtures("prefect")
def test_a_job_that_runs_in_neither(patient: Patient) -> None:
    """What was paused there and not enabled here is named; what was enabled here is well."""
    _import(patient, {"nowhere": False, "here": True}, _of_prefect("PDD聊天数据/PDD聊天数据"))
    (finding,) = check_old_scheduler(patient)
    assert (finding.level, "nowhere" in finding.text) == (WARN, True)
    assert "import --enable nowhere" in finding.remedy


def test_an_old_scheduler_that_is_gone(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing answers: nothing runs twice, and nobody claims to know more."""
    monkeypatch.setenv("PREFECT_API_URL", f"{patient.ports.sandbox_url}/api")
    _import(patient, {"here": True}, _of_prefect("PDD质量数据/PDD质量数据"))
    (finding,) = check_old_scheduler(patient)
    assert finding.level == OK


@pytest.mark.parametrize(
    ("line", "level"), [(f"0 8 * * * {LINE}", FAIL), (f"# 0 8 * * * {LINE}", OK)]
)
def test_a_line_of_the_crontab(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, level: str
) -> None:
    """It runs in both until its line is a comment."""
    program = tmp_path / "bin/crontab"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{line}\nEND\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    schedule = OldSchedule(cron="0 8 * * *")
    old = OldJob("x", Place("crontab.txt", 3), (schedule,), scheduler="cron", deployment=LINE)
    _import(patient, {"here": True}, old)
    (finding,) = check_old_scheduler(patient)
    assert finding.level == level


def test_ours_that_does_the_same_runs_too(patient: Patient) -> None:
    """The old script and ours would both bring the day."""
    old = OldJob("x", Place("crontab.txt", 3), scheduler="airflow")
    _import(patient, {"mine_old": True, "mine": True}, old)
    records = {"mine_old": Imported("mine_old", old, ours="mine")}
    folder = patient.layout.root / "config/tasks"
    (folder / "imported.json").write_text(as_json(records), "utf-8")
    (finding,) = check_old_scheduler(patient)
    assert (finding.level, finding.text) == (WARN, "mine_old does the same as mine, and both run")
    assert finding.remedy.startswith("write 'enabled: false' into config/tasks/imported.yaml:")


def test_without_an_import_there_is_nothing_to_repair(patient: Patient) -> None:
    """Who has imported nothing is told so, and no scheduler is asked."""
    assert [finding.level for finding in check_old_scheduler(patient)] == [OK]
