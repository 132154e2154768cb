"""What failed for good in earlier periods of a job is retried before the run's own period.

Once only: the ledger remembers it (`include.units.retries`). Whatever comes of it, the run's own
period is run, with what is left of the job's timeout, which is half of it at least.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from include.errors import ExpectedError
from include.periods import Period, PeriodError
from include.registry.dated_scripts import dating_of
from include.running.attempt import Attempt, Retry
from include.units.exit_codes import ExitCode

if TYPE_CHECKING:
    from include.running.context import Context
    from include.units.unit import LedgerRow

# Of a job's timeout: how long all retries may take; the run's own period has the rest.
SHARE = 0.5


class EarlierFailures:
    """The failed units of the periods before a run's first one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._budget = context.job.timeout.total_seconds() * SHARE
        self._deadline = time.monotonic() + self._budget

    def retry(self) -> list[int]:
        """Retry each, the oldest period first; return the exit code of each period."""
        context = self._context
        asked = context.request.retry_earlier and context.ledger and context.job.recover
        wanted = asked and dating_of(context.job).dated  # else no earlier period can be brought
        codes: list[int] = []
        for period in self._periods() if wanted else []:
            if context.interruption:
                break
            left = self._deadline - time.monotonic()
            if left < self._budget / 2:
                subject = f"{context.job.id} {period.key}"
                context.output.say(f"{subject} is retried by the next run: no time is left now")
                break
            codes += self._retry(period, left)
        return codes

    def _periods(self) -> list[Period]:
        """Return the periods that have a failed unit, the oldest first."""
        first, schedule = self._context.periods[0], self._context.job.schedule
        try:
            rows = self._rows(first.end - self._context.job.recover, first.start)
        except ExpectedError as error:
            self._context.output.say(f"what failed before is not retried: {error}")
            return []
        periods = []
        for key in dict.fromkeys(row.period_key for row in rows):
            try:
                periods.append(schedule.parse_key(key))
            except PeriodError:  # noqa: PERF203 - the schedule was changed since
                continue
        return periods

    def _retry(self, period: Period, seconds: float) -> list[int]:
        context, subject = self._context, f"{self._context.job.id} {period.key}"
        try:
            lock = context.lock(period, wait_seconds=0)
            with lock:
                found = self._rows(period.end, period.end)  # as they are under the lock
                shops = frozenset(row.shop_id for row in found if row.is_of(period))
                if not shops:
                    return []
                code = Attempt(context, period, lock, Retry(shops, seconds)).run()
        except ExpectedError as error:
            context.note(subject, f"is not retried now: {error}")
            return []
        if code not in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
            context.output.say(
                f"{subject} failed again and is not retried automatically any more: "
                f"`python3 scheduler_manager.py repair --job {context.job.id}` does"
            )
        return [code]

    def _rows(self, first: datetime, last: datetime) -> list[LedgerRow]:
        """Return the failed units of the periods that ended between two moments."""
        if self._context.ledger is None:
            return []
        # The period just before counts however long ago it ended: a month is longer than `recover`.
        ended = min(first.astimezone(timezone.utc), last.astimezone(timezone.utc))
        return self._context.ledger.left_failed(
            self._context.job.id, (ended, last.astimezone(timezone.utc))
        )
