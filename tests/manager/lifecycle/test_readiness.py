"""Waiting for a service, wherever it lies."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.running.process_tree import ProcessTree
from manager.lifecycle.processes import _groups, memory_mb
from manager.lifecycle.readiness import _cpu_seconds

# Linux keeps 15 bytes of a process's name, and these are three each: the last one is cut.
NAME = "a电商数据目录.py"


@pytest.fixture
def pid(tmp_path: Path) -> Iterator[int]:
    """Start a program whose name the kernel cuts inside a Chinese character."""
    script = tmp_path / NAME
    script.write_text(f"#!{sys.executable}\nsum(range(9_000_000)); print(flush=True); input()\n")
    script.chmod(0o700)
    with subprocess.Popen(
        [script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.communicate(b"\n")


@pytest.mark.skipif(sys.platform != "linux", reason="the name is Linux's")
def test_a_name_that_is_cut_inside_a_character_is_no_obstacle(pid: int) -> None:
    """Neither to the wait for a start, nor to `status`, nor to the end of a script's processes."""
    with pytest.raises(UnicodeDecodeError):
        Path(f"/proc/{pid}/stat").read_text("utf-8")
    assert _cpu_seconds(pid) > 0
    _groups.cache_clear()  # one look serves a command, and another test has had it
    assert memory_mb(pid)
    assert pid in [process.pid for process in ProcessTree().living()]


def test_a_process_that_has_ended_uses_nothing() -> None:
    """As a component that is started again."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert _cpu_seconds(process.pid) == 0
