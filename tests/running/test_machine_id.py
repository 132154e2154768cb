"""Machines that share a warehouse but no lock files."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from include.running.locking import place_of
from include.units.ledger import Ledger
from include.warehouse import connect
from tests.running.project import PATIENCE, PERIOD, Project
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.units.unit import LedgerRow

BEAT_SECONDS = 0.5
# Says that it runs, and goes on until it is told to end, or killed.
WAIT = """
    import os, time
    here = os.environ["SCRATCH"] + "/"
    open(here + os.environ["RUN_ID"], "w").close()
    while not os.path.exists(here + "go on"):
        time.sleep(0.02)
"""


class Machines:
    """Two machines that run one project for one warehouse, each with a folder of its own."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.url = empty_file(project.root)
        self.ledger = Ledger(connect(self.url))
        project.job(WAIT)

    def variables(self, machine: str) -> dict[str, str]:
        """Return what the runner of a machine is told; its run has the machine's name."""
        return {
            "SCHEDULER_VAR": str(self.project.root / f"var of {machine}"),
            "WAREHOUSE_URL": self.url,
            "RUN_ID": machine,
            "RUNNER_HEARTBEAT_SECONDS": str(BEAT_SECONDS),
            "RUNNER_LOCK_WAIT_SECONDS": "0",
        }

    def row(self) -> LedgerRow:
        """Return the unit's row."""
        (row,) = self.ledger.rows("job", PERIOD)
        return row


@pytest.fixture
def machines(project: Project) -> Iterator[Machines]:
    """Return two machines."""
    made = Machines(project)
    yield made
    made.ledger.engine.dispose()


def test_what_another_machine_runs_is_not_run_beside_it(machines: Machines) -> None:
    """The second is told to come again later, changes nothing, and the first one lands."""
    first = machines.project.start(**machines.variables("one"))
    machines.project.wait_for("one")
    code, said = machines.project.run("job", "--period", PERIOD, **machines.variables("two"))
    assert code == 75
    assert f"job {PERIOD} is being run on another machine by run 'one'" in said
    assert not (machines.project.root / "two").exists()
    assert (machines.row().state, machines.row().attempts) == ("running", 1)
    (machines.project.root / "go on").touch()
    first.communicate(PATIENCE)
    assert first.returncode == 0
    assert (machines.row().state, machines.row().run_id) == ("ok", "one")


def test_what_a_dead_machine_ran_is_taken_over(machines: Machines) -> None:
    """Without a sign of life the unit is free, soon enough and not at once."""
    project = machines.project
    first = project.start(**machines.variables("one"))
    project.wait_for("one")
    first.send_signal(signal.SIGKILL)
    project.wait_until_gone()
    (project.root / "go on").touch()
    words, variables = ("job", "--period", PERIOD), machines.variables("two")
    patient = variables | {"RUNNER_HEARTBEAT_SECONDS": "60"}
    assert project.run(*words, **patient)[0] == 75
    assert machines.row().state == "running"
    time.sleep(4 * BEAT_SECONDS)
    code, said = project.run(*words, **variables)
    assert code == 0, said
    assert (machines.row().state, machines.row().run_id) == ("ok", "two")


def test_a_retry_on_the_same_machine_waits_for_no_sign_of_life(machines: Machines) -> None:
    """The lock says that nothing is left of the run before, so the next one begins at once."""
    project = machines.project
    first = project.start(**machines.variables("one"))
    project.wait_for("one")
    first.send_signal(signal.SIGKILL)
    project.wait_until_gone()
    (project.root / "go on").touch()
    code, said = project.run("job", "--period", PERIOD, **machines.variables("one"))
    assert code == 0, said


def test_a_folder_has_one_name(tmp_path: Path) -> None:
    """All who ask at once are told the same, and another folder has another."""
    with ThreadPoolExecutor(8) as pool:
        names = {*pool.map(place_of, [tmp_path / "var"] * 40)}
    assert len(names) == 1
    assert place_of(tmp_path / "other") not in names
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["place"]
