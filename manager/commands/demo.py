"""`demo`: land the last period of every job as a DAG run, and show every shop's row."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from include.errors import ConfigurationError, ExpectedError
from include.registry import load_registry
from include.running.asked import named_period
from include.units.exit_codes import ExitCode
from include.units.ledger import LANDED, Ledger
from include.warehouse.versions import opened
from manager import connections
from manager.airflow.rest import Api
from manager.airflow.stuck_runs import stuck_of
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import service_environment
from manager.lifecycle.starting import start
from manager.lookup import find_job
from manager.run_outcome import outcome_of
from manager.run_watch import Watch

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from include.registry import Job
    from manager.layout import Layout

LOOK_SECONDS = 1.0
# Scripts of jobs that land nothing of any shop.
OF_THE_SERVICE = "service/"
RUN_SECONDS = 1800.0
# All jobs start at once, and a small machine is busy with that before it answers.
ANSWER_SECONDS = 60.0


def demo(layout: Layout, arguments: Namespace) -> int:
    """Start the service, trigger the jobs, follow them and show what landed.

    Returns:
        0 when everything landed, 1 when something failed or had no shop to ask.

    Raises:
        ConfigurationError: unknown job or period.
        ExpectedError: the service does not start.
    """
    asked = _asked(layout, arguments)
    start(layout, arguments.port, arguments.host)
    ports = remembered(layout)
    connections.adopt(service_environment(layout, ports))
    ledger = Ledger(opened(connections.warehouse_url()))
    api = Api(layout, ports, ANSWER_SECONDS)
    watches = [Watch(api, ledger, job, key, stuck_of(layout)) for job, key in asked]
    for watch in watches:
        watch.begin()
    follow(watches)
    show(watches)
    for watch in watches:
        if not watch.landed:
            explain(layout, watch)
    outcomes = [outcome_of(layout.root, watch) for watch in watches]
    for watch, outcome in zip(watches, outcomes, strict=True):
        if outcome.exit_code == ExitCode.NOTHING_TO_DO:
            print(f"{watch.title} did not land: {outcome.reason}")
        elif watch.landed and outcome.reason and not watch.nothing_new:
            print(f"{watch.title}: {outcome.reason}")
    done = sum(outcome.exit_code == ExitCode.LANDED for outcome in outcomes)
    print(f"{done} of {len(watches)} jobs landed")
    if all(watch.nothing_new for watch in watches):
        print("all of it had landed before; nothing was loaded twice")
    print(f"web UI: {ports.url}  (user admin, password in {layout.shown(layout.passwords)})")
    return 0 if done == len(watches) else 1


def _asked(layout: Layout, arguments: Namespace) -> list[tuple[Job, str]]:
    """Return the jobs to run with the key of the period that each shall cover."""
    now = datetime.now(timezone.utc)
    named_period("--period", arguments.period)
    if not arguments.job:
        if arguments.period:
            raise ConfigurationError(
                f"--period {arguments.period} is of one kind of job only: name the job, as in "
                f"`demo --job erp_store --period {arguments.period}`"
            )
        jobs = [job for job in load_registry(layout.root).jobs.values() if _is_shown(job)]
        return [(job, job.schedule.last_ended(now).key) for job in jobs]
    jobs = [find_job(layout, job_id) for job_id in dict.fromkeys(arguments.job)]
    if not arguments.period:
        return [(job, job.schedule.last_ended(now).key) for job in jobs]
    return [(job, job.schedule.ended(arguments.period, now).key) for job in jobs]


def _is_shown(job: Job) -> bool:
    """Tell a job that is about shops from one that serves the service itself."""
    return job.enabled and not job.script.startswith(OF_THE_SERVICE)


def watch_of(layout: Layout, job_id: str, key: str, run_id: str) -> Watch:
    """Return a watch on a run that was begun already."""
    ports = remembered(layout)
    connections.adopt(service_environment(layout, ports))
    ledger = Ledger(opened(connections.warehouse_url()))
    api, job = Api(layout, ports, ANSWER_SECONDS), find_job(layout, job_id)
    watch = Watch(api, ledger, job, key, stuck_of(layout, job_id))
    watch.run_id = run_id
    return watch


def follow(watches: Sequence[Watch], *, quiet: bool = False) -> None:
    """Look until each has ended; say what changed, line by line.

    Raises:
        ExpectedError: a run takes for ever.
    """
    deadline = time.monotonic() + RUN_SECONDS
    while waiting := [watch for watch in watches if watch.landed is None]:
        for watch in waiting:
            if (line := watch.look()) and not quiet:
                print(line, flush=True)
        if time.monotonic() > deadline:
            raise ExpectedError(
                f"{', '.join(watch.title for watch in waiting)} did not end within "
                f"{RUN_SECONDS / 60:.0f} minutes; they go on, and the web UI shows them"
            )
        time.sleep(LOOK_SECONDS)


def show(watches: Sequence[Watch]) -> None:
    """Print one table of every unit."""
    table = Table()
    for name in ("job", "period", "shop"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    table.add_column("state")
    table.add_column("seconds", justify="right")
    for watch in watches:
        for place, row in enumerate(watch.rows()):
            title = (watch.job.id, watch.key) if place == 0 else ("", "")
            rows = "" if row.rows is None else f"{row.rows:,}"
            seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
            table.add_row(*title, row.shop_id, rows, row.state, seconds)
        table.add_section()
    Console().print(table)


def explain(layout: Layout, watch: Watch) -> None:
    """Say why a run did not land, and where its log is."""
    for row in watch.rows():
        if row.state not in LANDED:
            error = row.error or "no error was written down"
            print(f"{watch.job.id} {row.shop_id}: {row.state}: {error}")
    log = layout.logs / "airflow" / f"dag_id={watch.job.id}" / f"run_id={watch.run_id}"
    print(f"{watch.title} did not land; its log is in {layout.shown(log)}")
