"""One attempt at one period, under its lock: the ledger, the script, the journal."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from include.running.exit_codes import ExitCode, describe
from include.running.keeper import Settings
from include.running.script_call import command_of, environment_of
from include.running.script_process import ScriptProcess

if TYPE_CHECKING:
    from include.ledger import Unit
    from include.periods import Period
    from include.running.execution import Execution
    from include.running.locking import UnitLock

NOTHING_OPEN = (
    "nothing to do: {subject} has landed; use --again (or again=true in the trigger form) to run "
    "it once more"
)


class Attempt:
    """One attempt at one period of an execution's job.

    Args:
        execution: what all its periods share.
        period: the one to run.
        lock: the period's, held.
    """

    def __init__(self, execution: Execution, period: Period, lock: UnitLock) -> None:
        self.execution = execution
        self.period = period
        self.lock = lock
        self.subject = f"{execution.job.id} {period.key}"
        self.units: list[Unit] = []

    def run(self) -> int:
        """Run the script for what has not landed, and account for how it ended.

        Returns:
            the exit code.

        Raises:
            ExpectedError: it could not be started, or the ledger does not answer.
        """
        execution = self.execution
        if execution.accounts:
            self.units = execution.accounts.open_units(
                execution.job.id, execution.shops, self.period, again=execution.request.again
            )
            if not self.units:
                execution.output.say(NOTHING_OPEN.format(subject=self.subject))
                return ExitCode.NOTHING_TO_DO
        command = command_of(execution.job, self.period)
        run = f"pid {os.getpid()}, run {execution.request.run_id}"
        again = execution.request.attempt > 1
        begins = f"retried, attempt {execution.request.attempt}" if again else "started"
        execution.note(self.subject, f"{begins} ({run})")
        begun = time.monotonic()
        with self._in_ledger():
            code = self._run_script(command)
        self._end(code, time.monotonic() - begun)
        return code

    def _in_ledger(self) -> AbstractContextManager[None]:
        execution = self.execution
        if not execution.accounts:
            return nullcontext()
        seconds = execution.request.heartbeat_seconds
        return execution.accounts.attempt(self.units, seconds, execution.output.say)

    def _run_script(self, command: list[str]) -> int:
        execution, job = self.execution, self.execution.job
        offset = self.period.end.utcoffset()
        settings = Settings(
            command=command,
            cwd=str(execution.request.root / (job.cwd or "")),
            grace_seconds=execution.request.grace_seconds,
            life_line=-1,
            lock=self.lock.fd,
            lock_path=str(self.lock.path),
            runner=os.getpid(),
            journal=str(execution.journal.path),
            subject=self.subject,
            utc_offset_seconds=offset.total_seconds() if offset else 0,
        )
        environment = environment_of(
            job, self.period, execution.request, self._narrowed_to(), os.environ
        )
        execution.output.forget()
        script = ScriptProcess(settings, environment)
        execution.interruption.watch(job.timeout.total_seconds(), script.end)
        code = script.wait(execution.output)
        execution.interruption.rest()
        ended_by_us = execution.interruption.exit_code()
        return code if ended_by_us is None else ended_by_us

    def _narrowed_to(self) -> list[str]:
        """Give the shops to keep to, if they are not all of the job's: asked for, or still open."""
        execution = self.execution
        if self.units and len(self.units) < len(execution.shops):
            return [unit.shop_id for unit in self.units]
        return execution.shops if execution.request.shops else []

    def _end(self, code: int, seconds: float) -> None:
        execution = self.execution
        reason, details = self._reason(code), execution.output.last_lines()
        if execution.accounts:
            execution.accounts.settle(self.units, code, "\n".join([reason, *details]))
        if code == ExitCode.LANDED:
            execution.note(self.subject, f"landed in {seconds:.1f} s")
        elif code == ExitCode.NOTHING_TO_DO:
            execution.note(self.subject, f"had nothing to do ({seconds:.1f} s)")
        else:
            execution.note(self.subject, f"failed after {seconds:.1f} s: {reason}", details)

    def _reason(self, code: int) -> str:
        interruption, job = self.execution.interruption, self.execution.job
        if interruption.signal:
            return f"told to end by {interruption.signal.name}; {describe(code)}"
        if interruption.timed_out:
            return f"not done within its timeout of {job.timeout}; {describe(code)}"
        return describe(code)
