"""One call of the runner from beginning to end: periods one after another, each under its lock.

What failed for good in earlier periods of the job is retried before, once only: the ledger
remembers it (`include.units.retries`). Whatever comes of it, the run's own periods are run, with
what is left of the job's timeout, which is half of it at least. When they are done, what has landed
some days ago is pulled again, as its source may have restated it (`repull`), in what is left of the
time for retries. Nothing that becomes of that fails the run or makes a gap: what has landed stays
until other rows take its place.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, ExpectedError
from include.language import _
from include.periods import PeriodError
from include.registry import SHOPS_FILE
from include.registry.dated_scripts import dating_of
from include.running.attempt import Attempt, Retry
from include.running.environment import REPULL
from include.running.script_call import ScriptRun, command_of
from include.units.exit_codes import ExitCode, describe, worst
from include.units.job_units import JobUnits

if TYPE_CHECKING:
    from include.periods import Period
    from include.running.context import Context
    from include.units.unit import LedgerRow

# Of a job's timeout: how long all retries and re-pulls may take; the run's own period has the rest.
SHARE = 0.5


def run_all(context: Context) -> int:
    """Run every period, oldest first; return the exit code for the whole.

    One that fails does not keep the next from running.
    """
    try:
        if context.ledger:
            context.ledger.check_version()
    except ExpectedError as error:
        context.note(context.job.id, _("failed: {error}", error=error))
        return exit_code_of(error)
    began, budget = time.monotonic(), context.job.timeout.total_seconds() * SHARE
    retried = _retry_earlier(context, budget)
    left = budget - (time.monotonic() - began)
    codes = [_run_period(context, each) for each in context.periods if not context.interruption]
    if len(codes) < len(context.periods):
        return context.interruption.exit_code() or ExitCode.FAILED
    if all(code in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO) for code in codes):
        _repull_earlier(context, left, budget / 2)
    # A retry that fails again is only logged; it does not fail this run.
    landed = [code for code in retried if code == ExitCode.LANDED]
    return worst([*codes, *landed, *_codes_of_lost_shops(context)])


def _run_period(context: Context, period: Period) -> int:
    try:
        with context.lock(period, context.request.lock_wait_seconds) as lock:
            return Attempt(context, period, lock).run()
    except ExpectedError as error:
        context.note(context.subject(period), _("failed: {error}", error=error))
        return exit_code_of(error)


def _codes_of_lost_shops(context: Context) -> list[int]:
    """Fail a run that may have left out a shop: a broken entry is no shop that was closed."""
    if not context.job.platform or context.request.asked.shops:
        return []
    problems = [each for each in context.registry.problems if each.file == SHOPS_FILE]
    for problem in problems:
        context.note(
            context.job.id, _("failed: a shop may have been left out: {problem}", problem=problem)
        )
    return [ExitCode.CONFIGURATION for _ in problems]


def exit_code_of(error: ExpectedError) -> int:
    """Return the exit code that an expected failure of the runner itself stands for."""
    wrong = isinstance(error, ConfigurationError)
    return ExitCode.CONFIGURATION if wrong else ExitCode.TEMPORARY


def _retry_earlier(context: Context, budget: float) -> list[int]:
    """Retry what failed in earlier periods, the oldest first; return the exit code of each."""
    deadline = time.monotonic() + budget
    asked = context.request.retry_earlier and context.job.recover
    wanted = asked and dating_of(context.job).dated  # else no earlier period can be brought
    codes: list[int] = []
    for period in _failed_periods(context) if wanted else []:
        if context.interruption:
            break
        left = deadline - time.monotonic()
        if left < budget / 2:
            context.output.say(
                _(
                    "{subject} is retried by the next run: no time is left now",
                    subject=context.subject(period),
                )
            )
            break
        codes += _retry(context, period, left)
    return codes


def _failed_periods(context: Context) -> list[Period]:
    first = context.periods[0]
    try:
        rows = _failed_units(context, first.end - context.job.recover, first.start)
    except ExpectedError as error:
        context.output.say(_("what failed before is not retried: {error}", error=error))
        return []
    return _periods_of(context, rows)


def _periods_of(context: Context, rows: list[LedgerRow]) -> list[Period]:
    """Return the periods of rows, each once."""
    periods = []
    for key in dict.fromkeys(row.period_key for row in rows):
        with suppress(PeriodError):  # the schedule was changed since
            periods.append(context.job.schedule.parse_key(key))
    return periods


def _retry(context: Context, period: Period, seconds: float) -> list[int]:
    subject = context.subject(period)
    try:
        with context.lock(period, wait_seconds=0) as lock:
            found = _failed_units(context, period.end, period.end)  # as they are under the lock
            shops = frozenset(row.shop_id for row in found if row.is_of(period))
            if not shops:
                return []
            code = Attempt(context, period, lock, Retry(shops, seconds)).run()
    except ExpectedError as error:
        context.note(subject, _("is not retried now: {error}", error=error))
        return []
    if code not in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
        context.output.say(
            _(
                "{subject} failed again and is not retried automatically any more: `python3 "
                "scheduler_manager.py repair --job {job}` does",
                subject=subject,
                job=context.job.id,
            )
        )
    return [code]


def _failed_units(context: Context, first: datetime, last: datetime) -> list[LedgerRow]:
    """Return the failed units of the periods that ended between two moments."""
    if context.ledger is None:
        return []
    first, last = (moment.astimezone(timezone.utc) for moment in (first, last))
    # The period just before counts however long ago it ended: a month is longer than `recover`.
    return context.ledger.left_failed(context.job.id, (min(first, last), last))


def _repull_earlier(context: Context, seconds: float, least: float) -> None:
    """Pull the earlier periods again that are due, the oldest first; none in less than `least`."""
    deadline = time.monotonic() + seconds
    for period in _restated_periods(context):
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


def _restated_periods(context: Context) -> list[Period]:
    if not (context.job.repull and context.request.retry_earlier):
        return []
    try:
        rows = _due(context)
    except ExpectedError as error:
        context.output.say(_("nothing is pulled again: {error}", error=error))
        return []
    return _periods_of(context, rows)


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
                "was pulled again in vain, and what has landed stays: {ended}", ended=describe(code)
            )
            context.note(subject, said, context.output.last_lines())
        context.complete_contracts(period)
        return code
