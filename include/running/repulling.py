"""Pulling again what has landed some days ago, because its source may restate it (`repull`).

It comes after the run's own period, in what is left of the time for retries. Nothing that becomes
of it fails the run or makes a gap: what has landed stays until other rows take its place.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timezone
from typing import TYPE_CHECKING

from include.errors import ExpectedError
from include.language import _
from include.periods import PeriodError
from include.running.environment import REPULL
from include.running.script_call import command_of
from include.running.script_run import ScriptRun
from include.units.exit_codes import ExitCode, describe
from include.units.job_units import JobUnits

if TYPE_CHECKING:
    from include.periods import Period
    from include.running.context import Context
    from include.units.unit import LedgerRow


def repull_earlier(context: Context, seconds: float, least: float) -> None:
    """Pull the earlier periods again that are due, the oldest first.

    Args:
        context: of the run, whose own periods are done.
        seconds: how long all of it may take.
        least: none is begun with less time than that.
    """
    deadline = time.monotonic() + seconds
    for period in _periods(context):
        if context.interruption:
            return
        subject, left = context.subject(period), deadline - time.monotonic()
        if left < least:
            context.output.say(
                _("{subject} is pulled again by the next run: no time is left now", subject=subject)
            )
            return
        try:
            code = _repull(context, period, left)
        except ExpectedError as error:
            context.note(subject, _("is not pulled again now: {error}", error=error))
            return
        if code == ExitCode.TEMPORARY:  # the next one would hardly go better
            return


def _periods(context: Context) -> list[Period]:
    if not (context.job.repull and context.request.retry_earlier):
        return []
    try:
        rows = _due(context)
    except ExpectedError as error:
        context.output.say(_("nothing is pulled again: {error}", error=error))
        return []
    periods = []
    for key in dict.fromkeys(row.period_key for row in rows):
        with suppress(PeriodError):  # the schedule was changed since
            periods.append(context.job.schedule.parse_key(key))
    return periods


def _due(context: Context) -> list[LedgerRow]:
    """Return what is due by the time at which the run was to start, however late it runs."""
    job, own = context.job, context.periods[-1]
    if context.ledger is None:
        return []
    since = job.schedule.preceding(own).end.astimezone(timezone.utc) - job.recover
    moment = job.schedule.fire_for(own).astimezone(timezone.utc)
    return context.ledger.due_for_a_repull(job.id, job.repull, since, moment)


def _repull(context: Context, period: Period, seconds: float) -> int:
    job, subject = context.job, context.subject(period)
    with context.lock(period, wait_seconds=0) as lock:
        # As they are under the lock.
        shops = {row.shop_id for row in _due(context) if row.is_of(period)}
        units = JobUnits(job, context.registry.shops.values()).covered(period, shops)
        if not shops or not units:
            return ExitCode.NOTHING_TO_DO
        run = ScriptRun(context, period, lock, units)
        context.note(subject, _("pulled again, as its source may have restated it"))
        allowed = context.time_left.for_script(seconds)
        code = run.run(command_of(job, period), allowed, {REPULL: "1"})
        if code not in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
            said = _(
                "was pulled again in vain, and what has landed stays: {ended}",
                ended=describe(code),
            )
            context.note(subject, said, context.output.last_lines())
        context.complete_contracts(period)
        return code
