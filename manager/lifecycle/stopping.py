"""`stop`: let running jobs end, end the service, then prove that nothing of it is left."""

import json
import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import partial

import psutil

from include.alerts.store import FILE, Store
from include.errors import ExpectedError
from include.language import N_, _
from manager.airflow.rest import Api, ApiError
from manager.journal import note, user_name
from manager.layout import Layout
from manager.lifecycle.health import running
from manager.lifecycle.ports import remembered
from manager.lifecycle.processes import end_leftovers, service_processes
from manager.lifecycle.supervisor_client import (
    SCHEDULER,
    SupervisorGoneError,
    components,
    remove_traces,
    shutdown,
    stop_component,
)

# The components' stopwaitsecs, one after the other in the worst case.
SHUTDOWN_SECONDS = 100.0
DRAIN_SECONDS = 60.0
DRAIN_LOOK_SECONDS = 0.5
API_TIMEOUT = 3.0


def stop(layout: Layout, arguments: Namespace) -> int:
    """Stop the service; everything but success is raised."""
    stop_service(layout, now=arguments.now, as_json=arguments.json)
    return 0


def stop_service(
    layout: Layout, *, now: bool, as_json: bool = False, command: str = "stop"
) -> None:
    """Stop everything; says so when nothing ran.

    Args:
        layout: the installation.
        now: do not let running jobs end; the next start runs them again.
        as_json: print one JSON object; what is waited for goes to standard error.
        command: the one that the user gave, for the journal.

    Raises:
        ExpectedError: something could not be ended.
    """
    ran, interrupted = False, []
    if layout.var.exists():
        with layout.lock():
            say = partial(print, file=sys.stderr if as_json else sys.stdout, flush=True)
            if running(layout):
                with marked(layout):
                    interrupted = drain(layout, 0.0 if now else DRAIN_SECONDS, say)
                    ran = end_service(layout, say)
            else:
                ran = end_service(layout, say)
            if ran:
                text = N_("stopped by `{command}`")
                if interrupted:
                    text = N_("stopped by `{command}`, interrupting {tasks}")
                given = f"{command} --now" if now else command
                note(layout, _(text, command=given, tasks=interrupted))
    if as_json:
        told = {"state": "stopped", "was_running": ran, "interrupted": interrupted}
        print(json.dumps(told))
    else:
        print(_("stopped") if ran else _("not running"))


@contextmanager
def marked(layout: Layout) -> Iterator[None]:
    """Note for the watchdog, and for the digest, that somebody wants the service to stop."""
    store = Store(layout.var / FILE)
    with suppress(ExpectedError):  # nothing can be kept; the service stops all the same
        store.note_stop(user_name(), datetime.now(timezone.utc))
    try:
        yield
    except BaseException:
        with suppress(ExpectedError):
            store.note_start(datetime.now(timezone.utc))
        raise
    finally:
        store.close()


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
        text = N_("ended 1 process that supervisord had not")
        if left > 1:
            text = N_("ended {left} processes that supervisord had not")
        say(_(text, left=left))
    remove_traces(layout)
    return before > 0


def _shut_down(layout: Layout) -> None:
    """Have supervisord end its components in their order, and then itself."""
    try:
        psutil.Process(shutdown(layout)).wait(SHUTDOWN_SECONDS)
    except (SupervisorGoneError, psutil.NoSuchProcess, psutil.TimeoutExpired):
        return  # what is left is ended one by one


def drain(layout: Layout, seconds: float, say: Callable[[str], None]) -> list[str]:
    """Stop the scheduler, which lets its running tasks end first, and wait for it.

    What does not end in time is killed without a word to Airflow. So its tasks count as orphaned:
    the next scheduler runs them again, whatever number of retries they have left, and the ledger
    knows what of them has landed.

    Args:
        layout: the installation; supervisord runs.
        seconds: how long to wait.
        say: shows a line.

    Returns:
        the job and period of what was interrupted.
    """
    pid = _scheduler_pid(layout)
    if pid is None:
        return []
    api = Api(layout, remembered(layout), API_TIMEOUT)
    tasks = _running(api, [])
    with suppress(SupervisorGoneError):
        stop_component(layout, SCHEDULER)
    deadline = time.monotonic() + seconds
    said: list[str] = []
    while _scheduler_pid(layout) == pid and time.monotonic() < deadline:
        if tasks and tasks != said:
            say(
                _(
                    "waiting up to {seconds:.0f} s for {tasks}",
                    seconds=deadline - time.monotonic(),
                    tasks=tasks,
                )
            )
            said = tasks
        time.sleep(DRAIN_LOOK_SECONDS)
        tasks = _running(api, tasks)
    if _scheduler_pid(layout) != pid:
        return []
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # supervisord makes each component the head of its group
    if tasks:
        say(_("interrupted {tasks}: the next start runs it again", tasks=tasks))
    return tasks


def _scheduler_pid(layout: Layout) -> int | None:
    """Return the scheduler's process id, or None when it has ended."""
    try:
        found = [one for one in components(layout) if one.name == "scheduler"]
    except SupervisorGoneError:
        return None
    return found[0].pid or None if found else None


def _running(api: Api, before: list[str]) -> list[str]:
    """Name what runs, by job and period; as before when nobody can tell."""
    try:
        runs = dict.fromkeys((task["dag_id"], task["dag_run_id"]) for task in api.tasks("running"))
        return sorted(f"{dag_id} {api.period_of(dag_id, run_id)}" for dag_id, run_id in runs)
    except ApiError:
        return before
