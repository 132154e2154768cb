"""Ending runs as a machine that fails does: at any moment, without a last word."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import random

    from tests.runner import Runner


def kill_one(runner: Runner, chance: random.Random) -> None:
    """Kill the runner, its keeper or its script with -9, and wait for the end of the run."""
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end just now
        process = psutil.Process(runner.pid)
        chance.choice([process, *process.children(recursive=True)]).kill()
    runner.communicate(280)
