"""How each shop of a run went, the table that ends the task's log, and what is journalled."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from include import var_folder
from include.errors import ConfigurationError, reason_of
from include.gateways.errors import AuthExpired, Misdirected, Refused, Temporary
from include.language import _
from include.running.journal import Journal
from include.units.exit_codes import MEANINGS, ExitCode
from include.units.unit import State, Unit
from include.warehouse.transactions import cause_of, is_temporary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.gateways.shape_store import ShapeStore
    from include.pulling.assignment import Assignment
    from include.pulling.landing import Landing
    from include.registry import Job
    from include.units.unit import Drift

EXIT_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (Temporary, ExitCode.TEMPORARY),
    (AuthExpired, ExitCode.REFUSED),
    (Refused, ExitCode.REFUSED),
    (Misdirected, ExitCode.CONFIGURATION),
    (ConfigurationError, ExitCode.CONFIGURATION),
)
TABLE_WIDTH = 100


@dataclass(frozen=True)
class Outcome:
    """How one shop went."""

    unit: Unit
    code: int
    rows: int  # how many landed
    calls: int  # requests made to the gateway, retries among them
    seconds: float
    is_early: bool = False  # whether the unit is not due yet

    @property
    def state(self) -> str:
        """How it went, in the reader's words for the ledger's, and why it failed in short."""
        if self.code == ExitCode.LANDED and self.is_early:
            return _(State.PROVISIONAL)
        if self.code == ExitCode.LANDED:
            return _(State.OK if self.rows else State.EMPTY)
        meaning = MEANINGS.get(self.code)
        if meaning is None:
            return _("failed ({code})", code=self.code)
        return _("failed ({code}: {meaning})", code=self.code, meaning=_(meaning))


def exit_code_of(error: Exception) -> int:
    """Return the exit code that a shop's failure stands for."""
    if is_temporary(error):
        return ExitCode.TEMPORARY
    for kind, code in EXIT_CODES:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILED


def print_table(title: str, outcomes: Sequence[Outcome]) -> None:
    """Print a row for each shop."""
    table = Table(title=title, title_justify="left")
    table.add_column(_("shop"))
    for name in (_("rows"), _("calls"), _("seconds")):
        table.add_column(name, justify="right")
    table.add_column(_("state"))
    for one in outcomes:
        numbers = f"{one.rows:,}", f"{one.calls:,}", f"{one.seconds:.1f}"
        table.add_row(one.unit.shop_id, *numbers, one.state)
    Console(width=TABLE_WIDTH, color_system=None).print(table)


def journal_drift(assignment: Assignment, store: ShapeStore) -> None:
    """Keep what the answers of a run looked like, and journal what was never so before."""
    try:
        lines = store.write().lines()
    except SQLAlchemyError as error:  # the next run finds it
        print(
            _("what answers look like cannot be written now: {error}", error=cause_of(error)),
            file=sys.stderr,
        )
        return
    if lines:
        event = _("had answers that look other than before:")
        journalled(assignment.job, assignment.period.key, event, lines)


def tell(job: Job, unit: Unit, landing: Landing, days: int, drift: Drift | None) -> None:
    """Print what is worth knowing of what has landed, and journal what must be looked at.

    Args:
        job: whose.
        unit: what has landed.
        landing: the rows, with what is known of them.
        days: how old the unit is.
        drift: what changes of the rows that it had.
    """
    if drift and drift.changed:
        line = _(
            "{unit}: D-{days}: {table} {drift}",
            unit=unit,
            days=days,
            table=landing.table.name,
            drift=drift,
        )
        journalled(job, unit.period.key, _("has other rows than before:"), [line])
    if landing.notice:
        print(f"{unit}: {landing.notice}", flush=True)
    if landing.finding:
        line = _("{unit}: {fault}", unit=unit, fault=landing.finding)
        journalled(job, unit.period.key, _("found what is new:"), [line])


def journalled(job: Job, key: str, event: str, lines: Sequence[str]) -> None:
    """Print and journal an event of a job's period, with lines that say more: free of secrets."""
    print("\n".join([f"{job.id} {key} {event}", *lines]), file=sys.stderr, flush=True)
    journal = Journal.of(var_folder(os.environ), job.schedule.zone)
    try:
        journal.write(f"{job.id} {key}", event, lines)
    except OSError as error:
        print(
            _(
                "the journal {path} cannot be written: {error}",
                path=journal.path,
                error=reason_of(error),
            ),
            file=sys.stderr,
        )
