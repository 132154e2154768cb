"""Which units the source is asked to count again, and what it has counted.

A unit is counted when it lands. Rows can join or leave the source afterwards, or the warehouse: so
it is counted again when it is 3 and when it is 30 days old, each once, by the next run of its job.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update

from include.units.ledger_row import LedgerRow
from include.units.states import LANDED, State
from include.warehouse.tables import ledger
from include.warehouse.transactions import in_transaction

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine

AGES = (timedelta(days=3), timedelta(days=30))
# After an outage an age may be reached late; what is older still is left alone.
LATE = timedelta(days=15)


def due_for_a_recount(
    engine: Engine, job_id: str, shops: Collection[str], moment: datetime, most: int
) -> list[LedgerRow]:
    """Return the units that have landed and are to be counted again, the latest first.

    Args:
        engine: of the warehouse.
        job_id: whose units.
        shops: theirs.
        moment: by which ages are judged; aware.
        most: how many at most.
    """

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
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        found = [LedgerRow(**row) for row in connection.execute(query).mappings()]
    return [row for row in found if _is_old_count(row, moment)][:most]


def write_recount(
    engine: Engine, row: LedgerRow, rows: int, source_rows: int, moment: datetime
) -> LedgerRow | None:
    """Write down what the table holds of a unit now, and what the source counts.

    Args:
        engine: of the warehouse.
        row: the unit as it was when it was counted.
        rows: how many rows of its own the period has.
        source_rows: how many the source counts.
        moment: when it was asked; aware.

    Returns:
        the unit as it is now; None where another run has begun or landed it since.
    """
    same = and_(
        ledger.c.job_id == row.job_id,
        ledger.c.shop_id == row.shop_id,
        ledger.c.period_key == row.period_key,
        ledger.c.state.in_(LANDED),
        ledger.c.attempts == row.attempts,
        ledger.c.finished_at == row.finished_at,
    )

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
