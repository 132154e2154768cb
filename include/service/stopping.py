"""`stop`: end the service, then prove that nothing of it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from include.service.health import running
from include.service.locks import exclusive
from include.service.processes import end_leftovers, service_processes
from include.service.supervisor import SupervisorGoneError, remove_traces, shutdown

if TYPE_CHECKING:
    from pathlib import Path

    from include.service.layout import Layout

# The components' stopwaitsecs, one after the other in the worst case.
SHUTDOWN_SECONDS = 100.0


def service_lock(layout: Layout) -> Path:
    """Return the lock that `start` and `stop` hold while they work."""
    return layout.var / "locks" / "service.lock"


def stop(layout: Layout) -> int:
    """Stop everything; says so when nothing ran. Returns 0, or raises ExpectedError."""
    if not layout.var.exists():
        print("not running")
        return 0
    with exclusive(service_lock(layout), "starting or stopping the service"):
        print("stopped" if end_service(layout) else "not running")
    return 0


def end_service(layout: Layout) -> bool:
    """End supervisord, its components and whatever they left; returns whether there was anything.

    Raises:
        ExpectedError: something could not be ended.
    """
    before = len(service_processes(layout))
    if running(layout):
        _shut_down(layout)
    left = end_leftovers(layout)
    if left:
        print(f"ended {left} processes that supervisord had not")
    remove_traces(layout)
    return before > 0


def _shut_down(layout: Layout) -> None:
    """Let supervisord end its components in their order, and then itself."""
    try:
        psutil.Process(shutdown(layout)).wait(SHUTDOWN_SECONDS)
    except (SupervisorGoneError, psutil.NoSuchProcess, psutil.TimeoutExpired):
        return  # what is left is ended one by one
