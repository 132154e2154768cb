"""How periods that were late came to be right: for the words of the recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.alerts.findings import Identity, Kind, Resolution
from include.alerts.languages import Said
from include.alerts.watching.units import expected_of, is_missing, is_told_of
from include.units.unit import LANDED, State
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading
from include.warehouse.types import UtcMoment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alerts.watching.sight import Sight
    from include.coverage import Cell, Coverage

WAIVED = Said("另有 {count} 家已豁免", "{count} more are waived")
ALL_WAIVED = Said("已全部豁免", "all of it is waived")
NO_JOB = Said("任务已不在登记表中", "the job is in the registry no more")
NO_ALERTS = Said("任务不再告警", "the job alerts no more")


def resolutions(
    sight: Sight, engine: Engine, coverage: Coverage, open_now: Iterable[Identity]
) -> Iterator[tuple[Identity, Resolution]]:
    """Yield how alerts that are open, and not found any more, were resolved.

    Args:
        sight: of the round.
        engine: of the warehouse.
        coverage: units of the last days.
        open_now: the alerts that are open, and are not among the findings.
    """
    cells = {(cell.job.id, cell.period.key): cell for cell in coverage.cells}
    for identity in open_now:
        if identity.kind is not Kind.LATE:
            continue
        job = sight.registry.jobs.get(identity.subject)
        cell = cells.get((identity.subject, identity.period_key))
        if job is None:
            yield identity, Resolution(0, 0, note=sight.say(NO_JOB))
        elif not is_told_of(job):
            yield identity, Resolution(0, 0, note=sight.say(NO_ALERTS))
        elif cell is not None and not any(is_missing(unit) for unit in cell.units):
            yield identity, _of(sight, engine, cell)


def _of(sight: Sight, engine: Engine, cell: Cell) -> Resolution:
    expected, waived = expected_of(cell), cell.counts[State.WAIVED]
    landed = sum(cell.counts[state] for state in LANDED)
    note = sight.say(WAIVED if expected else ALL_WAIVED, count=waived) if waived else ""
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
