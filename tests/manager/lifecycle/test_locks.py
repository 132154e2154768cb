"""One change at a time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from manager.layout import exclusive

HOLDER = """
import sys, time
from pathlib import Path
from manager.layout import exclusive
with exclusive(Path(sys.argv[1]), "being tested"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Start a process that holds the lock; returns once it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path, str(seconds)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_waits_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who comes second waits until the first is done."""
    started = time.monotonic()
    with hold(tmp_path / "x.lock", 0.6), exclusive(tmp_path / "x.lock", "starting the service"):
        assert time.monotonic() - started > 0.5
    said = capsys.readouterr().err
    assert said == "another process is starting the service; waiting for it\n"


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    """The lock of a process that was killed is free at once."""
    with hold(tmp_path / "x.lock", 60) as holder:
        holder.kill()
        holder.wait()
        with exclusive(tmp_path / "x.lock", "starting the service"):
            pass
