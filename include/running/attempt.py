"""One attempt at one period, under its lock: the ledger, the script, the journal."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from include.errors import ConfigurationError, ExpectedError
from include.running.last_ended import refuse_past, why_not_known
from include.running.results import NOTHING_SAID, RESULTS_FILE, results_file
from include.running.script_call import command_of, environment_of
from include.running.script_process import ScriptProcess
from include.running.script_supervisor import Settings
from include.running.variables import PROVISIONAL
from include.units.exit_codes import ExitCode, describe, worst
from include.units.job_units import JobUnits

if TYPE_CHECKING:
    from include.periods import Period
    from include.running.execution import Execution
    from include.running.locking import UnitLock
    from include.running.results import Results, ResultsFile

LANDED_BEFORE = (
    "{subject} has landed; use --again (or again=true in the trigger form) to run it once more"
)
CHECKED = (
    "a shop that failed its checks is pulled again by the next run of the period; when a figure is "
    "right as it is, change 'checks' in {entry}"
)


class Retry(NamedTuple):
    """What an attempt of a later period's run is narrowed to.

    Attributes:
        shops: those that failed; `-` for a job without shops.
        seconds: how long it may take.
    """

    shops: frozenset[str]
    seconds: float


class Attempt:
    """One attempt at one period of an execution's job.

    Args:
        execution: what all its periods share.
        period: the one to run.
        lock: the period's, held.
        retry: given when it is made by the run of a later period.
    """

    def __init__(
        self, execution: Execution, period: Period, lock: UnitLock, retry: Retry | None = None
    ) -> None:
        self.execution = execution
        self.period = period
        self.lock = lock
        self.subject = f"{execution.job.id} {period.key}"
        self.retry = retry
        self.limit = timedelta(seconds=retry.seconds) if retry else execution.job.timeout
        job, wanted = execution.job, retry.shops if retry else execution.request.shops
        self.units = JobUnits(job, execution.registry.shops.values()).covered(period, wanted)
        self.shops = [unit.shop_id for unit in self.units if job.platform]
        # Of a shop that was named it must be said that it is left out.
        named = [shop for shop in execution.registry.shops_of(job) if shop.id in wanted]
        self.closed = [why for shop in named if (why := shop.why_closed(period))]
        self.covered = list(self.units)
        self.due = self._due_later()
        self.doubt = ""  # whether it was this period that the script has brought

    def _due_later(self) -> datetime | None:
        """Return when the period is due, if that is still to come; what lands is provisional then.

        A job that is disabled is never due. A run that the schedule has made is due, whatever the
        clock of this machine says of that moment; only such runs see to earlier failures.
        """
        request, schedule = self.execution.request, self.execution.job.schedule
        if request.retry_earlier or self.retry or not self.execution.job.enabled:
            return None
        due = schedule.fire_for(self.period)
        return due if due > datetime.now(timezone.utc) else None

    def run(self) -> int:
        """Run the script for what has not landed, and account for how it ended.

        Returns:
            the exit code.

        Raises:
            ExpectedError: it could not be started, or the ledger does not answer.
        """
        nothing = self._nothing_to_do()
        # Judged also when there was nothing to do: the attempt that landed may have been cut off.
        return self._judge(self._without_work(nothing) if nothing else self._work())

    def _without_work(self, why: str) -> int:
        if self._landed_already():
            self.execution.note(self.subject, "landed in an attempt of this run that was cut off")
            return ExitCode.LANDED
        self.execution.note(self.subject, f"nothing to do: {why}")
        return ExitCode.NOTHING_TO_DO

    def _work(self) -> int:
        execution = self.execution
        refuse_past(execution.job, self.period, datetime.now(timezone.utc))
        command = command_of(execution.job, self.period)
        seconds = execution.time_left.for_script(self.limit.total_seconds())
        event = f"{self._begins()} (pid {os.getpid()}, run {execution.request.run_id})"
        execution.note(self.subject, event)
        begun = time.monotonic()
        file = execution.request.var / "results" / f"{self.lock.path.stem}.jsonl"
        with results_file(file) as results, self._in_ledger():
            code = self._run_script(command, results, seconds)
            said = results.read([unit.shop_id for unit in self.units], execution.output.masker.mask)
        return self._end(code, NOTHING_SAID if self.doubt else said, time.monotonic() - begun)

    def _begins(self) -> str:
        if self.retry:
            return "tried once more by itself"
        attempt = self.execution.request.attempt
        if attempt <= 1:
            return "started"
        # A run that was cut off by a stop is tried again beyond what its retries allow.
        allowed = self.execution.job.retries + 1
        return f"retried, attempt {attempt}" + (f" of {allowed}" if attempt <= allowed else "")

    def _nothing_to_do(self) -> str | None:
        """Find out from the registry and the ledger what is to be run; say so if it is nothing."""
        execution = self.execution
        job, again = execution.job, execution.request.again
        if job.platform and not self.shops:
            none = f"no shop on {job.platform} is enabled and open in {self.period.key}"
            return "; ".join(self.closed) or none
        for why in self.closed:
            execution.output.say(f"{self.subject} leaves out a shop: {why}")
        if not execution.accounts:
            return None
        accounts = execution.accounts
        early = self.due is not None
        self.units = accounts.open_units(self.units, again=again, early=early)
        self.shops = [unit.shop_id for unit in self.units if job.platform]
        return None if self.units else LANDED_BEFORE.format(subject=self.subject)

    def _landed_already(self) -> bool:
        """Return whether an earlier attempt of this run landed it, unknown to Airflow."""
        accounts, request = self.execution.accounts, self.execution.request
        if not accounts or request.attempt <= 1:
            return False
        return accounts.landed_by_this_run(self.execution.job.id, self.period)

    def _in_ledger(self) -> AbstractContextManager[None]:
        execution = self.execution
        if not execution.accounts:
            return nullcontext()
        seconds = execution.request.heartbeat_seconds
        say, retry = execution.output.say, self.retry is not None
        return execution.accounts.attempt(self.units, seconds, say, retry=retry)

    def _run_script(self, command: list[str], results: ResultsFile, seconds: float) -> int:
        execution, job = self.execution, self.execution.job
        offset = self.period.end.utcoffset()
        settings = Settings(
            command=command,
            cwd=str(execution.request.root / job.cwd),
            grace_seconds=execution.time_left.grace,
            life_line=-1,
            lock=self.lock.fd,
            lock_path=str(self.lock.path),
            runner=os.getpid(),
            journal=str(execution.journal.path),
            subject=self.subject,
            utc_offset_seconds=offset.total_seconds() if offset else 0,
        )
        shops = [execution.registry.shops[shop] for shop in self.shops]
        environment = environment_of(job, self.period, execution.request, shops, os.environ)
        environment |= {RESULTS_FILE: str(results.path)}
        environment |= {PROVISIONAL: "1"} if self.due else {}
        execution.output.forget()
        began = datetime.now(timezone.utc)
        try:
            script = ScriptProcess(settings, environment)
        except OSError as error:  # no memory, or too many processes
            execution.output.say(f"the script cannot be started now: {error}")
            return ExitCode.TEMPORARY
        execution.interruption.watch(seconds, script.end)
        code = script.wait(execution.output)
        execution.interruption.rest()
        ended_by_us = execution.interruption.exit_code()
        code = code if ended_by_us is None else ended_by_us
        if code in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
            self.doubt = why_not_known(job, self.period, began, datetime.now(timezone.utc))
        return ExitCode.CONFIGURATION if self.doubt else code

    def _end(self, code: int, said: Results, seconds: float) -> int:
        execution = self.execution
        reason, details = self._reason(code), execution.output.last_lines()
        if execution.accounts:
            error, early = "\n".join([reason, *details]), self.due is not None
            left_out = execution.accounts.settle(self.units, code, error, said.of, early=early)
            if left_out:
                names = ", ".join(unit.shop_id for unit in left_out)
                code, reason = ExitCode.FAILED, f"the script said nothing of {names}"
        for line in (told := said.in_words()):
            execution.output.say(f"{self.subject}: {line}")
        details = [*told, *details]
        whole = worst([code, said.code, *(result.code for result in said.of.values())])
        if whole not in (code, ExitCode.LANDED):
            reason = f"some of what the script says in {RESULTS_FILE} has failed; {describe(whole)}"
        code = whole
        later = f": due at {_shown(self.due)}, pulled again then" if self.due else ""
        if code == ExitCode.LANDED:
            landed = "landed provisionally" if later else "landed"
            execution.note(self.subject, f"{landed}{self._rows()} in {seconds:.1f} s{later}")
        elif code == ExitCode.NOTHING_TO_DO:
            yet = " yet" if later else ""
            execution.note(self.subject, f"had nothing to do{yet} ({seconds:.1f} s){later}")
        else:
            execution.note(self.subject, f"failed after {seconds:.1f} s: {reason}", details)
        return code

    def _judge(self, code: int) -> int:
        """Reject what has landed and cannot be right; returns the attempt's exit code."""
        execution, job = self.execution, self.execution.job
        if not (execution.accounts and job.checks and self.covered):
            return code
        entry = f"{job.file}:{job.line}"
        try:
            judgement = execution.accounts.judge(job.checks, self.covered)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error} ({entry})") from error
        lines = [line for _, line in judgement.lines()]
        if not lines:
            return code
        masked = [execution.output.masker.mask(line) for line in lines]
        execution.note(self.subject, "failed its checks:", masked)
        for line in (*lines, CHECKED.format(entry=entry)):
            execution.output.say(line)
        # That nobody counts the rows is not changed by another try.
        wrong = ExitCode.FAILED if judgement.faults else ExitCode.CONFIGURATION
        return worst([code, wrong])

    def _rows(self) -> str:
        """Say how many rows this attempt's units hold, if the ledger knows."""
        accounts = self.execution.accounts
        try:
            rows = accounts.rows_of(self.units) if accounts else None
        except ExpectedError:  # it has landed all the same
            return ""
        return "" if rows is None else f" {rows:,} rows"

    def _reason(self, code: int) -> str:
        interruption = self.execution.interruption
        if interruption.timed_out:  # what came after that found it ending
            return f"not done within its timeout of {self.limit}; {describe(code)}"
        if interruption.signal:
            return f"told to end by {interruption.signal.name}; {describe(code)}"
        return f"{self.doubt}; {describe(code)}" if self.doubt else describe(code)


def _shown(due: datetime) -> str:
    """Return a moment on its own clock, with its date where that is not today's."""
    today = datetime.now(due.tzinfo).date()
    return f"{due:%H:%M}" if due.date() == today else f"{due:%Y-%m-%d %H:%M}"
