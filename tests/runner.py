"""The runner, for tests that ask how a run ends: forked from a Python that has imported it already.

It has an environment and an output of its own, as under the operator, and its script is a process
as always. Tests that kill or signal the runner start it as it really is, with `command`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.running.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "include.units"])


def command(*words: str) -> list[str]:
    """Return the command that starts the runner as a process of its own."""
    return [sys.executable, "-m", "include.running", *words]


def run(*words: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run the runner to its end; return its exit code and what it and its script printed."""
    with NamedTemporaryFile("r", encoding="utf-8") as output:
        runner = _FORKS.Process(target=_become, args=(words, dict(environment), output.name))
        runner.start()
        try:
            runner.join()
        finally:
            runner.kill()  # where pytest ends a test that takes too long
        assert runner.exitcode is not None
        return runner.exitcode, output.read()


def _become(words: tuple[str, ...], environment: dict[str, str], output: str) -> None:
    """Be the runner: what the server that forks had is replaced."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(PROJECT_ROOT)
    opened = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(opened, stream)
    os.close(opened)
    sys.exit(main(list(words)))
