"""The keeper: whatever dies at whatever moment, nothing is left and nothing overlaps."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.running.families import FAMILY

if TYPE_CHECKING:
    from tests.running.project import Project

# A runner is up, with its script's whole family, after about this long.
SECONDS_UNTIL_ALL_IS_UP = 0.9


def kill_at_random(project: Project, source: random.Random) -> None:
    """Kill a runner, and in one case of four its keeper, at a random moment; then run again."""
    stubborn = {"STUBBORN": "1"} if source.random() < 0.5 else {}
    runner = project.start(**stubborn)
    time.sleep(source.uniform(0.0, SECONDS_UNTIL_ALL_IS_UP))
    victim = psutil.Process(runner.pid)
    if source.random() < 0.25:
        victim = next(iter(victim.children()), victim)
    victim.kill()
    # The second start waits for the lock until the first tree is gone; its script would notice.
    code, output = project.run(QUICK="1")
    assert code == 0, output
    runner.communicate(timeout=20)
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
