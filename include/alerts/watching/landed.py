"""What has landed: of the day, for the digest, and of what was late, for the recovery."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from include.alerts.answers import OF_JOBS
from include.alerts.findings import (
    OF_CONTRACT,
    Day,
    Drifting,
    Identity,
    Kind,
    Resolution,
    Restated,
)
from include.alerts.watching.units import expected_of, is_missing, is_told_of
from include.coverage.reading import read_coverage
from include.coverage.report import digest_of, since_for
from include.gateways.shape_store import Drifted, changes_within
from include.language import N_
from include.text import printable, storable
from include.units.unit import GAPS, LANDED, LedgerRow, State
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading
from include.warehouse.types import UtcMoment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Engine

    from include.alerts.findings import TokenEnd
    from include.alerts.watching.scope import Scope
    from include.coverage import Cell, Coverage
    from include.gateways.shape_store import Change
    from include.units.unit import Drift

# What a job without a platform counts by.
NO_PLATFORM = "-"
# Periods that ended before are not looked at: none is pulled again by itself after that time.
OLDEST_RESTATED = timedelta(days=130)
# What was new in answers within this time is told where a route asks for it.
FRESH = timedelta(days=1)


class Digested(NamedTuple):
    """What is read once a day, as the digest is due."""

    # How much more rows the day's units landed than usual, as a fraction; none where that is not
    # known
    usual: float | None = None
    restated: tuple[Restated, ...] = ()  # periods whose rows have changed within a day
    # What was new in answers, and what was missing, within a day
    drifted: Drifted = Drifted({}, [])


NOT_READ = Digested()


class Span(NamedTuple):
    """What one digest tells of: after one moment and up to another."""

    since: datetime
    until: datetime

    def covers(self, cell: Cell) -> bool:
        """Return whether a period became due within it."""
        return self.since.timestamp() < cell.due_at.timestamp() <= self.until.timestamp()


def span_of(scope: Scope, at: time) -> Span:
    """Return what the day's digest tells of: from the digest before, so that each thing is in one.

    Args:
        scope: of the round; the day is that of its zone.
        at: when the digest comes.
    """
    zone = ZoneInfo(scope.zone)
    today = scope.now.astimezone(zone).date()
    days = (today - timedelta(days=1), today)
    return Span(*(datetime.combine(day, at, zone).astimezone(timezone.utc) for day in days))


def day_of(
    scope: Scope, coverage: Coverage, span: Span, tokens: Sequence[TokenEnd], digested: Digested
) -> Day:
    """Return what the digest says: of jobs that land data, what became due until now."""
    now = scope.now.timestamp()
    cells = [one for one in coverage.cells if one.job.data and one.due_at.timestamp() <= now]
    due = [cell for cell in cells if span.covers(cell)]
    missing: Counter[str] = Counter()
    for cell in due:
        gaps = sum(cell.counts[state] for state in GAPS)
        if gaps:
            missing[cell.job.platform or NO_PLATFORM] += gaps
    return Day(
        expected=sum(map(expected_of, due)),
        landed=sum(map(_landed, due)),
        missing=dict(missing),
        usual=digested.usual,
        restated=digested.restated,
        new_shapes=tuple((str(one), where) for one, where in digested.drifted.new.items()),
        lacking_shapes=tuple(map(str, digested.drifted.lacking)),
        waived=sum(cell.counts[State.WAIVED] for cell in due),
        tokens=tuple(tokens),
        problems=len(coverage.problems),
        complete=_complete(scope, coverage, cells),
    )


def usual_of(scope: Scope, engine: Engine, span: Span) -> float | None:
    """Return how much more rows than usual landed of what became due; none where not known."""
    since = since_for(span.since - timedelta(days=1))
    coverage = read_coverage(engine, scope.registry, since, now=scope.now, in_full=True)
    whole = digest_of(coverage, span.covers).whole
    return whole.compared / whole.usual - 1 if whole.usual else None


def restated_of(scope: Scope, engine: Engine, span: Span) -> tuple[Restated, ...]:
    """Return the periods whose rows have changed, the oldest first."""
    jobs = scope.registry.jobs
    query = select(ledger).where(
        ledger.c.job_id.in_(jobs),
        ledger.c.period_end > span.since - OLDEST_RESTATED,
        ledger.c.restated_at > span.since,
        ledger.c.restated_at <= span.until,
    )
    with reading(engine) as connection:
        rows = LedgerRow.read(connection, query)
    drifts: dict[tuple[int, str], list[Drift]] = defaultdict(list)
    for row in rows:
        if row.restated_at and (drift := row.drift):
            drifts[(row.restated_at - row.period_end).days, row.job_id].append(drift)
    return tuple(
        Restated(
            jobs[job_id].name,
            days,
            sum(one.rows - one.before for one in found),
            sum(one.changed for one in found),
        )
        for (days, job_id), found in sorted(drifts.items(), reverse=True)
    )


def drifting_of(scope: Scope, engine: Engine) -> tuple[Drifting, ...]:
    """Return what was new in answers of late, and what has gone missing, for each source."""
    changes: dict[str, list[Change]] = defaultdict(list)
    for one in changes_within(engine, scope.now - FRESH, scope.now + FRESH):
        changes[one.shape.source].append(one)
    found = (_drifting(scope, source, several) for source, several in changes.items())
    return tuple(one for one in found if one)


def _drifting(scope: Scope, source: str, changes: Sequence[Change]) -> Drifting | None:
    """Return what is to be told of one source; none where none of its jobs may alert."""
    ids = {one.where.partition(" ")[0] for one in changes}  # the unit's name begins with the job's
    jobs = [job for job in scope.registry.jobs.values() if job.id in ids]
    if jobs and not any(map(is_told_of, jobs)):
        return None
    shown = [(printable(storable(one.shape.inner)), one) for one in changes]
    return Drifting(
        source,
        tuple(job.id for job in jobs),
        " ".join(sorted({job.platform for job in jobs if job.platform})),
        tuple({tag: None for job in jobs for tag in job.tags}),
        tuple((shape, one.where) for shape, one in shown if not one.is_lacking),
        tuple(shape for shape, one in shown if one.is_lacking),
    )


def _complete(scope: Scope, coverage: Coverage, due: Sequence[Cell]) -> int:
    """Return how many units the day had, once none is to come and all have landed; 0 until then.

    What cannot be read of config/ may be expected today, too.
    """
    zone = ZoneInfo(scope.zone)
    today = scope.now.astimezone(zone).date()
    last = {cell.job.id: cell for cell in coverage.cells if cell.job.data and cell.job.enabled}
    to_come = (
        cell.job.schedule.next_fire(scope.now).astimezone(zone).date() == today
        for cell in last.values()
        if cell.counts.keys() != {State.DISABLED}
    )
    of_day = [cell for cell in due if cell.due_at.astimezone(zone).date() == today]
    expected = sum(map(expected_of, of_day))
    has_landed = expected == sum(map(_landed, of_day))
    return 0 if coverage.problems or not has_landed or any(to_come) else expected


def _landed(cell: Cell) -> int:
    return sum(cell.counts[state] for state in LANDED)


MORE_WAIVED = N_("{count} more are waived")
ALL_WAIVED = N_("all of it is waived")
SHOPS_DISABLED = N_("its shops are disabled")
JOB_DISABLED = N_("the job is disabled")
NO_JOB = N_("the job is in the registry no more")
ALERTS_NO_MORE = N_("the job alerts no more")


def resolutions(
    scope: Scope, engine: Engine, coverage: Coverage, open_now: Iterable[Identity]
) -> Iterator[tuple[Identity, Resolution]]:
    """Yield how alerts that are open, and not among the findings any more, were resolved."""
    cells = {(cell.job.id, cell.period.key): cell for cell in coverage.cells}
    for identity in open_now:
        if identity.kind not in OF_JOBS or identity.subject.startswith(OF_CONTRACT):
            continue
        job = scope.registry.jobs.get(identity.subject)
        cell = cells.get((identity.subject, identity.period_key))
        if job is None:
            yield identity, Resolution(0, 0, note=scope.say(NO_JOB))
        elif not is_told_of(job):
            note = scope.say(ALERTS_NO_MORE if job.enabled else JOB_DISABLED)
            yield identity, Resolution(0, 0, note=note)
        elif identity.kind is not Kind.LATE or cell is None:
            continue
        elif not any(is_missing(unit) for unit in cell.units):
            yield identity, _resolution_of(scope, engine, cell)


def _resolution_of(scope: Scope, engine: Engine, cell: Cell) -> Resolution:
    expected, waived = expected_of(cell), cell.counts[State.WAIVED]
    landed = _landed(cell)
    note = "" if expected else scope.say(SHOPS_DISABLED)
    if waived:
        note = scope.say(MORE_WAIVED if expected else ALL_WAIVED, count=waived)
    return Resolution(landed, expected, _landed_at(engine, cell) if landed else None, note)


def _landed_at(engine: Engine, cell: Cell) -> datetime | None:
    """Return when the last unit of a period landed."""
    query = select(func.max(ledger.c.finished_at, type_=UtcMoment)).where(
        ledger.c.job_id == cell.job.id,
        ledger.c.period_key == cell.period.key,
        ledger.c.state.in_(LANDED),
    )
    with reading(engine) as connection:
        found: datetime | None = connection.scalar(query)
    return found
