"""The day as the digest tells it: what was due, what landed, and what lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from include.alerts.findings import Day, Restated
from include.coverage.reading import read_coverage
from include.coverage.report import digest_of, since_for
from include.units.unit import GAPS, LANDED, LedgerRow, State
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Engine

    from include.alerts.findings import TokenEnd
    from include.alerts.watching.sight import Sight
    from include.coverage import Cell, Coverage
    from include.units.unit import Drift

# What a job without a platform counts by.
NO_PLATFORM = "-"
# Periods that ended before are not looked at: none is pulled again by itself after that time.
OLDEST_RESTATED = timedelta(days=130)


class Digested(NamedTuple):
    """What is read once a day, as the digest is due.

    Attributes:
        usual: how much more rows the day's units landed than usual, as a fraction; none where that
            is not known.
        restated: periods whose rows have changed within a day.
    """

    usual: float | None = None
    restated: tuple[Restated, ...] = ()


NOT_READ = Digested()


def day_of(sight: Sight, coverage: Coverage, tokens: Sequence[TokenEnd], digested: Digested) -> Day:
    """Return how the day is so far: of jobs that land data, what was due until now.

    Args:
        sight: of the round; the day is that of its zone.
        coverage: units of the last days.
        tokens: those that end soon.
        digested: what is read once a day.
    """
    today = sight.now.astimezone(ZoneInfo(sight.zone)).date()
    cells = [cell for cell in coverage.cells if cell.job.data and _day_of(cell, sight) == today]
    due = [cell for cell in cells if cell.due_at.timestamp() <= sight.now.timestamp()]
    missing: Counter[str] = Counter()
    for cell in due:
        gaps = sum(cell.counts[state] for state in GAPS)
        if gaps:
            missing[cell.job.platform or NO_PLATFORM] += gaps
    expected, landed = sum(map(_expected, due)), sum(map(_landed, due))
    to_come = len(cells) > len(due) or any(_is_to_come_today(coverage, sight, today))
    return Day(
        expected=expected,
        landed=landed,
        missing=dict(missing),
        usual=digested.usual,
        restated=digested.restated,
        waived=sum(cell.counts[State.WAIVED] for cell in due),
        tokens=tuple(tokens),
        complete=bool(expected) and landed == expected and not to_come,
    )


def usual_of(sight: Sight, engine: Engine) -> float | None:
    """Return how much more rows the day's units landed than usual; none where it is not known."""
    zone = ZoneInfo(sight.zone)
    today = sight.now.astimezone(zone).date()
    midnight = datetime.combine(today, time.min, zone)
    since = since_for(midnight - timedelta(days=1))
    coverage = read_coverage(engine, sight.registry, since, now=sight.now, in_full=True)
    whole = digest_of(coverage, lambda cell: _day_of(cell, sight) == today).whole
    return whole.compared / whole.usual - 1 if whole.usual else None


def restated_of(sight: Sight, engine: Engine) -> tuple[Restated, ...]:
    """Return the periods whose rows have changed within a day, the oldest first."""
    jobs, now = sight.registry.jobs, sight.now.astimezone(timezone.utc)
    query = select(ledger).where(
        ledger.c.job_id.in_(jobs),
        ledger.c.period_end > now - OLDEST_RESTATED,
        ledger.c.restated_at > now - timedelta(days=1),
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


def _day_of(cell: Cell, sight: Sight) -> date:
    return cell.due_at.astimezone(ZoneInfo(sight.zone)).date()


def _is_to_come_today(coverage: Coverage, sight: Sight, today: date) -> list[bool]:
    """Return, for each job of data, whether one more of its runs starts today."""
    jobs = {cell.job.id: cell.job for cell in coverage.cells if cell.job.data and cell.job.enabled}
    zone = ZoneInfo(sight.zone)
    fires = (job.schedule.next_fire(sight.now) for job in jobs.values())
    return [fire.astimezone(zone).date() == today for fire in fires]


def _expected(cell: Cell) -> int:
    none = (State.DISABLED, State.WAIVED)
    return sum(cell.counts.values()) - sum(cell.counts[state] for state in none)


def _landed(cell: Cell) -> int:
    return sum(cell.counts[state] for state in LANDED)
