"""Being told to end: in time, and by the parent's death too."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from tests.running.families import FAMILY
from tests.running.project import PATIENCE, Project, wait_until

# Starts a runner as Airflow's task process does, and stays its parent.
PARENT = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(600)"
RUNNER = [sys.executable, "-m", "include.running", "job", "--period", "2025-10-02"]


def test_a_runner_ends_with_its_parent(project: Project) -> None:
    """With STOP_WITH_PARENT a killed parent takes the runner and its whole tree along."""
    project.job(FAMILY)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *RUNNER],
        cwd=PROJECT_ROOT,
        env=project.environment(STOP_WITH_PARENT="1"),
    )
    project.started.append(parent)
    project.wait_for("ready")
    parent.kill()
    project.wait_until_gone()
    assert "told to end by SIGTERM" in project.journal()


def test_a_parent_that_died_before_is_noticed(project: Project) -> None:
    """A runner that was meant for another parent does not start its script."""
    project.job(FAMILY)
    code, _ = project.run(STOP_WITH_PARENT="999999")
    assert code == 128 + signal.SIGTERM
    assert not (project.root / "ready").exists()


def test_a_bond_that_is_no_number_is_a_wrong_configuration(project: Project) -> None:
    """The message quotes it."""
    project.job(FAMILY)
    code, output = project.run(STOP_WITH_PARENT="yes")
    assert (code, "STOP_WITH_PARENT 'yes'" in output) == (78, True)


def test_a_background_run_stays_when_the_terminal_goes(project: Project) -> None:
    """What was started with `nohup` does not end by HUP."""
    project.job(FAMILY)
    runner = subprocess.Popen(
        ["/usr/bin/env", "nohup", *RUNNER],
        cwd=PROJECT_ROOT,
        env=project.environment(),
        stdout=subprocess.PIPE,
    )
    project.started.append(runner)
    project.wait_for("ready")
    runner.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        runner.wait(0.5)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(PATIENCE) == 128 + signal.SIGTERM


def test_a_run_that_waits_for_a_lock_can_be_ended(project: Project) -> None:
    """It does not wait on, and starts nothing."""
    project.job(FAMILY)
    project.start()
    project.wait_for("ready")
    waiting = project.start(RUNNER_LOCK_WAIT_SECONDS="60")
    wait_until(lambda: _catches_term(waiting.pid))
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(PATIENCE) != 0


def _catches_term(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))
