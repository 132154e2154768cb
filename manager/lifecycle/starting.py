"""`start`: prepare, hand over to supervisord, and return when the service really works."""

import json
import sys
import time
from argparse import Namespace
from contextlib import redirect_stdout, suppress
from datetime import datetime, timezone
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from include.alerts.store import FILE, STARTED, Store
from include.errors import ConfigurationError, ExpectedError
from include.language import N_, _
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
    text = N_("already running: {url}") if already else N_("running: {url}")
    print(_(text, url=ports.url))
    print(
        _(
            "log in as admin; the password is in {passwords}",
            passwords=layout.shown(layout.passwords),
        )
    )


def _check_paths(layout: Layout) -> None:
    for path in (layout.root, layout.var):
        found = [sign for sign in PATH_SIGNS if sign in str(path)]
        if found:
            text = N_(
                "folder {path!r} has a {sign} in its name, which supervisord and Airflow would "
                "take for a placeholder: move it to a folder without"
            )
            if found[0] == '"':
                text = N_(
                    "folder {path!r} has a {sign} in its name, which supervisord and Airflow would "
                    "take for the end of a quote: move it to a folder without"
                )
            raise ConfigurationError(text, path=str(path), sign=found[0])


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
            "the service already runs on port {base} of {host}: to move it, run `{manager} "
            "restart --port {new_base} --host {new_host}`",
            base=used.base,
            host=used.host,
            new_base=asked.base,
            new_host=asked.host,
        )


def warn_of_problems(layout: Layout) -> None:
    """Warn on standard error of broken entries: a start goes on without their jobs."""
    problems = check_project(layout.root).problems
    if problems:
        files = [*dict.fromkeys(problem.file for problem in problems)]
        text = N_(
            "warning: {count} problems in {files} may keep jobs from running: `{manager} check` "
            "says what to repair"
        )
        if len(problems) == 1:
            text = N_(
                "warning: 1 problem in {files} may keep jobs from running: `{manager} check` says "
                "what to repair"
            )
        print(_(text, count=len(problems), files=files), file=sys.stderr)


def _warn_of_others(ports: Ports) -> None:
    """Warn of what it means to listen beyond this machine."""
    print(
        _(
            "warning: the web UI listens on {host} port {port}: whoever reaches this machine there "
            "can try to log in, and passwords and data travel unencrypted. Let a firewall keep "
            "others out and an HTTPS proxy stand before it, or go back with `{manager} restart "
            "--host 127.0.0.1`",
            host=ports.host,
            port=ports.api,
        ),
        file=sys.stderr,
    )


def _launch(layout: Layout, ports: Ports) -> None:
    """Start supervisord on databases that are in order."""
    check_whole(layout)
    cut_off = supervisor_client.left_traces(layout)
    if end_service(layout):
        cut_off = True
        print(_("ended what was left of a service whose supervisord was killed"))
    if cut_off:
        note(layout, _("ended without being stopped: it was killed, or the machine went down"))
    check_free(ports)
    remember(layout, ports)
    environment = service_environment(layout, ports)
    prepare(layout, environment)
    _see_jobs(layout, environment)
    _note_start(layout)
    supervisor_client.start(layout, environment)
    note(layout, _("started at {url}", url=ports.url))
