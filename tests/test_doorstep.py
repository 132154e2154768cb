"""The doorstep: what happens before the commands are there."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DOORSTEP = Path(__file__).parent.parent / "scheduler_manager.py"
SLOW = "print('importing', flush=True)\nimport time\ntime.sleep(60)\n"


@pytest.mark.parametrize("handed_over", [False, True])
def test_an_early_interruption_is_told_in_a_line(tmp_path: Path, *, handed_over: bool) -> None:
    """Also in the Python that the first one hands over to, which starts with the signal blocked."""
    shutil.copy(DOORSTEP, tmp_path)
    (tmp_path / "manager").mkdir(parents=True)
    (tmp_path / "manager/cli.py").write_text(SLOW, "utf-8")
    # A shell has what it runs in the background ignore it, and so would what the tests start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    if handed_over:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        process = subprocess.Popen(
            [sys.executable, str(tmp_path / DOORSTEP.name), "status"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said) == (130, "interrupted before anything was done\n")
