"""`start`: prepare, hand over to supervisord, and return when the service really works."""

import json
import sys
import time
from argparse import Namespace
from contextlib import redirect_stdout, suppress
from datetime import datetime, timezone
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from include import MANAGER
from include.alerts.store import FILE, STARTED, Store
from include.errors import ConfigurationError, ExpectedError
from include.language import _
from include.registry import load_registry
from include.registry.checks import check_project
from include.units.first_seen import first_seen
from include.warehouse import connect
from manager.airflow.tables import warehouse_url
from manager.backup.restoring import check_whole
from manager.journal import note
from manager.layout import Layout
from manager.lifecycle import supervisor_client
from manager.lifecycle.health import running
from manager.lifecycle.ports import RESTART, START, Ports, check_free, chosen, remember, remembered
from manager.lifecycle.preparing import prepare
from manager.lifecycle.readiness import wait_until_ready
from manager.lifecycle.settings import service_environment
from manager.lifecycle.stopping import end_service

PATH_SIGNS = '%$"'


def start(layout: Layout, arguments: Namespace) -> int:
    """Start the service; everything but success is raised."""
    start_service(layout, arguments.port, arguments.host, as_json=arguments.json)
    return 0


def start_service(
    layout: Layout,
    port: int | None = None,
    host: str | None = None,
    *,
    as_json: bool = False,
    brief: bool = False,
) -> None:
    """Start the service, or say that it runs; prints where it is.

    Args:
        layout: the installation.
        port: the base port; None for the one of the last start.
        host: the address that the web UI listens on; None for the last one.
        as_json: print one JSON object; what happens meanwhile goes to standard error.
        brief: print that it has started, not component by component.

    Raises:
        ConfigurationError: a port is taken, the service runs elsewhere, or the last port cannot be
            read.
        ExpectedError: a component does not come up within a minute.
    """
    _check_paths(layout)
    layout.make_var()
    with (
        redirect_stdout(sys.stderr if as_json else sys.stdout),
        layout.lock(),
    ):
        already = running(layout)
        ports = chosen(layout, port, host, command=RESTART if already else START)
        if already:
            _check_same(ports, remembered(layout))
        else:
            _launch(layout, ports)
        if already:
            wait_until_ready(layout, ports, None)
        else:
            _wait(layout, ports, brief=brief)
    _tell(layout, ports, already=already, as_json=as_json)
    warn_of_problems(layout)
    if not ports.private:
        _warn_of_others(ports)


def _wait(layout: Layout, ports: Ports, *, brief: bool) -> None:
    if not brief:
        wait_until_ready(layout, ports, partial(print, flush=True))
        return
    started = time.monotonic()
    print(_("starting the service ..."), end=" ", flush=True)
    try:
        wait_until_ready(layout, ports, None)
    except ExpectedError:
        print(_("failed"), flush=True)
        raise
    print(_("done in {seconds} s", seconds=round(time.monotonic() - started)), flush=True)


def _tell(layout: Layout, ports: Ports, *, already: bool, as_json: bool) -> None:
    if as_json:
        told = {"state": "running", "already": already, "url": ports.url}
        print(json.dumps({**told, "passwords": str(layout.passwords)}))
        return
    print(f"{'already running' if already else 'running'}: {ports.url}")
    print(f"log in as admin; the password is in {layout.shown(layout.passwords)}")


def _check_paths(layout: Layout) -> None:
    for path in (layout.root, layout.var):
        found = [sign for sign in PATH_SIGNS if sign in str(path)]
        if found:
            taken = "the end of a quote" if found[0] == '"' else "a placeholder"
            raise ConfigurationError(
                f"folder {str(path)!r} has a {found[0]} in its name, which supervisord and Airflow "
                f"would take for {taken}: move it to a folder without"
            )


def _see_jobs(layout: Layout, environment: dict[str, str]) -> None:
    """Write down the jobs that are new; whoever looks at coverage does so, too."""
    with suppress(SQLAlchemyError, ExpectedError):
        engine = connect(warehouse_url(dict(environment)))
        first_seen(engine, load_registry(layout.root).jobs)
        engine.dispose()


def _note_start(layout: Layout) -> None:
    """Note for the watchdog that the service is wanted; it speaks from then on."""
    store, now = Store(layout.var / FILE), datetime.now(timezone.utc)
    with suppress(ExpectedError):  # nothing can be kept, which the watchdog says itself
        store.note_start(now)
        store.note(STARTED, now)
    store.close()


def _check_same(asked: Ports, used: Ports) -> None:
    if asked != used:
        raise ConfigurationError(
            f"the service already runs on port {used.base} of {used.host}: to move it, run "
            f"`{MANAGER} restart --port {asked.base} --host {asked.host}`"
        )


def warn_of_problems(layout: Layout) -> None:
    """Warn on standard error of broken entries: a start goes on without their jobs."""
    problems = check_project(layout.root).problems
    if problems:
        files = ", ".join(dict.fromkeys(problem.file for problem in problems))
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        print(
            f"warning: {count} in {files} may keep jobs from running: "
            f"`{MANAGER} check` says what to repair",
            file=sys.stderr,
        )


def _warn_of_others(ports: Ports) -> None:
    """Warn of what it means to listen beyond this machine."""
    print(
        f"warning: the web UI listens on {ports.host} port {ports.api}: whoever reaches this "
        "machine there can try to log in, and passwords and data travel unencrypted. Let a "
        "firewall keep others out and an HTTPS proxy stand before it, or go back with "
        f"`{MANAGER} restart --host 127.0.0.1`",
        file=sys.stderr,
    )


def _launch(layout: Layout, ports: Ports) -> None:
    """Start supervisord on databases that are in order."""
    check_whole(layout)
    cut_off = supervisor_client.left_traces(layout)
    if end_service(layout):
        cut_off = True
        print("ended what was left of a service whose supervisord was killed")
    if cut_off:
        note(layout, "ended without being stopped: it was killed, or the machine went down")
    check_free(ports)
    remember(layout, ports)
    environment = service_environment(layout, ports)
    prepare(layout, environment)
    _see_jobs(layout, environment)
    _note_start(layout)
    supervisor_client.start(layout, environment)
    note(layout, f"started at {ports.url}")
