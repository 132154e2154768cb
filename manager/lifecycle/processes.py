"""The service's processes: found by the mark in their environment, measured, and ended."""

import os
from contextlib import suppress
from functools import lru_cache

import psutil

from include.errors import ExpectedError
from manager.layout import Layout
from manager.lifecycle.supervisor_client import MARKER

GRACE_SECONDS = 10.0
KILL_SECONDS = 5.0
ROUNDS = 5


def service_processes(layout: Layout) -> list[psutil.Process]:
    """Return every living process that the service started, directly or not.

    Only this user's processes can be read; the service has no others. This process and those it
    descends from are left out, so that a task may call the manager.
    """
    myself = psutil.Process()
    spared = {myself.pid, *(parent.pid for parent in myself.parents())}
    return [
        process
        for process in psutil.process_iter()
        if process.pid not in spared and _is_marked(process, str(layout.var))
    ]


def memory_mb(group: int) -> float | None:
    """Return the megabytes of a process group; None where the system does not tell (not Linux).

    Memory that processes share is counted once (PSS). The scheduler's workers and the triggerer's
    runner are in their component's group; the tasks that workers run have groups of their own.
    """
    sizes = []
    for pid in _groups().get(group, ()):
        with suppress(psutil.Error, AttributeError):  # it has ended; another system
            sizes.append(psutil.Process(pid).memory_full_info().pss)
    return round(sum(sizes) / 2**20, 1) if sizes else None


@lru_cache(maxsize=1)
def _groups() -> dict[int, list[int]]:
    """Return the process ids of each group; one look serves all components of a command."""
    found: dict[int, list[int]] = {}
    for pid in psutil.pids():
        with suppress(OSError):  # it has ended
            found.setdefault(os.getpgid(pid), []).append(pid)
    return found


def end_leftovers(layout: Layout) -> int:
    """End what is left of the service: TERM, a grace period, KILL; again for what came meanwhile.

    Returns:
        how many processes there were.

    Raises:
        ExpectedError: some process cannot be ended.
    """
    ended: set[int] = set()
    for _round in range(ROUNDS):
        found = service_processes(layout)
        if not found:
            return len(ended)
        ended.update(process.pid for process in found)
        _signal(found, "terminate")
        _ended, alive = psutil.wait_procs(found, timeout=GRACE_SECONDS)
        _signal(alive, "kill")
        psutil.wait_procs(alive, timeout=KILL_SECONDS)
    found = service_processes(layout)
    if found:
        names = [process.pid for process in found]
        raise ExpectedError(
            "processes {names} of the service cannot be ended: `kill -9` them", names=names
        )
    return len(ended)


def _signal(processes: list[psutil.Process], method: str) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            getattr(process, method)()  # psutil makes sure that the pid was not given away since


def _is_marked(process: psutil.Process, value: str) -> bool:
    try:
        return (
            process.uids().real == os.getuid()
            and process.environ().get(MARKER) == value
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, OSError):
        return False
