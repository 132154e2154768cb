"""`stop`: let running jobs end, end the service, then prove that nothing of it is left."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import psutil

from manager.journal import note
from manager.lifecycle.draining import drain
from manager.lifecycle.health import running
from manager.lifecycle.locks import exclusive, service_lock
from manager.lifecycle.processes import end_leftovers, service_processes
from manager.lifecycle.supervisor_client import SupervisorGoneError, remove_traces, shutdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.layout import Layout

# The components' stopwaitsecs, one after the other in the worst case.
SHUTDOWN_SECONDS = 100.0
DRAIN_SECONDS = 60.0


def stop(layout: Layout, *, now: bool = False, as_json: bool = False, command: str = "stop") -> int:
    """Stop everything; says so when nothing ran.

    Args:
        layout: the installation.
        now: do not let running jobs end; the next start runs them again.
        as_json: print one JSON object; what is waited for goes to standard error.
        command: the one that the user gave, for the journal.

    Returns:
        0; everything else is raised.

    Raises:
        ExpectedError: something could not be ended.
    """
    ran, interrupted = False, []
    if layout.var.exists():
        with exclusive(service_lock(layout), "starting or stopping the service"):
            say = partial(print, file=sys.stderr if as_json else sys.stdout, flush=True)
            if running(layout):
                interrupted = drain(layout, 0.0 if now else DRAIN_SECONDS, say)
            ran = end_service(layout, say)
            if ran:
                cut = f", interrupting {', '.join(interrupted)}" if interrupted else ""
                note(layout, f"stopped by `{command}{' --now' if now else ''}`{cut}")
    if as_json:
        told = {"state": "stopped", "was_running": ran, "interrupted": interrupted}
        print(json.dumps(told))
    else:
        print("stopped" if ran else "not running")
    return 0


def end_service(layout: Layout, say: Callable[[str], None] = print) -> bool:
    """End supervisord, its components and whatever they left; returns whether there was anything.

    Raises:
        ExpectedError: something could not be ended.
    """
    before = len(service_processes(layout))
    if running(layout):
        _shut_down(layout)
    left = end_leftovers(layout)
    if left:
        processes = "1 process" if left == 1 else f"{left} processes"
        say(f"ended {processes} that supervisord had not")
    remove_traces(layout)
    return before > 0


def _shut_down(layout: Layout) -> None:
    """Have supervisord end its components in their order, and then itself."""
    try:
        psutil.Process(shutdown(layout)).wait(SHUTDOWN_SECONDS)
    except (SupervisorGoneError, psutil.NoSuchProcess, psutil.TimeoutExpired):
        return  # what is left is ended one by one
