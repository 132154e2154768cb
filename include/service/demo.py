"""`demo`: land one period of a job as a DAG run, and show every shop's row of the ledger."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from include.errors import ExpectedError
from include.ledger import LANDED, Ledger
from include.service import connections
from include.service.commands import find_job
from include.service.ports import remembered
from include.service.rest import Api
from include.service.starting import service_environment, start
from include.warehouse import connect

if TYPE_CHECKING:
    from argparse import Namespace

    from rich.status import Status

    from include.ledger import LedgerRow
    from include.registry import Job
    from include.service.layout import Layout

DEFAULT_JOB = "erp_store"
LOOK_SECONDS = 1.0
RUN_SECONDS = 900.0
# A task that waits for its retry has failed as far as somebody who watches is concerned.
ENDED = {"success": True, "skipped": True, "failed": False, "up_for_retry": False}
RUN_ENDED = ("success", "failed")


def demo(layout: Layout, arguments: Namespace) -> int:
    """Start the service, trigger each job, follow it and show what landed.

    Returns:
        0 when everything landed, 1 when something failed.

    Raises:
        ConfigurationError: unknown job or period.
        ExpectedError: the service does not start.
    """
    now = datetime.now(timezone.utc)
    jobs = [find_job(layout, job_id) for job_id in arguments.job or [DEFAULT_JOB]]
    keys = [
        (
            job.schedule.ended(arguments.period, now)
            if arguments.period
            else job.schedule.last_ended(now)
        ).key
        for job in jobs
    ]
    start(layout, arguments.port)
    ports = remembered(layout)
    connections.adopt(service_environment(layout, ports))
    ledger = Ledger(connect(connections.warehouse_url()))
    landed = True
    for job, key in zip(jobs, keys, strict=True):
        landed &= _Watch(layout, Api(layout, ports), ledger, job, key).run()
    print(f"web UI: {ports.url}  (user admin, password in {layout.shown(layout.passwords)})")
    return 0 if landed else 1


class _Watch:
    """One run of one job: trigger it, follow it, show its rows."""

    def __init__(self, layout: Layout, api: Api, ledger: Ledger, job: Job, key: str) -> None:
        self.layout = layout
        self.api = api
        self.ledger = ledger
        self.job = job
        self.key = key
        self.console = Console()
        self.said = ""

    def run(self) -> bool:
        """Follow a run to its end; returns whether everything landed."""
        before = self.ledger.rows(self.job.id, self.key)
        run_id = self._find_or_trigger()
        with self.console.status(f"{self.job.id} {self.key}") as line:
            succeeded = self._follow(run_id, line)
        rows = self.ledger.rows(self.job.id, self.key)
        self.console.print(_table(f"{self.job.id} {self.key}", rows))
        if not succeeded:
            self._explain(run_id, rows)
        elif rows and rows == before:
            print("this had landed before; nothing was loaded twice")
        return succeeded

    def _find_or_trigger(self) -> str:
        if self.api.dags()[self.job.id]["is_paused"]:
            raise ExpectedError(
                f"job {self.job.id!r} is paused, so its runs would wait for ever: run "
                f"`python3 scheduler_manager.py airflow dags unpause {self.job.id}`"
            )
        found = self.api.unfinished_run(self.job.id, self.key)
        return found or self.api.trigger(self.job.id, self.key)

    def _follow(self, run_id: str, line: Status) -> bool:
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            tasks = self.api.task_states(self.job.id, run_id)
            if tasks and all(state in ENDED for state in tasks.values()):
                return all(ENDED[state] for state in tasks.values())
            if self.api.run_state(self.job.id, run_id) in RUN_ENDED:
                return False  # ended, yet a task has not: it was stopped from outside
            self._say(tasks, line)
            time.sleep(LOOK_SECONDS)
        raise ExpectedError(
            f"run {run_id!r} of {self.job.id} has not ended after {RUN_SECONDS / 60:.0f} minutes; "
            "it goes on, and the web UI shows it"
        )

    def _say(self, tasks: dict[str, str], line: Status) -> None:
        """Show where the run is: a live line on a terminal, else a line when something changed."""
        rows = self.ledger.rows(self.job.id, self.key)
        landed = [row for row in rows if row.state in LANDED]
        state = ", ".join(sorted({state or "waiting" for state in tasks.values()})) or "queued"
        text = f"{self.job.id} {self.key}: {state}"
        if rows:
            loaded = sum(row.rows or 0 for row in landed)
            text += f", {len(landed)} of {len(rows)} landed, {loaded} rows"
        if self.console.is_terminal:
            line.update(text)
        elif text != self.said:
            print(text, flush=True)
        self.said = text

    def _explain(self, run_id: str, rows: list[LedgerRow]) -> None:
        for row in rows:
            if row.state not in LANDED:
                print(f"{row.shop_id}: {row.state}: {row.error or 'no error was written down'}")
        log = self.layout.logs / "airflow" / f"dag_id={self.job.id}" / f"run_id={run_id}"
        print(f"{self.job.id} {self.key} did not land; its log is in {self.layout.shown(log)}")


def _table(title: str, rows: list[LedgerRow]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("shop")
    table.add_column("rows", justify="right")
    table.add_column("state")
    table.add_column("seconds", justify="right")
    for row in rows:
        seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
        table.add_row(row.shop_id, "" if row.rows is None else f"{row.rows:,}", row.state, seconds)
    return table
