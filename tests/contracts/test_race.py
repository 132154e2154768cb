"""Eleven jobs that finish at once, in processes of their own, some of them killed with -9."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from include import PROJECT_ROOT
from tests.warehouses import KINDS

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess


def _run(program: str, folder: Path, url: str, rounds: int, seed: int) -> CompletedProcess[str]:
    command = [sys.executable, "-m", f"tests.contracts.{program}", str(folder), url]
    done = subprocess.run(
        [*command, str(rounds), str(seed)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def _race(folder: Path, url: str, rounds: int, seed: int) -> int:
    """Check each round; return how many children were killed."""
    done = _run("race", folder / "project", url, rounds, seed)
    assert "Traceback" not in done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == rounds
    for one in found:
        assert (one["first"], one["too_early"], one["is_last"]) == ([1], False, True), one
        # A job that lands again changes its rows once; some do so at the same moment.
        assert one["later"] == [*range(1, len(one["later"]) + 1)], one
        assert len(one["later"]) <= 1 + one["again"], one
    assert any(len(one["later"]) > 1 for one in found)
    return sum(one["killed"] for one in found)


@pytest.mark.every_warehouse
def test_eight_days(tmp_path: Path, warehouse_url: str) -> None:
    """Each is complete once, and again when its rows have changed; none is left unsaid."""
    assert _race(tmp_path, warehouse_url, 8, seed=1) > 0


@pytest.mark.campaign
@pytest.mark.parametrize("warehouse_url", KINDS, indirect=True)
def test_a_thousand_days(tmp_path: Path, warehouse_url: str) -> None:
    """The same."""
    assert _race(tmp_path, warehouse_url, 1_000, seed=2) > 1_000


def _told_airflow(folder: Path, url: str, rounds: int, seed: int) -> int:
    """Check that each revision has its run, and no other run is there; return how many."""
    done = _run("event_race", folder, url, rounds, seed)
    assert not done.stderr, done.stderr
    told = json.loads(done.stdout)
    assert (told["left"], told["each_has_its_run"]) == (0, True), told
    return int(told["revisions"])


def test_eight_days_that_airflow_is_told_of(tmp_path: Path, warehouse_url: str) -> None:
    """By two processes, which are killed at any moment: once of each revision."""
    assert _told_airflow(tmp_path, warehouse_url, 8, seed=3) > 8


@pytest.mark.campaign
def test_a_thousand_days_that_airflow_is_told_of(tmp_path: Path, warehouse_url: str) -> None:
    """The same."""
    assert _told_airflow(tmp_path, warehouse_url, 1_000, seed=4) > 1_000
