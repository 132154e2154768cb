"""Finding and ending the service's processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from manager.layout import Layout
from manager.lifecycle import processes
from manager.lifecycle.processes import end_leftovers, service_processes
from manager.lifecycle.stopping import stop_service
from manager.lifecycle.supervisor_client import MARKER

SLEEP = "print('up', flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
TITLED = "import setproctitle; setproctitle.setproctitle('airflow worker'); " + SLEEP
ORPHAN = f"import os, time; os.fork() and os._exit(0); os.setsid(); {SLEEP}"


class Starter:
    """Starts processes of a service, and of others."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack

    def __call__(self, code: str, marker: str) -> subprocess.Popen[str]:
        """Start one; returns once it is up."""
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, MARKER: marker, "SPT_NOENV": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process


@pytest.fixture
def start() -> Iterator[Starter]:
    """Return a way to start processes that are gone after the test."""
    with ExitStack() as stack:
        yield Starter(stack)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return an installation that has its own `var/`."""
    return Layout(var=tmp_path)


def test_only_the_service_is_found(start: Starter, layout: Layout) -> None:
    """A process is known by the mark alone; another installation's is not ours."""
    ours = start(SLEEP, str(layout.var))
    start(SLEEP, "/another/var")
    assert [process.pid for process in service_processes(layout)] == [ours.pid]


def test_a_renamed_process_is_found(start: Starter, layout: Layout) -> None:
    """Airflow's processes change their titles, which must not hide them."""
    ours = start(TITLED, str(layout.var))
    assert [process.pid for process in service_processes(layout)] == [ours.pid]


def test_orphans_are_ended(start: Starter, layout: Layout) -> None:
    """A process whose parent is gone and that has a session of its own is found and ended."""
    start(ORPHAN, str(layout.var))
    assert end_leftovers(layout) == 1
    assert service_processes(layout) == []


def test_who_ignores_term_is_killed(
    start: Starter, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grace period nothing survives."""
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.3)
    stubborn = start(STUBBORN, str(layout.var))
    assert end_leftovers(layout) == 1
    assert not psutil.pid_exists(stubborn.pid)


def test_what_a_killed_supervisord_left_is_stopped(
    start: Starter, layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """`stop` ends it, and leaves no process, no pid file and no socket."""
    layout.make_var()
    start(ORPHAN, str(layout.var))
    (layout.run / "supervisord.pid").write_text("1\n")
    socket.socket(socket.AF_UNIX).bind(str(layout.socket))
    stop_service(layout, now=False)
    assert capsys.readouterr().out.splitlines() == [
        "ended 1 process that supervisord had not",
        "stopped",
    ]
    assert service_processes(layout) == []
    assert list(layout.run.iterdir()) == []
    assert not layout.socket.exists()


def test_nothing_to_end(layout: Layout) -> None:
    """Where nothing runs, nothing is ended."""
    assert end_leftovers(layout) == 0
