"""Pulling a job's shops side by side: each lands or fails on its own, and the ledger says which."""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from include.errors import ConfigurationError, ExpectedError
from include.ledger import Ledger, Unit
from include.platforms.errors import AuthExpired, Refused, Temporary
from include.running.exit_codes import ExitCode, worst
from include.warehouse import connect, upsert

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    import sqlalchemy

    from include.pulling.assignment import Assignment
    from include.registry import Shop

    Fetch: TypeAlias = Callable[[Shop], Awaitable["Landing"]]
    Gateway: TypeAlias = AbstractAsyncContextManager[Fetch]

# Shops wait for the platform's rate limit most of the time; more at once would only queue there.
SHOPS_AT_ONCE = 4
EXIT_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (Temporary, ExitCode.TEMPORARY),
    (OperationalError, ExitCode.TEMPORARY),
    (AuthExpired, ExitCode.REFUSED),
    (Refused, ExitCode.REFUSED),
    (ConfigurationError, ExitCode.CONFIGURATION),
)
TABLE_WIDTH = 100


class Landing(NamedTuple):
    """What one shop's period brought: rows (column to value) for a table, versioned by a column."""

    table: sqlalchemy.Table
    rows: Sequence[Mapping[str, Any]]
    version: str


@dataclass
class Outcome:
    """How one shop went."""

    unit: Unit
    code: int
    rows: int
    seconds: float
    error: str | None = None


def pull_shops(assignment: Assignment, gateway: Callable[[], Gateway]) -> int:
    """Pull the shops of an assignment that have not landed, and print a table of how each went.

    Args:
        assignment: job, period and shops.
        gateway: opens the platform: an async context manager around the function that fetches one
            shop's period. What it raises for a shop is that shop's failure.

    Returns:
        the worst exit code of all shops; 99 when all had landed before.
    """
    ledger = Ledger(connect(assignment.warehouse_url))
    units = assignment.units()
    waiting = {unit: units[unit] for unit in ledger.open_units(units)}
    if not waiting:
        print(f"{assignment.job.id} {assignment.period.key}: every shop has landed before")
        return ExitCode.NOTHING_TO_DO
    try:
        outcomes = asyncio.run(_pull_all(ledger, waiting, gateway))
    finally:
        ledger.engine.dispose()
    _print_table(assignment, outcomes)
    return worst(outcome.code for outcome in outcomes)


async def _pull_all(
    ledger: Ledger, units: Mapping[Unit, Shop], gateway: Callable[[], Gateway]
) -> list[Outcome]:
    places = asyncio.Semaphore(SHOPS_AT_ONCE)
    async with gateway() as fetch:

        async def one(unit: Unit, shop: Shop) -> Outcome:
            async with places:
                return await _pull_one(ledger, unit, shop, fetch)

        return list(await asyncio.gather(*(one(unit, shop) for unit, shop in units.items())))


async def _pull_one(ledger: Ledger, unit: Unit, shop: Shop, fetch: Fetch) -> Outcome:
    started = time.monotonic()
    try:
        landing = await fetch(shop)
        rows = await asyncio.to_thread(_land, ledger, unit, landing)
    except Exception as error:  # noqa: BLE001 - one shop's failure, whatever it is, stops no other
        code = _exit_code(error)
        text = str(error) if isinstance(error, ExpectedError) else _last_lines(error)
        print(f"{unit}: failed: {text}", file=sys.stderr, flush=True)
        await asyncio.to_thread(ledger.fail, unit, code, text)
        return Outcome(unit, code, 0, time.monotonic() - started, text)
    print(f"{unit}: landed {rows} rows", flush=True)
    return Outcome(unit, ExitCode.LANDED, rows, time.monotonic() - started)


def _land(ledger: Ledger, unit: Unit, landing: Landing) -> int:
    """Commit a unit's data and its row of the ledger together."""
    with ledger.engine.begin() as connection:
        rows = upsert(connection, landing.table, landing.rows, version=landing.version)
        ledger.land(connection, unit, rows)
    return rows


def _exit_code(error: Exception) -> int:
    for kind, code in EXIT_CODES:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILED


def _last_lines(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _print_table(assignment: Assignment, outcomes: Sequence[Outcome]) -> None:
    table = Table(title=f"{assignment.job.name} {assignment.period.key}", title_justify="left")
    table.add_column("shop")
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("state")
    for outcome in outcomes:
        state = "landed" if outcome.code == ExitCode.LANDED else f"failed ({outcome.code})"
        shop = outcome.unit.shop_id
        table.add_row(shop, f"{outcome.rows:,}", f"{outcome.seconds:.1f}", state)
    Console(width=TABLE_WIDTH, color_system=None).print(table)
