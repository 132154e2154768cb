"""Why a unit has not landed, in words for those who read messages, and who must do what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.findings import Missing
from include.coverage.airflow_runs import JOB_GONE, JOB_PAUSED, NO_SCHEDULER, NOBODY_STARTS_IT
from include.coverage.gap_ranges import in_brief
from include.coverage.runs import UnderWay
from include.language import N_, Message, english, speaking
from include.units.exit_codes import SIGNAL_BASE, ExitCode
from include.units.unit import NO_SHOP, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from include.alerts.watching.scope import Scope
    from include.coverage import JudgedUnit
    from include.coverage.runs import Run
    from include.registry import Job

RUNNING = N_("running since {since} (try {attempts})")
NOT_BEGUN = N_("has not begun yet")
PROVISIONAL = N_("only what was pulled before it was due, and not since")
LOST = N_("lost: no sign of life since {since}")
NEVER = N_("has not run")
NO_DAG = N_("the job is not a DAG, so it does not run")
PAUSED = N_("the job is paused")
QUEUED = N_("queued since {since}")
WITHOUT_SCRIPT = N_("there was a run, but its script never began: see its log")
UNREPAIRABLE = N_("its script brings the last period only: it cannot be pulled again")
MISCOUNTED = N_("{rows:,} rows landed, the source counts {source:,}")
REJECTED = N_("rejected by a check: {error}")
REFUSED = N_("credentials refused (connection {connection})")
BUSY = N_("the platform is busy ({code})")
TEMPORARY = N_("failed for now: {error}")
WRONG = N_("the configuration is wrong: {error}")
KILLED = N_("was interrupted")
FAILED = N_("failed: {error}")
TRIED = N_("{reason}, tried {attempts} times")
AGAIN = N_("{reason}, tried again at {at}")

AUTHORISE = N_("the shop's owner must authorise again")
WAIVE = N_("waive it where nobody needs it")
CHECK = N_("correct the configuration")
LOOK = N_("correct the job's checks, or ask the platform")

# Why a run cannot move, as `include.coverage.airflow_runs` says it.
STUCK = {
    JOB_PAUSED: PAUSED,
    JOB_GONE: N_("its run waits, and the job is no DAG any more"),
    NO_SCHEDULER: N_("its run waits for a scheduler"),
    NOBODY_STARTS_IT: N_("its run waits, and no one starts it"),
}
STUCK_OTHERWISE = N_("its run cannot go on: {why}")
# As older versions have written it: the platform's code and what it says of it, the connection.
CODE = re.compile(r"\bcode (?P<code>[\w.-]+) '(?P<said>[^']*)'")
CONNECTION = re.compile(r"\bconnection (\w+)")
NO_ERROR = N_("no reason was given")


class Words(NamedTuple):
    """A reason, who must do what, and the reason for a machine."""

    reason: str
    remedy: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Circumstances:
    """What reasons depend on beside the unit itself."""

    scope: Scope  # of the round
    # The jobs that are DAGs, and whether each is paused; None: it is not known
    dags: Mapping[str, bool] | None = None
    under_way: UnderWay = field(default_factory=UnderWay)  # the runs that wait or work
    # Runs, ended or not, of what was never begun; none: it is not known
    runs: tuple[Run, ...] | None = None

    def is_paused(self, job_id: str) -> bool:
        """Return whether a job is known to be paused."""
        return bool(self.dags and self.dags.get(job_id))

    def is_no_dag(self, job_id: str) -> bool:
        """Return whether a job is known not to be a DAG, so that it cannot run."""
        return self.dags is not None and job_id not in self.dags

    def had_a_run(self, unit: JudgedUnit) -> bool | None:
        """Return whether Airflow has made a run for a unit; none where that is not known."""
        return None if self.runs is None else any(run.covers(unit) for run in self.runs)


def is_refused(unit: JudgedUnit) -> bool:
    """Return whether a unit's credentials were refused."""
    return unit.state == State.FAILED and unit.exit_code == ExitCode.REFUSED


def is_rejected(unit: JudgedUnit) -> bool:
    """Return whether a unit is a gap because what had landed was refused."""
    failed = unit.state in (State.FAILED, State.MISCOUNTED)
    return failed and unit.row is not None and unit.row.is_rejected


def connection_of(unit: JudgedUnit, job: Job, scope: Scope) -> str:
    """Return the connection that a unit is pulled with: its shop's, or the one its error names."""
    shop = scope.registry.shops.get(unit.shop_id)
    if shop is not None:
        return shop.connection
    error = unit.shown_error or ""
    if isinstance(error, Message):
        named = (error.values_with("connection") or {}).get("connection")
    else:
        named = found[1] if (found := CONNECTION.search(error)) else None
    if named in job.connection_ids:
        return str(named)
    return next(iter(job.connection_ids), job.id)


def repair_of(unit: JudgedUnit, scope: Scope) -> str:
    """Return what the platform's code, which a unit failed with, asks for; empty: not known."""
    error = unit.shown_error
    coded = error.values_with("code", "said", "repair") if isinstance(error, Message) else None
    repair = coded["repair"] if coded else ""
    return repair.into(scope.language) if isinstance(repair, Message) else str(repair)


