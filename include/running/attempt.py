"""One attempt at one period, under its lock: the ledger, the script, the journal."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from include.errors import ConfigurationError, ExpectedError
from include.running.environment import PROVISIONAL
from include.running.results import NOTHING_SAID, RESULTS_FILE, Results, read_results, results_file
from include.running.script_call import (
    check_clock,
    command_of,
    refuse_past,
    why_not_known,
)
from include.running.script_run import ScriptRun
from include.units.exit_codes import ExitCode, describe, worst
from include.units.job_units import JobUnits
from include.units.unit import REPAIR_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from include.periods import Period
    from include.running.context import Context
    from include.running.locking import UnitLock

# Runs of many periods, of which nobody has asked for that one: they do not run ahead of a contract.
UNASKED = (REPAIR_PREFIX, "backfill__")
LANDED_BEFORE = (
    "{subject} has landed; use --again (or again=true in the trigger form) to run it once more"
)
CHECKED = (
    "a shop that failed its checks is pulled again by the next run of the period; when a figure is "
    "right as it is, change 'checks' in {entry}"
)


class Retry(NamedTuple):
    """What an attempt of a later period's run is narrowed to."""

    shops: frozenset[str]  # those that failed; `-` for a job without shops
    seconds: float  # how long it may take


class Attempt:
    """One attempt at one period, whose lock is held; a later period's run makes it a retry."""

    def __init__(
        self, context: Context, period: Period, lock: UnitLock, retry: Retry | None = None
    ) -> None:
        self.context = context
        self.period = period
        self.lock = lock
        self.subject = context.subject(period)
        self.retry = retry
        self.limit = timedelta(seconds=retry.seconds) if retry else context.job.timeout
        job, wanted = context.job, retry.shops if retry else context.request.asked.shops
        self.covered = JobUnits(job, context.registry.shops.values()).covered(period, wanted)
        self.units = self.covered  # of these, what has not landed, once the ledger was asked
        # A shop that was named is not left out silently.
        named = [shop for shop in context.registry.shops_of(job) if shop.id in wanted]
        self.closed = [why for shop in named if (why := shop.why_closed(period))]
        self.later = self._due_later()
        self.early = bool(self.later)
        self.doubt = ""  # whether it was this period that the script has brought

    def _due_later(self) -> str:
        """Return when the period is due, in words, and what lands until then is provisional.

        A job that is disabled is never due. A run that the schedule has made is due, whatever the
        clock of this machine says of that moment; only such runs retry earlier failures. A job
        after a contract is due once that is complete, however early or late that is.
        """
        request, job, ledger = self.context.request, self.context.job, self.context.ledger
        if request.retry_earlier or self.retry or not job.enabled:
            return ""
        if job.after:
            if ledger is None or ledger.is_followed(request.root, job, self.period):
                return ""
            return f"contract {job.after} is not complete, run again then"
        due = job.schedule.fire_for(self.period)
        is_later = due > datetime.now(timezone.utc)
        return f"due at {_shown(due)}, pulled again then" if is_later else ""

    def run(self) -> int:
        """Run the script for what has not landed, account for how it ended; return the exit code.

        Raises:
            ExpectedError: it could not be started, or the ledger does not answer.
        """
        if nothing := self._nothing_to_do():
            code = self._without_work(nothing)
        else:
            refuse_past(self.context.job, self.period, datetime.now(timezone.utc))
            code = self._work(self._command())
        # Judged also when there was nothing to do: the attempt that landed may have been cut off.
        code = self._judge(code)
        self.context.complete_contracts(self.period)
        return code

    def _without_work(self, why: str) -> int:
        context = self.context
        # An earlier attempt of this run may have landed it, which Airflow does not know.
        ledger = context.ledger if context.request.attempt > 1 else None
        if ledger and ledger.landed_by_this_run(context.job.id, self.period):
            context.note(self.subject, "landed in an attempt of this run that was cut off")
            return ExitCode.LANDED
        context.note(self.subject, f"nothing to do: {why}")
        return ExitCode.NOTHING_TO_DO

    def _command(self) -> list[str]:
        """Return the script's command; a unit whose entry has none has failed, and is no gap."""
        context = self.context
        try:
            check_clock(context.job)
            return command_of(context.job, self.period)
        except ConfigurationError as error:
            if context.ledger:
                with self._in_ledger():
                    why = context.output.masker.mask(str(error))
                code = ExitCode.CONFIGURATION
                context.ledger.settle(self.units, code, why, {}, early=self.early)
            raise

    def _work(self, command: list[str]) -> int:
        context = self.context
        seconds = context.time_left.for_script(self.limit.total_seconds())
        run = f"(pid {os.getpid()}, run {context.request.run_id})"
        context.note(self.subject, f"{self._begins()} {run}")
        begun = time.monotonic()
        file = context.request.var / "results" / f"{self.lock.path.stem}.jsonl"
        with results_file(file), self._in_ledger():
            code = self._run_script(command, file, seconds)
            shops = [unit.shop_id for unit in self.units]
            said = read_results(file, shops, context.output.masker.mask)
        return self._end(code, NOTHING_SAID if self.doubt else said, time.monotonic() - begun)

    def _begins(self) -> str:
        if self.retry:
            return "retried automatically"
        attempt = self.context.request.attempt
        if attempt <= 1:
            return "started"
        # A run that was cut off by a stop is retried beyond what its retries allow.
        allowed = self.context.job.retries + 1
        return f"retried, attempt {attempt}" + (f" of {allowed}" if attempt <= allowed else "")

    def _nothing_to_do(self) -> str | None:
        """Return why there is nothing to run, by the registry and the ledger; None if there is."""
        context = self.context
        if not self.units:
            none = f"no shop on {context.job.platform} is enabled and open in {self.period.key}"
            return "; ".join(self.closed) or none
        if self.later and context.job.after and context.request.run_id.startswith(UNASKED):
            return self.later
        for why in self.closed:
            context.output.say(f"{self.subject} leaves out a shop: {why}")
        if context.ledger:
            again = context.request.asked.again
            self.units = context.ledger.open_units(self.covered, again=again, early=self.early)
        return None if self.units else LANDED_BEFORE.format(subject=self.subject)

    def _in_ledger(self) -> AbstractContextManager[None]:
        ledger, say = self.context.ledger, self.context.output.say
        if not ledger:
            return nullcontext()
        return ledger.attempt(self.units, say, retry=self.retry is not None)

    def _run_script(self, command: list[str], results: Path, seconds: float) -> int:
        began = datetime.now(timezone.utc)
        more = {RESULTS_FILE: str(results), **({PROVISIONAL: "1"} if self.later else {})}
        run = ScriptRun(self.context, self.period, self.lock, self.units)
        code = run.run(command, seconds, more)
        if code in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
            ended = datetime.now(timezone.utc)
            self.doubt = why_not_known(self.context.job, self.period, began, ended)
        return ExitCode.CONFIGURATION if self.doubt else code

    def _end(self, code: int, said: Results, seconds: float) -> int:
        context = self.context
        reason, details = self._reason(code), context.output.last_lines()
        if context.ledger:
            error = "\n".join([reason, *details])
            left_out = context.ledger.settle(self.units, code, error, said.of, early=self.early)
            if left_out:
                names = ", ".join(unit.shop_id for unit in left_out)
                code, reason = ExitCode.FAILED, f"the script said nothing of {names}"
        for line in (told := said.in_words()):
            context.output.say(f"{self.subject}: {line}")
        details = [*told, *details]
        whole = worst([code, said.code, *(result.code for result in said.of.values())])
        if whole not in (code, ExitCode.LANDED):
            reason = f"some of what the script says in {RESULTS_FILE} has failed; {describe(whole)}"
        code = whole
        later = f": {self.later}" if self.later else ""
        if code == ExitCode.LANDED:
            landed = "landed provisionally" if later else "landed"
            context.note(self.subject, f"{landed}{self._rows()} in {seconds:.1f} s{later}")
        elif code == ExitCode.NOTHING_TO_DO:
            yet = " yet" if later else ""
            context.note(self.subject, f"had nothing to do{yet} ({seconds:.1f} s){later}")
        else:
            context.note(self.subject, f"failed after {seconds:.1f} s: {reason}", details)
        return code

    def _judge(self, code: int) -> int:
        """Reject what has landed and fails its checks; return the attempt's exit code."""
        context, job = self.context, self.context.job
        if not (context.ledger and job.checks and self.covered):
            return code
        entry = f"{job.file}:{job.line}"
        try:
            judgement = context.ledger.judge(job.checks, self.covered)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error} ({entry})") from error
        lines = [line for _, line in judgement.lines()]
        if not lines:
            return code
        masked = [context.output.masker.mask(line) for line in lines]
        context.note(self.subject, "failed its checks:", masked)
        for line in (*lines, CHECKED.format(entry=entry)):
            context.output.say(line)
        # Another try does not change that the rows are not counted.
        wrong = ExitCode.FAILED if judgement.faults else ExitCode.CONFIGURATION
        return worst([code, wrong])

    def _rows(self) -> str:
        """Return how many rows this attempt's units hold; empty where the ledger does not know."""
        ledger = self.context.ledger
        try:
            rows = ledger.rows_of(self.units) if ledger else None
        except ExpectedError:  # it has landed all the same
            return ""
        return "" if rows is None else f" {rows:,} rows"

    def _reason(self, code: int) -> str:
        interruption = self.context.interruption
        if interruption.timed_out:  # what came after that found it ending
            return f"not done within its timeout of {self.limit}; {describe(code)}"
        if interruption.signal:
            return f"told to end by {interruption.signal.name}; {describe(code)}"
        return f"{self.doubt}; {describe(code)}" if self.doubt else describe(code)


def _shown(due: datetime) -> str:
    """Return a moment on its own clock, with its date where that is not today's."""
    today = datetime.now(due.tzinfo).date()
    return f"{due:%H:%M}" if due.date() == today else f"{due:%Y-%m-%d %H:%M}"
