"""Removing the ledger's rows of long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Engine, delete

from include.units.unit import State
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from datetime import datetime


def forget(engine: Engine, before: datetime) -> int:
    """Remove the rows of periods that ended before a moment, but none that is being worked on.

    The data that landed stays.

    Returns:
        how many there were.
    """
    old = delete(ledger).where(ledger.c.period_end < before, ledger.c.state != State.RUNNING)
    with engine.begin() as connection:
        return int(connection.execute(old).rowcount)
