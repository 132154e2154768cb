"""What failed for good in earlier periods of a job is tried once more, before the run's own period.

Once only: the ledger remembers it (`include.units.retries`). Whatever comes of it, the run's own
period is run, with what is left of the job's timeout, which is half of it at least.
"""

from __future__ import annotations

import time
from datetime import timezone
from itertools import groupby
from typing import TYPE_CHECKING

from include.errors import ExpectedError
from include.periods import PeriodError
from include.registry.dated_scripts import dating_of
from include.running.attempt import Attempt, Retry
from include.running.variables import SHARE
from include.units.exit_codes import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from include.periods import Period
    from include.running.execution import Execution
    from include.units.ledger_row import LedgerRow


class EarlierFailures:
    """The failed units of the periods before an execution's first one.

    Args:
        execution: the run.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._budget = execution.job.timeout.total_seconds() * SHARE
        self._deadline = time.monotonic() + self._budget

    def retry(self) -> list[int]:
        """Try each once more, the oldest period first.

        Returns:
            the exit code of each period that was tried.
        """
        execution = self._execution
        asked = execution.request.retry_earlier and execution.accounts and execution.job.recover
        wanted = asked and dating_of(execution.job).dated  # else no earlier period can be brought
        codes: list[int] = []
        for period in self._periods() if wanted else []:
            if execution.interruption:
                break
            left = self._deadline - time.monotonic()
            if left < self._budget / 2:
                subject = f"{execution.job.id} {period.key}"
                execution.output.say(f"{subject} is tried once more by the next run: no time now")
                break
            codes += self._retry(period, left)
        return codes

    def _periods(self) -> list[Period]:
        """Return the periods that have a failed unit, the oldest first."""
        first = self._execution.periods[0]
        try:
            rows = self._rows(first.end - self._execution.job.recover, first.start)
        except ExpectedError as error:
            self._execution.output.say(f"what failed before is not tried once more: {error}")
            return []
        keys = [key for key, _ in groupby(rows, key=lambda row: row.period_key)]
        return [period for key in dict.fromkeys(keys) if (period := self._named(key)) is not None]

    def _retry(self, period: Period, seconds: float) -> list[int]:
        execution, subject = self._execution, f"{self._execution.job.id} {period.key}"
        try:
            lock = execution.lock(period, wait_seconds=0)
            with lock:
                # Only now nobody else can be at them any more.
                found = self._rows(period.end, period.end)
                shops = frozenset(row.shop_id for row in found if _is_of(row, period))
                if not shops:
                    return []
                code = Attempt(execution, period, lock, Retry(shops, seconds)).run()
        except ExpectedError as error:
            execution.note(subject, f"is not tried once more now: {error}")
            return []
        if code not in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
            execution.output.say(
                f"{subject} failed once more and is not tried again by itself: "
                f"`python3 scheduler_manager.py repair --job {execution.job.id}` does"
            )
        return [code]

    def _rows(self, first: datetime, last: datetime) -> list[LedgerRow]:
        execution = self._execution
        if execution.accounts is None:
            return []
        # The period just before counts however long ago it ended: a month is longer than `recover`.
        ended = min(first.astimezone(timezone.utc), last.astimezone(timezone.utc))
        seconds = execution.request.heartbeat_seconds
        return execution.accounts.left_failed(
            execution.job.id, (ended, last.astimezone(timezone.utc)), seconds
        )

    def _named(self, key: str) -> Period | None:
        """Return a period of the ledger; none where the schedule was changed since."""
        try:
            return self._execution.job.schedule.parse_key(key)
        except PeriodError:
            return None


def _is_of(row: LedgerRow, period: Period) -> bool:
    start, end = (moment.astimezone(timezone.utc) for moment in (period.start, period.end))
    return (row.period_key, row.period_start, row.period_end) == (period.key, start, end)
