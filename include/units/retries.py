"""What a later run takes up again by itself: failed units, once; landed ones, to be counted again.

`retried_by` names the run that retried a unit; it is written as the attempt begins, and never
removed: what fails again waits for a person. An attempt that was cut off, by a stop of the service
or a kill, was none: the same run, when it is tried again, makes it again.

The source is asked how many rows it counts when a unit lands. Rows can join or leave the source
afterwards, or the warehouse: so it is asked again when the unit is 3 and when it is 30 days old,
each once, by the next run of its job.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, or_, select, update

from include.units.exit_codes import SIGNAL_BASE
from include.units.ledger import unchanged
from include.units.unit import LANDED, LedgerRow, State
from include.warehouse.tables import ledger, waivers
from include.warehouse.transactions import in_transaction, now, reading

if TYPE_CHECKING:
    from collections.abc import Collection

# What is found wrong when it is counted again is tried however short `recover` is, up to here.
RECOUNTED_FOR = timedelta(days=45)
# The ages at which a unit is counted again.
AGES = (timedelta(days=3), timedelta(days=30))
# After an outage an age may be reached late; what is older still is left alone.
LATE = timedelta(days=15)


def left_failed(
    engine: Engine,
    job_id: str,
    run_id: str | None,
    ended: tuple[datetime, datetime],
    patience: timedelta,
) -> list[LedgerRow]:
    """Return the units that a run is to retry, the oldest first.

    Their periods ended not before the first moment and up to the second; what the source counted
    again and found wrong may have ended earlier. What runs, and has sent no heartbeat for longer
    than the patience, is lost.
    """
    with reading(engine) as connection:
        silent = ledger.c.heartbeat_at < now(connection) - patience
        lost = and_(ledger.c.state == State.RUNNING, silent)
        failed = ledger.c.state == State.FAILED
        cut_off = or_(lost, and_(failed, ledger.c.exit_code > SIGNAL_BASE))
        first_time = and_(ledger.c.retried_by.is_(None), or_(failed, lost))
        again = and_(ledger.c.retried_by == run_id, cut_off)
        # Found long after it landed: the source was asked again what it counts.
        recounted = and_(failed, ledger.c.source_rows.is_not(None))
        keys = ("job_id", "shop_id", "period_key", "period_start", "period_end")
        is_waived = exists().where(*(waivers.c[name] == ledger.c[name] for name in keys))
        query = (
            select(ledger)
            .where(
                ledger.c.job_id == job_id,
                or_(first_time, again),
                or_(
                    ledger.c.period_end >= ended[0],
                    and_(recounted, ledger.c.period_end >= ended[0] - RECOUNTED_FOR),
                ),
                ledger.c.period_end <= ended[1],
                ~is_waived,
            )
            .order_by(ledger.c.period_end, ledger.c.shop_id)
        )
        return LedgerRow.read(connection, query)


def due_for_a_recount(
    engine: Engine, job_id: str, shops: Collection[str], moment: datetime, most: int
) -> list[LedgerRow]:
    """Return what (at most so many) is to be counted again at an aware moment, latest first."""

    def is_due(age: timedelta) -> ColumnElement[bool]:
        reached = ledger.c.period_end <= moment - age
        at_all = ledger.c.period_end > moment - age - LATE
        # Moments of a column and of a parameter cannot be subtracted on every database.
        return and_(reached, at_all, ledger.c.counted_at.is_not(None))

    query = (
        select(ledger)
        .where(
            ledger.c.job_id == job_id,
            ledger.c.shop_id.in_(shops),
            ledger.c.state.in_(LANDED),
            or_(*map(is_due, AGES)),
        )
        .order_by(ledger.c.period_end.desc(), ledger.c.shop_id)
    )
    with reading(engine) as connection:
        found = LedgerRow.read(connection, query)
    return [row for row in found if _is_old_count(row, moment)][:most]


def write_recount(
    engine: Engine, row: LedgerRow, rows: int, source_rows: int, moment: datetime
) -> LedgerRow | None:
    """Write down how many rows a unit has now, and how many the source counts at a moment.

    Returns:
        the unit as it is now; None where another run has begun or landed it since it was read.
    """
    same = unchanged(row)

    def write(connection: Connection) -> LedgerRow | None:
        values = {
            "rows": rows,
            "state": State.OK if rows else State.EMPTY,
            "source_rows": source_rows,
            "counted_at": moment,
            # What is found only now is retried automatically, whatever was before.
            "retried_by": None if rows != source_rows else row.retried_by,
        }
        if not connection.execute(update(ledger).where(same).values(values)).rowcount:
            return None
        found = connection.execute(select(ledger).where(same)).mappings().one()
        return LedgerRow(**found)

    return in_transaction(engine, write)


def _is_old_count(row: LedgerRow, moment: datetime) -> bool:
    """Return whether a unit has reached an age at which it has not been counted."""
    reached = [age for age in AGES if row.period_end + age <= moment]
    return row.counted_at is not None and row.counted_at < row.period_end + max(reached)
