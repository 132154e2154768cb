"""Pulling shops side by side: each lands or fails on its own, and the ledger says which."""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from include.errors import ConfigurationError, ExpectedError
from include.gateways.answers import TOLERANCE
from include.gateways.client import GatewayClient, Tally, tallied
from include.gateways.shape_store import ShapeStore
from include.gateways.tokens import TokenStore
from include.language import _, clauses
from include.pulling.assignment import Assignment
from include.pulling.clients import Clients, own_connection, run
from include.pulling.control_totals import Control, Recounts
from include.pulling.landing import check_restated, load
from include.pulling.outcomes import (
    Outcome,
    exit_code_of,
    journal_drift,
    print_table,
    tell,
)
from include.pulling.window import Window, utc_now
from include.units.exit_codes import ExitCode, worst
from include.units.ledger import Ledger
from include.units.repulls import RepullLedger
from include.units.retries import write_recount
from include.warehouse import connect
from include.warehouse.transactions import cause_of, in_transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import sqlalchemy

    from include.gateways.connection import Connection
    from include.gateways.dialect import Dialect
    from include.pulling.landing import Landing, Loaded
    from include.registry import Shop
    from include.units.unit import Unit

    Fetch: TypeAlias = Callable[[GatewayClient, Shop, Window], Awaitable[Landing]]

# Shops that share one app's rate limit wait for it most of the time; more would only queue there.
SHOPS_AT_ONCE = 4


