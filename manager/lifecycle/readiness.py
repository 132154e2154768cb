"""Waits until a service that was started works, and says what keeps it from working."""

import http.client
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from include.errors import ExpectedError
from include.language import _
from include.registry import load_registry
from manager.airflow.rest import Api, ApiError, ask
from manager.layout import Layout, log_end
from manager.lifecycle.health import Health, look
from manager.lifecycle.ports import Ports

# A start that hangs fails within a minute. A slow machine gets more time, but only as long as the
# components that are not ready move: they write to their logs or use the processor. A machine with
# two busy cores needs 40 s for what an idle one does in 12.
MINUTE = 60.0
QUIET_SECONDS = 15.0
READY_SECONDS = 600.0
MOVING_CPU_SECONDS = 0.5
READINESS_LOOK_SECONDS = 0.5
START_TRIES = 3
WAKE_UP_SECONDS = 30.0


def wait_until_ready(layout: Layout, ports: Ports, say: Callable[[str], None] | None) -> None:
    """Wait until every component is well and every job of the registry is a DAG.

    Args:
        layout: the installation.
        ports: where it listens.
        say: shows who is ready; None to show nothing.

    Raises:
        ExpectedError: that took too long, or a component keeps ending.
    """
    wait = _Wait(say)
    while True:
        healths = look(layout, ports, deaths=False)
        wait.note(healths)
        troubled = [health for health in healths if health.trouble]
        missing = [] if troubled else _missing_jobs(layout, ports)
        if not troubled and not missing:
            wait.waits_for(_("the first answer of the tasks' API"))
            # The tasks' side of the API takes seconds for its first answer, deaf to all else:
            # better now than when tasks and people ask. No answer is no failure.
            with suppress(OSError, http.client.HTTPException):
                ask(ports, "/execution/health", WAKE_UP_SECONDS)
            return
        if missing:
            wait.waits_for(_("{count} jobs to become DAGs", count=len(missing)))
        hopeless = [health for health in troubled if wait.starts_of(health) > START_TRIES]
        if hopeless:
            raise _failure(
                layout,
                hopeless[0],
                _("ended {count} times after it was started", count=START_TRIES),
            )
        if wait.is_over() and troubled:
            worst = min(troubled, key=lambda health: health.component.up)
            raise _failure(layout, worst, worst.trouble)
        if wait.is_over():
            raise _no_dags(layout, ports)
        time.sleep(READINESS_LOOK_SECONDS)


class _Wait:
    """What was seen while waiting: who got ready, who was started how often, and when it moved."""

    def __init__(self, say: Callable[[str], None] | None) -> None:
        self._say = say
        self._began = self._moved = time.monotonic()
        self._ready: set[str] = set()
        self._told = ""
        self._starts: dict[str, set[int]] = {}
        self._seen: object = None

    def note(self, healths: list[Health]) -> None:
        """Take in one look; shows the components that are ready for the first time."""
        now = time.monotonic()
        for health in healths:
            name = health.component.name
            self._starts.setdefault(name, set()).add(health.component.started)
            if not health.trouble and name not in self._ready:
                self._ready.add(name)
                if self._say:
                    self._say(
                        _(
                            "  {name} is ready after {seconds:.0f} s",
                            name=name,
                            seconds=now - self._began,
                        )
                    )
        troubled = [health for health in healths if health.trouble]
        logs = [Path(health.component.log) for health in troubled]
        sizes = [log.stat().st_size for log in logs if log.exists()]
        used = sum(_cpu_seconds(health.component.pid) for health in troubled)
        seen = [len(self._ready), *sizes, used // MOVING_CPU_SECONDS]
        if seen != self._seen:
            self._seen, self._moved = seen, now

    def waits_for(self, what: str) -> None:
        """Show what is waited for when all components are ready, if it was not shown last."""
        if what != self._told and self._say:
            self._say(_("  waiting for {what}", what=what))
        self._told = what

    def starts_of(self, health: Health) -> int:
        """Return how often a component was started since the wait began."""
        return len(self._starts[health.component.name])

    def is_over(self) -> bool:
        """Return whether nothing moves any more, or it moved for too long."""
        now = time.monotonic()
        quiet = now - self._moved > QUIET_SECONDS
        return now - self._began > (MINUTE if quiet else READY_SECONDS)


def _cpu_seconds(pid: int) -> float:
    """Return how long a process has been at work on a processor; 0 where that is not readable."""
    try:
        used = psutil.Process(pid).cpu_times()
    except (psutil.Error, ValueError):
        return 0.0
    return used.user + used.system


def _missing_jobs(layout: Layout, ports: Ports) -> list[str]:
    """Return the registry's jobs that Airflow has no DAG of, or cannot be asked for now."""
    try:
        dags = Api(layout, ports).dags()
    except ApiError:
        dags = {}
    return [job_id for job_id in load_registry(layout.root).jobs if job_id not in dags]


def _failure(layout: Layout, health: Health, why: str) -> ExpectedError:
    """Return an error with the component that is not ready, why, and the end of its log."""
    log = Path(health.component.log)
    return ExpectedError(
        "{end}{component} {why}; the lines above end {log}. The others run on: `{manager} "
        "status` shows them, `stop` ends them",
        end=log_end(log) if log.exists() else "",
        component=health.component.name,
        why=why,
        log=layout.shown(log),
    )


def _no_dags(layout: Layout, ports: Ports) -> ExpectedError:
    """Return an error with the jobs that are no DAGs, and what Airflow says about the files."""
    errors = "\n".join(Api(layout, ports).import_errors()) or _("no file reports an error")
    return ExpectedError(
        "{errors}\nthe components run, but these jobs are no DAGs yet: {missing}; see {log}",
        errors=errors,
        missing=_missing_jobs(layout, ports),
        log=layout.shown(layout.logs / "airflow" / "dag_processor"),
    )
