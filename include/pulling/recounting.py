"""Units that landed some time ago, counted again: by the source, and in the warehouse.

Done at the end of a pull, with the clients that are open: one small call for each unit that has
become 3 or 30 days old. What is found wrong is rejected, so that it is a gap and is pulled again;
it fails neither the run nor its own units, and a count that cannot be asked now is asked next time.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from include.errors import ExpectedError
from include.periods import PeriodError
from include.pulling.control import Control, counted_apart
from include.pulling.outcomes import journalled
from include.row_checks.bounds import miscount
from include.units.retries import due_for_a_recount, write_recount
from include.units.unit import LedgerRow, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.pulling.clients import Clients
    from include.registry import Job, Shop
    from include.units.ledger import Ledger

# Of each shop in one run: after an outage several units become due at once.
MOST_OF_A_SHOP = 8


@dataclass
class Recounts:
    """The units of one job that are due.

    Attributes:
        job: with a control total among its checks.
        ledger: where they are written down.
        clients: speak to the source.
        control: how it is asked.
    """

    job: Job
    ledger: Ledger
    clients: Clients
    control: Control

    async def run(self, shops: Sequence[Shop], moment: datetime) -> None:
        """Count the units of some shops that are due."""
        by_id = {shop.id: shop for shop in shops}
        most = MOST_OF_A_SHOP * len(by_id)
        try:
            rows = await asyncio.to_thread(
                due_for_a_recount, self.ledger.engine, self.job.id, by_id, moment, most
            )
        except SQLAlchemyError as error:
            print(f"nothing is counted again now: {error}", file=sys.stderr)
            return
        for row in rows:
            try:
                await self._count(row, by_id[row.shop_id], moment)
            except (SQLAlchemyError, ExpectedError) as error:  # noqa: PERF203 - one stops no other
                print(f"{row}: is counted again by the next run: {error}", file=sys.stderr)

    async def _count(self, row: LedgerRow, shop: Shop, moment: datetime) -> None:
        unit = self._unit(row)
        if unit is None:
            return
        rows = await asyncio.to_thread(self._rows, unit)
        client = self.clients.of(shop)
        counted = await counted_apart(self.control, client, shop, unit.period, rows=rows)
        found = await asyncio.to_thread(
            write_recount, self.ledger.engine, row, rows, counted, moment
        )
        if found is None or self.job.checks is None:
            return
        print(f"{unit}: counted again: {rows:,} rows, the source counts {counted:,}", flush=True)
        fault = miscount(self.job.checks, found)
        if fault:
            line = f"{unit}: {fault}"
            await asyncio.to_thread(self.ledger.reject, found, fault)
            journalled(self.job, unit.period.key, "is not what its source counts now:", [line])

    def _unit(self, row: LedgerRow) -> Unit | None:
        """Return a row's unit; None where the schedule was changed since."""
        try:
            unit = Unit(row.job_id, row.shop_id, self.job.schedule.parse_key(row.period_key))
        except PeriodError:
            return None
        return unit if row.is_of(unit.period) else None

    def _rows(self, unit: Unit) -> int:
        with self.ledger.engine.connect() as connection:
            return self.control.rows(connection, unit)
