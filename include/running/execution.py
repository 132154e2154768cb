"""One call of the runner from beginning to end: periods one after another, each under its lock."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, ExpectedError
from include.registry import SHOPS_FILE, load_registry
from include.running.attempt import Attempt
from include.running.earlier_failures import EarlierFailures
from include.running.journal import Journal
from include.running.locking import Holder, UnitLock
from include.running.machine_id import check_writable, place_of
from include.running.selection import check_shops, find_job, find_periods
from include.running.time_left import TimeLeft
from include.units.exit_codes import ExitCode, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.periods import Period
    from include.running.ledger_writer import Accounts
    from include.running.output import Output
    from include.running.request import Request
    from include.running.signals import Interruption


class Execution:
    """Runs one job for what was asked.

    Args:
        request: what was asked.
        output: where the script's and the runner's lines go.
        interruption: says when to end.

    Raises:
        ConfigurationError: the job, a period or a shop is not what the registry knows, or the
            service's directory cannot be written.
    """

    def __init__(self, request: Request, output: Output, interruption: Interruption) -> None:
        self.request = request
        self.output = output
        self.interruption = interruption
        self.time_left = TimeLeft(request.all_seconds, request.grace_seconds)
        self.registry = load_registry(request.root, only=request.job_id)
        self.job = find_job(self.registry, request)
        check_shops(self.registry, self.job, request.shops)
        self.periods = find_periods(self.job, request, datetime.now(timezone.utc))
        check_writable(request.var)
        self.journal = Journal.of(request.var, self.job.schedule.zone)
        self.accounts = self._open_accounts()

    def run(self) -> int:
        """Run every period, oldest first; one that fails does not keep the next from running.

        Returns:
            the exit code for the whole.
        """
        try:
            if self.accounts:
                self.accounts.check_version()
        except ExpectedError as error:
            self.note(self.job.id, f"failed: {error}")
            return exit_code_of(error)
        retried = EarlierFailures(self).retry()
        codes = [self._run_period(period) for period in self.periods if not self.interruption]
        if len(codes) < len(self.periods):
            return self.interruption.exit_code() or ExitCode.FAILED
        # What failed again is said; it neither fails this run nor makes Airflow retry it.
        landed = [code for code in retried if code == ExitCode.LANDED]
        return worst([*codes, *landed, *self._codes_of_lost_shops()])

    def _codes_of_lost_shops(self) -> list[int]:
        """Fail a run that may have left out a shop: a broken entry is no shop that was closed."""
        if not self.job.platform or self.request.shops:
            return []
        problems = [each for each in self.registry.problems if each.file == SHOPS_FILE]
        for problem in problems:
            self.note(self.job.id, f"failed: a shop may have been left out: {problem}")
        return [ExitCode.CONFIGURATION for _ in problems]

    def note(self, subject: str, event: str, details: Sequence[str] = ()) -> None:
        """Say an event and write it to the journal.

        Args:
            subject: the job and period it is about.
            event: what happened.
            details: masked lines for the journal alone; the output has them already.
        """
        self.output.say(f"{subject} {event}")
        try:
            self.journal.write(subject, self.output.masker.mask(event), details)
        except OSError as error:
            self.output.say(f"the journal {self.journal.path} cannot be written: {error}")

    def lock(self, period: Period, wait_seconds: float) -> UnitLock:
        """Return the lock of one of the job's periods, held.

        Raises:
            LockHeldError: another run has it.
        """
        lock = UnitLock(self.request.var / "locks", self.job.id, period.key)
        since = datetime.now(self.job.schedule.zone).isoformat(" ", "seconds")
        holder = Holder(os.getpid(), self.request.run_id, since)
        lock.acquire(holder, wait_seconds, self.interruption.__bool__)
        return lock

    def _run_period(self, period: Period) -> int:
        try:
            lock = self.lock(period, self.request.lock_wait_seconds)
            with lock:
                return Attempt(self, period, lock).run()
        except ExpectedError as error:
            self.note(f"{self.job.id} {period.key}", f"failed: {error}")
            return exit_code_of(error)

    def _open_accounts(self) -> Accounts | None:
        if not self.request.warehouse_url:
            self.output.say("no WAREHOUSE_URL: this run is not written to the ledger")
            return None
        from include.running.ledger_writer import Accounts  # noqa: PLC0415 - loads SQLAlchemy

        place = place_of(self.request.var)
        return Accounts(self.request.warehouse_url, self.request.run_id, place)


def exit_code_of(error: ExpectedError) -> int:
    """Return the exit code that an expected failure of the runner itself stands for."""
    wrong = isinstance(error, ConfigurationError)
    return ExitCode.CONFIGURATION if wrong else ExitCode.TEMPORARY
