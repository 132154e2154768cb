"""Follows a DAG run from trigger to end, for somebody who watches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from include.units.ledger import LANDED, PROVISIONAL
from manager.airflow.rest import ApiError
from manager.commands.trigger import begin_run

if TYPE_CHECKING:
    from include.registry import Job
    from include.units.ledger import Ledger
    from include.units.ledger_row import LedgerRow
    from manager.airflow.rest import Api
    from manager.airflow.stuck_runs import Stuck

RUN_ENDED = ("success", "failed")
AT_WORK = ("queued", "running")
TRIES, PAUSE_SECONDS = 5, 3.0
# A task that waits for its retry has failed as far as somebody who watches is concerned.
GIVEN_UP = ("failed", "up_for_retry")


class Watch:
    """One run of one job: trigger it, look at it now and then, show its rows.

    Args:
        api: of the running service.
        ledger: of its warehouse.
        job: whose run.
        key: the period's.
        stuck: finds the runs that cannot move; nobody waits for these.

    Attributes:
        run_id: set by `begin`.
        landed: None while the run goes on, then whether everything landed.
        stuck: why the run cannot go on; empty while it can.
    """

    def __init__(self, api: Api, ledger: Ledger, job: Job, key: str, stuck: Stuck) -> None:
        self.job = job
        self.key = key
        self.run_id = ""
        self.landed: bool | None = None
        self.stuck = ""
        self._find_stuck = stuck
        self._api = api
        self._ledger = ledger
        self._before: list[LedgerRow] = []
        self._said = ""

    @property
    def title(self) -> str:
        """Name job and period."""
        return f"{self.job.id} {self.key}"

    @property
    def nothing_new(self) -> bool:
        """Return whether the run left everything as it was: all had landed before."""
        return bool(self._before) and self._before == self.rows()

    def begin(self) -> None:
        """Trigger the run, or find one of the period that waits or works.

        Raises:
            ExpectedError: the job is paused, not a DAG yet, or the web UI does not take it.
        """
        self._before = self.rows()
        for tries_left in reversed(range(TRIES)):
            try:
                self.run_id, _ = begin_run(self._api, self.job.id, self.key, stuck=self._find_stuck)
            except ApiError:  # noqa: PERF203 - Airflow's database is busy starting all jobs
                if not tries_left:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def look(self) -> str:
        """Look how the run is; gives a line when something changed, else nothing."""
        tasks = self._api.task_states(self.job.id, self.run_id)
        state = self._api.run_state(self.job.id, self.run_id)
        if state in RUN_ENDED:
            self.landed = state == "success"
        elif any(task in GIVEN_UP for task in tasks.values()):
            self.landed = False
        elif not any(task in AT_WORK for task in tasks.values()):
            self._give_up_if_stuck()
        said = state if state in RUN_ENDED else self.stuck or _at_work(tasks)
        line = self._line(said)
        changed = line != self._said
        self._said = line
        return line if changed else ""

    def _give_up_if_stuck(self) -> None:
        run = self._find_stuck().get((self.job.id, self.run_id))
        if run:
            self.landed, self.stuck = False, run.trouble

    def rows(self) -> list[LedgerRow]:
        """Return the period's rows of the ledger."""
        return self._ledger.rows(self.job.id, self.key)

    def _line(self, state: str) -> str:
        rows = self.rows()
        if not rows:
            return f"{self.title}: {state}"
        landed = [row for row in rows if row.state in (*LANDED, PROVISIONAL)]
        told = [row.rows for row in landed if row.rows is not None]
        loaded = f", {sum(told):,} rows" if told else ""
        early = ", provisionally" if any(row.state == PROVISIONAL for row in landed) else ""
        return f"{self.title}: {state}, {len(landed)} of {len(rows)} landed{early}{loaded}"


def _at_work(tasks: dict[str, str]) -> str:
    """Say in a word what the tasks of a run do."""
    states = [f"{task} {state}" for task, state in tasks.items() if state not in ("", "success")]
    return ", ".join(states) or "queued"
