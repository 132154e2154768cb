"""One start of a job's script, from its environment to its exit code."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.foreign_errors import explained
from include.language import _
from include.running.script_call import environment_of
from include.running.script_process import ScriptProcess
from include.running.script_supervisor import Settings
from include.units.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.periods import Period
    from include.running.context import Context
    from include.running.locking import UnitLock
    from include.units.unit import Unit


@dataclass(frozen=True)
class ScriptRun:
    """A job's script for some units of one period, whose lock is held."""

    context: Context
    period: Period
    lock: UnitLock
    units: Sequence[Unit]

    def run(self, command: list[str], seconds: float, more: Mapping[str, str]) -> int:
        """Run it to its end, and end it when the time is over; return its exit code.

        Args:
            command: what runs it.
            seconds: how long it may take.
            more: of its environment.
        """
        context, job = self.context, self.context.job
        offset = self.period.end.utcoffset()
        settings = Settings(
            command=command,
            cwd=str(context.request.root / job.cwd),
            grace_seconds=context.time_left.grace,
            life_line=-1,
            lock=self.lock.fd,
            lock_path=str(self.lock.path),
            runner=os.getpid(),
            journal=str(context.journal.path),
            subject=context.subject(self.period),
            utc_offset_seconds=offset.total_seconds() if offset else 0,
        )
        shops = [context.registry.shops[unit.shop_id] for unit in self.units if job.platform]
        environment = environment_of(job, self.period, context.request, shops, os.environ)
        context.output.forget()
        try:
            script = ScriptProcess(settings, {**environment, **more})
        except OSError as error:  # no memory, or too many processes
            context.output.say(
                _("the script cannot be started now: {error}", error=explained(error))
            )
            return ExitCode.TEMPORARY
        context.interruption.watch(seconds, script.end)
        code = script.wait(context.output)
        context.interruption.rest()
        ended_by_us = context.interruption.exit_code()
        return code if ended_by_us is None else ended_by_us
