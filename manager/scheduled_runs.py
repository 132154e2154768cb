"""Finds the runs that the schedule makes by itself, and follows many of them at once.

Nothing is pulled twice: a run is made only where the schedule makes none.
"""

import time
from collections.abc import Callable, Sequence

from include.coverage.runs import UNDER_WAY
from include.units.unit import LedgerRow
from manager.airflow.rest import Api
from manager.airflow.starting_runs import API_TIMEOUT
from manager.airflow.tables import Stuck, stuck_of
from manager.followed import Followed
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.run_follower import RUN_ENDED, RUN_SECONDS, Follower, until_ended

# A service that has just started makes its runs within seconds; on a busy machine it takes longer.
SCHEDULE_SECONDS = 45.0
RETRIED = "up_for_retry"

Show = Callable[[Sequence[tuple[Followed, Sequence[LedgerRow]]]], None]


class ScheduledRuns:
    """The runs of some periods, looked at together: three questions to Airflow for all of them.

    Args:
        follower: of the installation, whose service runs.
        api: of its Airflow.
        stuck: finds the runs that cannot move; nobody waits for these.
        show: is shown every run with its period's rows of the ledger, whenever all were looked at.
    """

    def __init__(self, follower: Follower, api: Api, stuck: Stuck, show: Show) -> None:
        self.follower, self._api, self._stuck, self._show = follower, api, stuck, show

    @classmethod
    def of(cls, layout: Layout, show: Show) -> "ScheduledRuns":
        """Open the API and the warehouse of an installation."""
        api = Api(layout, remembered(layout), API_TIMEOUT)
        return cls(Follower.of(layout), api, stuck_of(layout), show)

    def follow(self, runs: Sequence[Followed]) -> None:
        """Wait until each has ended; those without a name are found, or made, meanwhile.

        Raises:
            ExpectedError: a run takes for ever, or a job is paused.
            ApiError: the web UI has not answered for minutes. The runs go on.
        """
        patient_until = time.monotonic() + SCHEDULE_SECONDS
        paused = {job_id for job_id, dag in self._api.dags().items() if dag["is_paused"]}

        def look(waiting: Sequence[Followed]) -> tuple[()]:
            for run in waiting:
                comes = run.by_schedule and run.job.id not in paused
                if not run.run_id:
                    self._find(run, comes=comes and time.monotonic() < patient_until)
            self._look([run for run in waiting if run.run_id])
            self._show([(run, self.follower.rows(run)) for run in runs])
            return ()

        until_ended(runs, look, quiet=True, within=RUN_SECONDS)

    def _find(self, run: Followed, *, comes: bool) -> None:
        """Look for a run of the period; make one where there is none, unless it still comes."""
        narrowed = {"partition_key_pattern": run.key, "order_by": "-run_after"}
        told = self._api.runs(run.job.id, **narrowed) if run.by_schedule else []
        of_period = [one for one in told if one["partition_key"] == run.key]
        good = [one for one in of_period if one["state"] in (*UNDER_WAY, "success")]
        if good:
            run.run_id = good[0]["dag_run_id"]
        elif of_period or not comes:  # those that failed have used up their retries
            run.run_id = self.follower.begin(run.job, run.key).run_id

    def _look(self, waiting: Sequence[Followed]) -> None:
        """Set what has become of each; one whose task waits for its retry has failed by now."""
        going_on = {_name(run) for run in self._api.runs(state=UNDER_WAY)}
        retried = {_name(task) for task in self._api.tasks(RETRIED)} if waiting else set()
        cannot_move = self._stuck()
        for run in waiting:
            if held_up := cannot_move.get(run.name):
                run.landed, run.stuck = False, held_up.trouble
            elif run.name in retried:
                run.landed = False
            elif run.name not in going_on:
                state = self._api.run_state(*run.name)
                run.landed = state == "success" if state in RUN_ENDED else None


def _name(told: dict[str, str]) -> tuple[str, str]:
    return told["dag_id"], told["dag_run_id"]
