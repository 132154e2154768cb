"""Control totals: how many rows the source itself counts, asked apart from how they are pulled.

It is asked as a unit lands, and again at the end of a later pull, with the clients that are open:
one small call for each unit that has become 3 or 30 days old. What is found wrong then is rejected,
so that it is a gap and is pulled again; it fails neither the run nor its own units, and a count
that cannot be asked now is asked next time.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sqlalchemy.exc import SQLAlchemyError

from include.errors import ExpectedError
from include.language import _
from include.periods import Period, PeriodError
from include.pulling.landing import count
from include.pulling.outcomes import journalled
from include.row_checks.bounds import miscount
from include.units.retries import due_for_a_recount, write_recount
from include.units.unit import LedgerRow, Unit
from include.warehouse.transactions import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import sqlalchemy

    from include.gateways.client import GatewayClient
    from include.pulling.clients import Clients
    from include.registry import Job, Shop
    from include.units.ledger import Ledger

# Of each shop in one run: after an outage several units become due at once.
MOST_OF_A_SHOP = 8


class Count(Protocol):
    """Asks a source how many rows a shop's period has."""

    async def __call__(
        self, client: GatewayClient, shop: Shop, period: Period, *, other_way: bool
    ) -> int:
        """Return the number of rows that belong to the period by its window.

        `other_way`: the first answer was not what landed: ask in the other way in which the
        question can be understood.
        """
        ...


class Control(NamedTuple):
    """What is held against each other."""

    ask: Count  # asks the source
    # Returns the conditions that the warehouse's rows of a unit meet
    own: Callable[[Unit], Sequence[sqlalchemy.ColumnElement[bool]]]
    table: sqlalchemy.Table  # where these are

    def rows(self, connection: sqlalchemy.Connection, unit: Unit) -> int:
        """Return how many rows of its own the warehouse has of a unit now."""
        return count(connection, self.table, self.own(unit))


@dataclass
class Recounts:
    """The units that are due of a job with a control total among its checks."""

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
            print(
                _("nothing is counted again now: {error}", error=cause_of(error)), file=sys.stderr
            )
            return
        for row in rows:
            try:
                await self._count(row, by_id[row.shop_id], moment)
            except (SQLAlchemyError, ExpectedError) as error:  # noqa: PERF203 - one stops no other
                print(
                    _(
                        "{unit}: is counted again by the next run: {error}",
                        unit=row,
                        error=cause_of(error),
                    ),
                    file=sys.stderr,
                )

    async def _count(self, row: LedgerRow, shop: Shop, moment: datetime) -> None:
        unit = self._unit(row)
        if unit is None:
            return
        rows = await asyncio.to_thread(self._rows, unit)
        counted = await self._counted(shop, unit.period, rows)
        found = await asyncio.to_thread(
            write_recount, self.ledger.engine, row, rows, counted, moment
        )
        if found is None or self.job.checks is None:
            return
        print(
            _(
                "{unit}: counted again: {rows:,} rows, the source counts {counted:,}",
                unit=unit,
                rows=rows,
                counted=counted,
            ),
            flush=True,
        )
        if fault := miscount(self.job.checks, found):
            await asyncio.to_thread(self.ledger.reject, found, fault)
            lines = [_("{unit}: {fault}", unit=unit, fault=fault)]
            event = _("is not what its source counts now:")
            journalled(self.job, unit.period.key, event, lines)

    async def _counted(self, shop: Shop, period: Period, rows: int) -> int:
        """Ask the source, and once more in the other way where it does not count what is there."""
        client = self.clients.of(shop)
        first = await self.control.ask(client, shop, period, other_way=False)
        if first == rows:
            return first
        other = await self.control.ask(client, shop, period, other_way=True)
        return other if other == rows else first

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