def name_of(shop_id: str, job: Job, scope: Scope) -> str:
    """Return what people call a shop; of a job without shops, the job."""
    shop = scope.registry.shops.get(shop_id)
    if shop is not None:
        return shop.name
    return job.name if shop_id == NO_SHOP else shop_id


def missing(unit: JudgedUnit, job: Job, known: Circumstances) -> Missing:
    """Return a unit as findings list it."""
    name = name_of(unit.shop_id, job, known.scope)
    return Missing(unit.shop_id, name, *_words(unit, job, known))


def _words(unit: JudgedUnit, job: Job, known: Circumstances) -> Words:
    scope = known.scope
    if unit.state == State.RUNNING:
        since = _clock(unit.started_at, job, scope)
        return Words(scope.say(RUNNING, since=since, attempts=unit.attempts), cause="running")
    if unit.state == State.LOST:
        heard = unit.row.heartbeat_at if unit.row else None
        return Words(
            scope.say(LOST, since=_clock(heard or unit.started_at, job, scope)), cause="lost"
        )
    if unit.state == State.UNREPAIRABLE:
        return Words(scope.say(UNREPAIRABLE), scope.say(WAIVE), "unrepairable")
    if unit.state in (State.FAILED, State.MISCOUNTED):
        return _of_failed(unit, job, known)
    return _of_unbegun(unit, job, known)


def _of_failed(unit: JudgedUnit, job: Job, known: Circumstances) -> Words:
    scope = known.scope
    with speaking(scope.language):
        error = scope.quote(in_brief(unit.shown_error)) or scope.say(NO_ERROR)
    if is_refused(unit):
        connection = connection_of(unit, job, scope)
        reason = scope.say(REFUSED, connection=connection)
        remedy = repair_of(unit, scope) or scope.say(AUTHORISE)
        return Words(reason, remedy, f"credentials:{connection}")
    if is_rejected(unit):
        row = unit.row if unit.state == State.MISCOUNTED else None
        if row is None:
            return Words(scope.say(REJECTED, error=error), scope.say(LOOK), "rejected")
        reason = scope.say(MISCOUNTED, rows=row.rows or 0, source=row.source_rows or 0)
        return Words(reason, scope.say(LOOK), "miscounted")
    if unit.exit_code == ExitCode.CONFIGURATION:
        return Words(scope.say(WRONG, error=error), scope.say(CHECK), f"configuration:{job.id}")
    words = _of_what_may_pass(unit, error, scope)
    return words._replace(reason=_with_tries(words.reason, unit, job, known))


def _of_what_may_pass(unit: JudgedUnit, error: str, scope: Scope) -> Words:
    code = unit.exit_code or 0
    if code > SIGNAL_BASE:
        return Words(scope.say(KILLED), cause="interrupted")
    if code != ExitCode.TEMPORARY:
        return Words(scope.say(FAILED, error=error))
    told = unit.shown_error
    if isinstance(told, Message):
        said = told.values_with("code", "said")
    else:
        said = found.groupdict() if (found := CODE.search(error)) else None
    if said is None:
        return Words(scope.say(TEMPORARY, error=error), cause="temporary")
    shown = scope.quote(f"{said['code']} {said['said']}".strip())
    return Words(scope.say(BUSY, code=shown), cause=str(said["code"]))


def _with_tries(reason: str, unit: JudgedUnit, job: Job, known: Circumstances) -> str:
    """Add how often a unit was tried, and when it is again: while a run waits for that."""
    scope = known.scope
    tried = reason
    if unit.attempts > 1:
        tried = scope.say(TRIED, reason=reason, attempts=unit.attempts)
    if unit.finished_at is None or known.under_way.seeing_to(unit) is None:
        return tried
    again = unit.finished_at + job.retry_delay
    if again <= scope.now:
        return tried
    return scope.say(AGAIN, reason=tried, at=_clock(again, job, scope))


def _of_unbegun(unit: JudgedUnit, job: Job, known: Circumstances) -> Words:
    scope = known.scope
    if unit.row is not None and unit.row.state == State.PROVISIONAL:
        return Words(scope.say(PROVISIONAL), cause="provisional")
    run = known.under_way.seeing_to(unit)
    if run is not None and run.since:
        return Words(scope.say(QUEUED, since=_clock(run.since, job, scope)), cause="queued")
    if run is not None or unit.state != State.MISSED:
        return Words(scope.say(NOT_BEGUN), cause="queued")
    is_no_dag = known.is_no_dag(job.id)
    if is_no_dag or known.is_paused(job.id):
        cause = "no DAG" if is_no_dag else "paused"
        return Words(scope.say(NO_DAG if is_no_dag else PAUSED), cause=cause)
    if stuck := known.under_way.stuck_before(unit):
        why = english(stuck.stuck)
        said = STUCK.get(why, STUCK_OTHERWISE)
        return Words(scope.say(said, why=stuck.stuck), cause=f"stuck:{why}")
    was_run = bool(known.had_a_run(unit))
    return Words(
        scope.say(WITHOUT_SCRIPT if was_run else NEVER),
        cause="without script" if was_run else "never ran",
    )


def _clock(moment: datetime | None, job: Job, scope: Scope) -> str:
    return scope.clock(moment, job.schedule.zone) if moment else "?"
