"""One attempt at one period, under its lock: the ledger, the script, the journal."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from include.errors import ConfigurationError, ExpectedError
from include.language import N_, Message, _, clauses
from include.running.environment import PROVISIONAL
from include.running.results import NOTHING_SAID, RESULTS_FILE, Results, read_results, results_file
from include.running.script_call import (
    ScriptRun,
    check_clock,
    command_of,
    refuse_past,
    why_not_known,
)
from include.script_errors import remedy_in
from include.units.exit_codes import ExitCode, describe, ended, worst
from include.units.job_units import JobUnits
from include.units.unit import REPAIR_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from include.periods import Period
    from include.running.context import Context
    from include.running.locking import UnitLock

# Runs of many periods, of which nobody has asked for that one: they do not run ahead of a contract.
UNASKED = (REPAIR_PREFIX, "backfill__")
LANDED_BEFORE = N_(
    "{subject} has landed; use --again (or again=true in the trigger form) to run it once more"
)
CHECKED = N_(
    "a shop that failed its checks is pulled again by the next run of the period; when a "
    "figure is right as it is, change 'checks' in {entry}"
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
            return _("contract {contract} is not complete, run again then", contract=job.after)
        due = job.schedule.fire_for(self.period)
        is_later = due > datetime.now(timezone.utc)
        return _("due at {at}, pulled again then", at=_shown(due)) if is_later else ""

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
            context.note(self.subject, _("landed in an attempt of this run that was cut off"))
            return ExitCode.LANDED
        context.note(self.subject, _("nothing to do: {why}", why=why))
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
        run = {"pid": os.getpid(), "run": context.request.run_id}
        begins = _("{begins} (pid {pid}, run {run})", begins=self._begins(), **run)
        context.note(self.subject, begins)
        begun = time.monotonic()
        file = context.request.var / "results" / f"{self.lock.path.stem}.jsonl"
        with results_file(file), self._in_ledger():
            code = self._run_script(command, file, seconds)
            shops = [unit.shop_id for unit in self.units]
            said = read_results(file, shops, context.output.masker.mask)
        return self._end(code, NOTHING_SAID if self.doubt else said, time.monotonic() - begun)

    def _begins(self) -> str:
        if self.retry:
            return _("retried automatically")
        attempt = self.context.request.attempt
        if attempt <= 1:
            return _("started")
        # A run that was cut off by a stop is retried beyond what its retries allow.
        allowed = self.context.job.retries + 1
        if attempt > allowed:
            return _("retried, attempt {attempt}", attempt=attempt)
        return _("retried, attempt {attempt} of {allowed}", attempt=attempt, allowed=allowed)

    def _nothing_to_do(self) -> str | None:
        """Return why there is nothing to run, by the registry and the ledger; None if there is."""
        context = self.context
        if not self.units:
            none = _(
                "no shop on {platform} is enabled and open in {key}",
                platform=context.job.platform,
                key=self.period.key,
            )
            return clauses(*self.closed) or none
        if self.later and context.job.after and context.request.run_id.startswith(UNASKED):
            return self.later
        for why in self.closed:
            context.output.say(
                _("{subject} leaves out a shop: {why}", subject=self.subject, why=why)
            )
        if context.ledger:
            again = context.request.asked.again
            self.units = context.ledger.open_units(self.covered, again=again, early=self.early)
        return None if self.units else _(LANDED_BEFORE, subject=self.subject)

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
        details = context.output.last_lines()
        how = self._how()
        if code == ExitCode.FAILED and not how:
            how = remedy_in(details, context.job.python) or ""
        reason = ended(code, how)
        if context.ledger:
            error = ended(code, how, details)
            left_out = context.ledger.settle(self.units, code, error, said.of, early=self.early)
            if left_out:
                shops = [unit.shop_id for unit in left_out]
                code, reason = ExitCode.FAILED, _("the script said nothing of {shops}", shops=shops)
        for line in (told := said.in_words()):
            context.output.say(_("{subject}: {line}", subject=self.subject, line=line))
        details = [*told, *details]
        whole = worst([code, said.code, *(result.code for result in said.of.values())])
        if whole not in (code, ExitCode.LANDED):
            reason = _(
                "some of what the script says in {file} has failed; {ended}",
                file=RESULTS_FILE,
                ended=describe(whole),
            )
        code = whole
        if code == ExitCode.LANDED:
            context.note(self.subject, self._with_due(self._landed(seconds)))
        elif code == ExitCode.NOTHING_TO_DO:
            nothing = _("had nothing to do ({seconds:.1f} s)", seconds=seconds)
            early = _("had nothing to do yet ({seconds:.1f} s)", seconds=seconds)
            context.note(self.subject, self._with_due(early if self.later else nothing))
        else:
            failed = _("failed after {seconds:.1f} s: {reason}", seconds=seconds, reason=reason)
            context.note(self.subject, failed, details)
        return code

    def _with_due(self, done: str) -> str:
        """Return what was done, and when it is done again where it is provisional."""
        return _("{done}: {later}", done=done, later=self.later) if self.later else done

    def _judge(self, code: int) -> int:
        """Reject what has landed and fails its checks; return the attempt's exit code."""
        context, job = self.context, self.context.job
        if not (context.ledger and job.checks and self.covered):
            return code
        entry = f"{job.file}:{job.line}"
        try:
            judgement = context.ledger.judge(job.checks, self.covered)
        except ConfigurationError as error:
            raise ConfigurationError("{error} ({entry})", error=error, entry=entry) from error
        lines = [line for _unit, line in judgement.lines()]
        if not lines:
            return code
        masked = [context.output.masker.mask(line) for line in lines]
        context.note(self.subject, _("failed its checks:"), masked)
        for line in (*lines, _(CHECKED, entry=entry)):
            context.output.say(line)
        # Another try does not change that the rows are not counted.
        wrong = ExitCode.FAILED if judgement.faults else ExitCode.CONFIGURATION
        return worst([code, wrong])

    def _landed(self, seconds: float) -> Message:
        """Return that it landed, and with how many rows, where the ledger knows."""
        ledger = self.context.ledger
        try:
            rows = ledger.rows_of(self.units) if ledger else None
        except ExpectedError:  # it has landed all the same
            rows = None
        if rows is None and self.later:
            return _("landed provisionally in {seconds:.1f} s", seconds=seconds)
        if rows is None:
            return _("landed in {seconds:.1f} s", seconds=seconds)
        if self.later:
            template = N_("landed provisionally {rows:,} rows in {seconds:.1f} s")
            return _(template, rows=rows, seconds=seconds)
        return _("landed {rows:,} rows in {seconds:.1f} s", rows=rows, seconds=seconds)

    def _how(self) -> str:
        """Return what has ended the script, or made its exit code another one."""
        interruption = self.context.interruption
        if interruption.timed_out:  # what came after that found it ending
            return _("not done within its timeout of {limit}", limit=str(self.limit))
        if interruption.signal:
            return _("told to end by {signal}", signal=interruption.signal.name)
        return self.doubt


def _shown(due: datetime) -> str:
    """Return a moment on its own clock, with its date where that is not today's."""
    today = datetime.now(due.tzinfo).date()
    return f"{due:%H:%M}" if due.date() == today else f"{due:%Y-%m-%d %H:%M}"
