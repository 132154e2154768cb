"""dag-factory 1.1.0 itself loads the same YAML, and Airflow says when its DAGs would run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from manager.importing.dag_factory import read
from manager.importing.fire_times import old_fires

if TYPE_CHECKING:
    from manager.importing.old_jobs import OldJob

VERSION = "1.1.0"
HERE = Path(__file__).parent / "dag_factory"
FILE = HERE / "dags.yml"
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
LAST = FIRST + timedelta(days=400)
REFUSED = {"two_tasks", "jinja"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what dag-factory makes of the file; the package is installed beside ours."""
    folder = tmp_path_factory.mktemp("dag-factory")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    _run([*pip, f"dag-factory=={VERSION}"], {})
    window = [FIRST.isoformat(), LAST.isoformat()]
    said = _run([sys.executable, str(HERE / "fires.py"), str(FILE), *window],
                {"PYTHONPATH": str(folder)})  # fmt: skip
    return dict(json.loads(said.splitlines()[-1]))


def _run(command: list[str], more: dict[str, str]) -> str:
    environment = {**os.environ, "DO_NOT_TRACK": "1", **more}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def jobs() -> dict[str, OldJob]:
    """Return what an import reads."""
    return {job.name: job for job in read(str(FILE)).jobs}


@pytest.mark.campaign
def test_the_same_dags(loaded: dict[str, Any], jobs: dict[str, OldJob]) -> None:
    """Each DAG of dag-factory is a job, or a finding with its name."""
    assert loaded.keys() == jobs.keys() | REFUSED
    assert {name for name in REFUSED for one in read(str(FILE)).findings if name in one.text} == (
        REFUSED
    )


@pytest.mark.campaign
def test_the_same_fires(loaded: dict[str, Any], jobs: dict[str, OldJob]) -> None:
    """400 days of every DAG are those that Airflow's own timetables say."""
    for name, job in jobs.items():
        ours = [fire for one in job.schedules for fire in old_fires(one, "airflow", FIRST, LAST)]
        theirs = [
            datetime.fromisoformat(one).astimezone(timezone.utc) for one in loaded[name]["fires"]
        ]
        assert ours == theirs, name


@pytest.mark.campaign
def test_the_same_tasks(loaded: dict[str, Any], jobs: dict[str, OldJob]) -> None:
    """Retries, delay and timeout are those of the loaded task."""
    for name, job in jobs.items():
        (task,) = loaded[name]["tasks"]
        assert job.retries == task["retries"], name
        assert job.retry_delay is not None
        assert job.retry_delay.total_seconds() == task["delay"], name
        timeout = job.timeout.total_seconds() if job.timeout else None
        assert timeout == task["timeout"], name
        assert str(job.script) in task["command"]
