"""The keeper: whatever dies at whatever moment, nothing is left and nothing overlaps."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from include import PROJECT_ROOT
from tests.running.families import FAMILY
from tests.running.project import PATIENCE, Project

# A runner is up, with its script's whole family, after about half of this.
SECONDS_TO_CHOOSE_FROM = 0.6
# Runs a runner that kills itself before the n-th line it comes to in the modules around its script.
SUICIDAL = """
import os, signal, sys
left = int(sys.argv.pop(1))
def trace(frame, event, argument):
    global left
    if not frame.f_code.co_filename.endswith(("script_process.py", "attempt.py", "locking.py")):
        return None
    left -= event == "line"
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
from include.running.__main__ import main
sys.exit(main(["job", "--period", "2025-10-02"]))
"""


def kill_at_random(project: Project, source: random.Random) -> None:
    """Kill a runner, and in one case of four its keeper, at a random moment; then run again."""
    stubborn = {"STUBBORN": "1"} if source.random() < 0.5 else {}
    runner = project.start(**stubborn)
    time.sleep(source.uniform(0.0, SECONDS_TO_CHOOSE_FROM))
    victim = psutil.Process(runner.pid)
    if source.random() < 0.25:
        victim = next(iter(victim.children()), victim)
    victim.kill()
    check_that_nothing_is_left(project)
    runner.communicate(PATIENCE)


def check_that_nothing_is_left(project: Project) -> None:
    """Run again at once: it waits until the first tree is gone; its script would notice."""
    code, output = project.run(QUICK="1")
    assert code == 0, output
    project.wait_until_gone()
    assert project.locks() == []


@pytest.mark.parametrize("seed", range(6))
def test_nothing_survives_and_nothing_overlaps(project: Project, seed: int) -> None:
    """Killed at a random moment, a run leaves neither a process nor a lock to the next one."""
    project.job(FAMILY)
    kill_at_random(project, random.Random(seed))


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_two_hundred_killed_runs(project: Project) -> None:
    """The same, two hundred times."""
    project.job(FAMILY)
    source = random.Random(2025)
    for _ in range(200):
        kill_at_random(project, source)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_a_runner_that_is_killed_at_any_line(project: Project) -> None:
    """From before its lock until its script is up, there is no line at which it must not die."""
    project.job(FAMILY)
    command = [sys.executable, "-c", SUICIDAL]
    ready = project.root / "ready"
    line = 0
    while not ready.exists():
        line += 1
        runner = subprocess.Popen(
            [*command, str(line)], cwd=PROJECT_ROOT, env=project.environment()
        )
        project.started.append(runner)
        while runner.poll() is None and not ready.exists():
            time.sleep(0.02)
        runner.send_signal(signal.SIGKILL)
        check_that_nothing_is_left(project)
    assert line > 60