def pull(
    dialect: Callable[[Connection], Dialect],
    fetch: Fetch,
    *,
    lag: timedelta | None = None,
    at_once: int = SHOPS_AT_ONCE,
    connection: Callable[[Shop], Connection] = own_connection,
    control: Control | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> int:
    """Pull what the environment asks for; the whole of a pull script.

    Args:
        dialect: makes the dialect of a connection.
        fetch: brings one shop's period. What it raises is that shop's failure and stops no other.
        lag: how far the platform's lists are behind, where it is asked what has changed; None
            where it is asked for the period itself.
        at_once: how many shops are pulled side by side.
        connection: gives the connection of a shop; the one that config/shops.yaml names by default.
        control: how the source is asked for its own count; None where it has none.
        clock: returns the moment, aware.

    Returns:
        the exit code: the worst of all shops; 99 when all had landed before.
    """
    try:
        assignment = Assignment.from_environment()
        checks = assignment.job.checks
        if checks is None or checks.control_total is None:  # the source may have one all the same
            control = None
        kind = RepullLedger if assignment.is_repull else Ledger
        ledger = kind(connect(assignment.warehouse_url), assignment.run_id)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    try:
        store = ShapeStore(ledger.engine)
        clients = Clients(dialect, connection, TokenStore(ledger.engine), store.shapes)
        work = Pull(assignment, ledger, clients, fetch, lag, at_once, clock, control)
        code = work.run()
        journal_drift(assignment, store)
        return code
    finally:
        ledger.engine.dispose()


@dataclass
class Pull:
    """The shops of one assignment on their way into the warehouse; the rest is as of `pull`."""

    assignment: Assignment
    ledger: Ledger
    clients: Clients
    fetch: Fetch
    lag: timedelta | None = None
    at_once: int = SHOPS_AT_ONCE
    clock: Callable[[], datetime] = utc_now
    control: Control | None = None
    done: int = 0

    def run(self) -> int:
        """Pull the shops that have not landed, and print a table of how each went.

        Returns:
            the worst exit code of all shops; 99 when all had landed before, 75 when the period is
            not over.
        """
        assignment = self.assignment
        units = assignment.units()
        left = self.ledger.open_units(units, early=assignment.is_early)
        waiting = {unit: units[unit] for unit in left}
        title = f"{assignment.job.name} {assignment.period.key}"
        if not waiting:
            print(_("{title}: every shop has landed before", title=title))
            return ExitCode.NOTHING_TO_DO
        if not self._has_settled():
            return ExitCode.TEMPORARY
        outcomes = run(self._pull_all(waiting))
        print_table(title, outcomes)
        return worst(outcome.code for outcome in outcomes)

    def _has_settled(self) -> bool:
        """Wait until the lists are whole up to the period's end; false where it is not over."""
        end, lag = self.assignment.period.end, self.lag or timedelta()
        left = end.timestamp() + lag.total_seconds() - self.clock().timestamp()
        if left > lag.total_seconds():
            told = _("the period ends at {end}: run it again after that", end=str(end))
            print(told, file=sys.stderr)
            return False
        if left > 0:
            print(
                _(
                    "waiting {left:.0f} s: the platform's lists may be {lag} behind",
                    left=left,
                    lag=str(lag),
                ),
                flush=True,
            )
            time.sleep(left)
        return True

    async def _pull_all(self, units: Mapping[Unit, Shop]) -> list[Outcome]:
        places = asyncio.Semaphore(self.at_once)

        async def one(unit: Unit, shop: Shop) -> Outcome:
            async with places:
                outcome = await self._pull_one(unit, shop)
            self.done += 1
            print(
                _(
                    "{unit}: {state}, {rows:,} rows, {calls:,} calls ({done} of {all} shops)",
                    unit=unit,
                    state=outcome.state,
                    rows=outcome.rows,
                    calls=outcome.calls,
                    done=self.done,
                    all=len(units),
                ),
                flush=True,
            )
            return outcome

        async with self.clients:
            found = list(await asyncio.gather(*(one(unit, shop) for unit, shop in units.items())))
            await self._recount([units[each.unit] for each in found if each.code == 0])
        return found

    async def _recount(self, shops: Sequence[Shop]) -> None:
        """Count again what landed some time ago, if all that has changed since is in by now."""
        assignment, control = self.assignment, self.control
        is_behind = (
            self.lag is not None and Window.of(assignment.period, self.lag, self.clock).is_cut
        )
        is_own = not (assignment.is_early or assignment.is_repull)
        if control and shops and not is_behind and is_own:
            recounts = Recounts(assignment.job, self.ledger, self.clients, control)
            await recounts.run(shops, self.clock())

    async def _pull_one(self, unit: Unit, shop: Shop) -> Outcome:
        started = time.monotonic()
        code, rows = int(ExitCode.LANDED), 0
        over = unit.period.end + (self.lag or timedelta())
        with tallied(str(unit), over) as tally:
            try:
                window = Window.of(unit.period, self.lag, self.clock)
                client = self.clients.of(shop)
                landing = await self.fetch(client, shop, window)
                counted = await self._counted(client, shop, unit, landing)
                land = partial(self._land, unit, window, landing, counted)
                rows, drift = await asyncio.to_thread(land, tally)
                days = (self.clock() - unit.period.end).days
                tell(self.assignment.job, unit, landing, days, drift)
                if counted not in (None, rows):
                    await self._count_the_other_way(client, shop, unit, rows)
            except Exception as error:  # noqa: BLE001 - one shop's failure, whatever it is, stops no other
                code = exit_code_of(error)
                text = str(error) if isinstance(error, ExpectedError) else _trace(error)
                print(
                    _("{unit}: failed: {text}", unit=unit, text=text), file=sys.stderr, flush=True
                )
                await asyncio.to_thread(self._fail, unit, code, text)
        seconds, is_early = time.monotonic() - started, self.assignment.is_early
        return Outcome(unit, code, rows, tally.calls, seconds, is_early)

    async def _counted(
        self, client: GatewayClient, shop: Shop, unit: Unit, landing: Landing
    ) -> int | None:
        """Ask the source how many rows it counts, where that is wanted and the unit is due."""
        if self.control is None or self.assignment.is_early:
            return None
        counted = await self.control.ask(client, shop, unit.period, other_way=False)
        # What is pulled again is judged as it lands, and not afterwards.
        if self.assignment.is_repull and counted != len(landing.rows):
            counted = await self.control.ask(client, shop, unit.period, other_way=True)
        return counted

    async def _count_the_other_way(
        self, client: GatewayClient, shop: Shop, unit: Unit, rows: int
    ) -> None:
        """Ask in the other way, and write it down where that is what has landed."""
        if self.control is None:
            return
        counted = await self.control.ask(client, shop, unit.period, other_way=True)
        if counted == rows:
            for row in self.ledger.rows(unit.job_id, unit.period.key):
                if row.shop_id == unit.shop_id:
                    write_recount(self.ledger.engine, row, rows, counted, self.clock())

    def _land(
        self, unit: Unit, window: Window, landing: Landing, counted: int | None, tally: Tally
    ) -> Loaded:
        """Commit a unit's data and its row of the ledger together."""
        until = window.until
        if tally.oldest is not None:  # no change is in that the source had not seen yet
            until = min(until, tally.oldest + TOLERANCE - (self.lag or timedelta()))

        def land(connection: sqlalchemy.Connection) -> Loaded:
            again = self.ledger.has_landed(connection, unit)
            loaded = load(connection, landing, unit, again=again)
            self.ledger.land(
                connection,
                unit,
                loaded.rows,
                tally.calls,
                provisional=self.assignment.is_early,
                table_name=landing.table.name,
                covered_until=until,
                source_rows=counted,
                counted_at=None if counted is None else self.clock(),
                drift=loaded.drift,
                notice=clauses(landing.finding, landing.notice) or None,
            )
            if self.assignment.is_repull:
                check_restated(connection, self.assignment.job.checks, unit, loaded)
            return loaded

        return in_transaction(self.ledger.engine, land)

    def _fail(self, unit: Unit, code: int, text: str) -> None:
        """Write a failure down; where that fails too, the runner does it by the exit code."""
        try:
            self.ledger.fail(unit, code, text)
        except SQLAlchemyError as error:
            print(
                _(
                    "{unit}: the ledger cannot be written: {error}",
                    unit=unit,
                    error=cause_of(error),
                ),
                file=sys.stderr,
                flush=True,
            )


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).rstrip()
