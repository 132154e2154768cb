"""One call of the runner from beginning to end: periods one after another, each under its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import ConfigurationError, ExpectedError
from include.registry import SHOPS_FILE
from include.running.attempt import Attempt
from include.running.earlier_failures import EarlierFailures
from include.units.exit_codes import ExitCode, worst

if TYPE_CHECKING:
    from include.periods import Period
    from include.running.context import Context


def run_all(context: Context) -> int:
    """Run every period, oldest first; one that fails does not keep the next from running.

    Returns:
        the exit code for the whole.
    """
    try:
        if context.ledger:
            context.ledger.check_version()
    except ExpectedError as error:
        context.note(context.job.id, f"failed: {error}")
        return exit_code_of(error)
    retried = EarlierFailures(context).retry()
    codes = [_run_period(context, each) for each in context.periods if not context.interruption]
    if len(codes) < len(context.periods):
        return context.interruption.exit_code() or ExitCode.FAILED
    # A retry that fails again is only logged; it does not fail this run.
    landed = [code for code in retried if code == ExitCode.LANDED]
    return worst([*codes, *landed, *_codes_of_lost_shops(context)])


def _run_period(context: Context, period: Period) -> int:
    try:
        lock = context.lock(period, context.request.lock_wait_seconds)
        with lock:
            return Attempt(context, period, lock).run()
    except ExpectedError as error:
        context.note(f"{context.job.id} {period.key}", f"failed: {error}")
        return exit_code_of(error)


def _codes_of_lost_shops(context: Context) -> list[int]:
    """Fail a run that may have left out a shop: a broken entry is no shop that was closed."""
    if not context.job.platform or context.request.asked.shops:
        return []
    problems = [each for each in context.registry.problems if each.file == SHOPS_FILE]
    for problem in problems:
        context.note(context.job.id, f"failed: a shop may have been left out: {problem}")
    return [ExitCode.CONFIGURATION for _ in problems]


def exit_code_of(error: ExpectedError) -> int:
    """Return the exit code that an expected failure of the runner itself stands for."""
    wrong = isinstance(error, ConfigurationError)
    return ExitCode.CONFIGURATION if wrong else ExitCode.TEMPORARY
