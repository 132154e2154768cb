"""What the like periods before a unit's have landed, which its rows are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.units.ledger_row import is_like
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.units.unit import Unit

# How far back like periods are looked for; ticks of a job may differ in length.
LOOK_BACK_ROWS = 200


def last_rows(engine: Engine, unit: Unit, count: int) -> list[int]:
    """Return how many rows the like periods before a unit's landed, the latest first.

    Like are those of its job and shop that are about as long, and landed with rows.

    Args:
        engine: of the warehouse.
        unit: the one to compare with them.
        count: how many to give at most.
    """
    query = (
        select(ledger.c.rows, ledger.c.period_start, ledger.c.period_end)
        .where(
            ledger.c.job_id == unit.job_id,
            ledger.c.shop_id == unit.shop_id,
            ledger.c.period_start < unit.period.start,
            ledger.c.state == "ok",
            ledger.c.rows > 0,
        )
        .order_by(ledger.c.period_start.desc())
        .limit(LOOK_BACK_ROWS)
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        found = connection.execute(query).all()
    return [rows for rows, start, end in found if is_like(unit, start, end)][:count]
