"""What failed for good and is retried automatically, once.

`retried_by` names the run that did so; it is written as the attempt begins, and never removed:
what fails again waits for a person. An attempt that was cut off, by a stop of the service or a
kill, was none: the same run, when it is tried again, makes it again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, select

from include.units.exit_codes import SIGNAL_BASE
from include.units.ledger_row import LedgerRow
from include.units.states import State
from include.warehouse.clock import now
from include.warehouse.tables import ledger, waivers

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

# What is found wrong when it is counted again is tried however short `recover` is, up to here.
RECOUNTED_FOR = timedelta(days=45)


def left_failed(
    engine: Engine,
    job_id: str,
    run_id: str | None,
    ended: tuple[datetime, datetime],
    patience: timedelta,
) -> list[LedgerRow]:
    """Return the units that a run is to retry, the oldest first.

    Args:
        engine: of the warehouse.
        job_id: whose units.
        run_id: the run that is about to do so.
        ended: when their periods ended: not before the first moment, and up to the second. What
            the source counted again and found wrong may have ended earlier.
        patience: what runs, and has sent no heartbeat for so long, is lost.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
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
        return [LedgerRow(**row) for row in connection.execute(query).mappings()]
