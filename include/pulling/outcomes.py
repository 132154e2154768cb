"""How each shop of a run went, and the table that ends the task's log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from include.errors import ConfigurationError
from include.gateways.errors import AuthExpired, Misdirected, Refused, Temporary
from include.units.exit_codes import MEANINGS, ExitCode
from include.units.ledger import PROVISIONAL
from include.warehouse.transactions import is_temporary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.units.unit import Unit

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
    """How one shop went.

    Attributes:
        rows: how many landed.
        calls: requests made to the gateway, retries among them.
        is_early: whether the unit is not due yet.
    """

    unit: Unit
    code: int
    rows: int
    calls: int
    seconds: float
    is_early: bool = False

    @property
    def state(self) -> str:
        """Say it as the ledger does, and why it failed in short."""
        if self.code == ExitCode.LANDED and self.is_early:
            return PROVISIONAL
        if self.code == ExitCode.LANDED:
            return "ok" if self.rows else "empty"
        meaning = MEANINGS.get(self.code)
        return f"failed ({self.code}: {meaning})" if meaning else f"failed ({self.code})"


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
    table.add_column("shop")
    for name in ("rows", "calls", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("state")
    for one in outcomes:
        numbers = f"{one.rows:,}", f"{one.calls:,}", f"{one.seconds:.1f}"
        table.add_row(one.unit.shop_id, *numbers, one.state)
    Console(width=TABLE_WIDTH, color_system=None).print(table)
