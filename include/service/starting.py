"""`start`: prepare, hand over to supervisord, and return when the service really works."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, ExpectedError
from include.registry import load_registry
from include.service import supervisor
from include.service.archiving.restoring import check_whole
from include.service.health import look, running
from include.service.locks import exclusive
from include.service.ports import Ports, check_free, remember, remembered
from include.service.preparing import prepare
from include.service.rest import Api
from include.service.settings import component_environment, write_secrets
from include.service.stopping import end_service, service_lock

if TYPE_CHECKING:
    from include.service.health import Health
    from include.service.layout import Layout

# A component that says nothing for so long hangs; a slow machine has time as long as its components
# write to their logs, but not for ever.
QUIET_SECONDS = 45.0
READY_SECONDS = 150.0
LOOK_SECONDS = 0.5
START_TRIES = 3
TAIL_LINES = 15
PATH_SIGNS = '%$"'


def start(layout: Layout, port: int | None = None) -> int:
    """Start the service, or say that it runs; prints where it is.

    Args:
        layout: the installation.
        port: the base port; None for the one of the last start.

    Returns:
        0; everything else is raised.

    Raises:
        ConfigurationError: a port is taken, or the service runs on another one.
        ExpectedError: a component does not come up within a minute.
    """
    _check_paths(layout)
    layout.make_var()
    with exclusive(service_lock(layout), "starting or stopping the service"):
        ports = remembered(layout) if port is None else Ports(port)
        already = running(layout)
        if already:
            _check_same(ports, remembered(layout))
        else:
            _launch(layout, ports)
        wait_until_ready(layout, ports, show=not already)
    print(f"{'already running' if already else 'running'}: {ports.url}")
    print(f"log in as admin; the password is in {layout.shown(layout.passwords)}")
    return 0


def service_environment(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return the components' environment, with all secrets made."""
    environment = component_environment(layout, ports)
    write_secrets(layout, environment)
    return environment


def wait_until_ready(layout: Layout, ports: Ports, *, show: bool) -> None:
    """Wait until every component is well and every job of the registry is a DAG.

    Raises:
        ExpectedError: that took too long, or a component keeps ending.
    """
    wait = _Wait(show=show)
    while True:
        healths = look(layout, ports)
        wait.note(healths)
        ill = [health for health in healths if health.trouble]
        if not ill and not _missing_jobs(layout, ports):
            return
        hopeless = [health for health in ill if wait.starts_of(health) > START_TRIES]
        if hopeless:
            raise _failure(layout, hopeless[0], f"ended {START_TRIES} times after it was started")
        if wait.is_over() and ill:
            worst = min(ill, key=lambda health: health.component.up)
            raise _failure(layout, worst, worst.trouble)
        if wait.is_over():
            raise _no_dags(layout, ports)
        time.sleep(LOOK_SECONDS)


class _Wait:
    """What was seen while waiting: who got ready, who was started how often, and when it moved."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._began = self._moved = time.monotonic()
        self._ready: set[str] = set()
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
                if self._show:
                    print(f"  {name} is ready after {now - self._began:.0f} s", flush=True)
        ill = [Path(health.component.log) for health in healths if health.trouble]
        seen = [len(self._ready), *(log.stat().st_size for log in ill if log.exists())]
        if seen != self._seen:
            self._seen, self._moved = seen, now

    def starts_of(self, health: Health) -> int:
        """Return how often a component was started since the wait began."""
        return len(self._starts[health.component.name])

    def is_over(self) -> bool:
        """Return whether nothing moves any more, or it moved for too long."""
        now = time.monotonic()
        return now - self._moved > QUIET_SECONDS or now - self._began > READY_SECONDS


def _check_paths(layout: Layout) -> None:
    for path in (layout.root, layout.var):
        found = [sign for sign in PATH_SIGNS if sign in str(path)]
        if found:
            raise ConfigurationError(
                f"folder {str(path)!r} has a {found[0]} in its name, which supervisord and Airflow "
                "would take for a placeholder: move it to a folder without"
            )


def _check_same(asked: Ports, used: Ports) -> None:
    if asked != used:
        raise ConfigurationError(
            f"the service already runs on port {used.base}: to move it, run "
            f"`python3 scheduler_manager.py restart --port {asked.base}`"
        )


def _launch(layout: Layout, ports: Ports) -> None:
    """Start supervisord on databases that are in order."""
    check_whole(layout)
    if end_service(layout):
        print("ended what was left of a service whose supervisord was killed")
    check_free(ports)
    remember(layout, ports)
    environment = service_environment(layout, ports)
    prepare(layout, environment)
    supervisor.start(layout, environment)


def _missing_jobs(layout: Layout, ports: Ports) -> list[str]:
    """Return the registry's jobs that Airflow has no DAG of."""
    dags = Api(layout, ports).dags()
    return [job_id for job_id in load_registry(layout.root).jobs if job_id not in dags]


def _failure(layout: Layout, health: Health, why: str) -> ExpectedError:
    """Say which component is not ready, why, and how its log ends."""
    log = Path(health.component.log)
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    return ExpectedError(
        "".join(f"  {line}\n" for line in lines[-TAIL_LINES:])
        + f"{health.component.name} {why}; the lines above end {layout.shown(log)}. The others run "
        "on: `python3 scheduler_manager.py status` shows them, `stop` ends them"
    )


def _no_dags(layout: Layout, ports: Ports) -> ExpectedError:
    """Say which jobs Airflow has not taken over, and what it says about the files."""
    missing = ", ".join(_missing_jobs(layout, ports))
    errors = "\n".join(Api(layout, ports).import_errors()) or "no file reports an error"
    return ExpectedError(
        f"{errors}\nthe components run, but these jobs are no DAGs yet: {missing}; see "
        f"{layout.shown(layout.logs / 'airflow' / 'dag_processor')}"
    )
