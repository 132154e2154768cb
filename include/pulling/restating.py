"""What a re-pull may put in the place of rows that have landed: none that cannot be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.errors import ExpectedError
from include.language import N_, _, clauses
from include.row_checks.judging import doubts
from include.units.ledger import is_of
from include.units.unit import LedgerRow
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    import sqlalchemy

    from include.pulling.landing import Loaded
    from include.registry.checks_schema import Checks
    from include.units.unit import Unit

KEPT = N_("{count} rows have landed and are kept: {why}")
GONE = N_(
    "the source has none of this period any more; if that is right, run it with --again by hand"
)


class NotRestatedError(ExpectedError):
    """What a source says now is no reason to give up what has landed; the transaction ends."""


def check_restated(
    connection: sqlalchemy.Connection, checks: Checks | None, unit: Unit, loaded: Loaded
) -> None:
    """Check a unit that was pulled again, in the transaction in which its new rows are.

    Raises:
        NotRestatedError: it is empty where it had rows, or fails its job's checks.
    """
    drift = loaded.drift
    if drift is None or not drift.changed:
        return
    if not loaded.rows:
        raise NotRestatedError(_(KEPT, count=drift.before, why=_(GONE)))
    (row,) = LedgerRow.read(connection, select(ledger).where(is_of(unit)))
    if checks and (faults := doubts(connection, checks, {unit: row}).get(unit)):
        raise NotRestatedError(_(KEPT, count=drift.before, why=clauses(*faults)))
