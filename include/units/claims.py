"""Who may begin a unit: the fence between machines that share a warehouse but no lock files.

Of two runs of one unit whose locks are in the same folder the lock lets only one begin. Where the
folders differ, the ledger does: a unit that runs elsewhere, and has shown a sign of life lately, is
left alone; one that has not is taken over. What the run before lands after all is refused then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, RowMapping, Update, or_, update

from include.errors import ExpectedError
from include.language import _
from include.units.texts import TEXT_OF
from include.units.unit import LedgerRow, State
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from collections.abc import Iterable


class HeldElsewhereError(ExpectedError):
    """The unit is run by another machine now: temporary, exit code 75."""


@dataclass(frozen=True)
class Claim:
    """What a run says when it begins units."""

    # Names the folder in which the run holds the unit's lock; none: it holds no lock, and begins
    # what it is told to
    place: str | None
    patience: timedelta  # how long a unit that runs elsewhere may send no heartbeat
    retry: bool = False  # whether it retries units automatically (`include.units.retries`)

    def beginning(self, run_id: str | None, now: datetime) -> Update:
        """Return the statement that begins the units that are free to be begun."""
        statement = update(ledger).values(
            state=State.RUNNING,
            attempts=ledger.c.attempts + 1,
            run_id=run_id,
            place=self.place,
            started_at=now,
            heartbeat_at=now,
            finished_at=None,
            exit_code=None,
            **dict.fromkeys(TEXT_OF["error"]),
            # A failed unit that has rows had landed: what landed was rejected.
            rows=None,
            source_rows=None,
            counted_at=None,
        )
        if self.retry:
            statement = statement.values(retried_by=run_id)
        return statement if self.place is None else statement.where(self._is_free(now))

    def refuse(self, rows: Iterable[RowMapping]) -> None:
        """Raise HeldElsewhereError for the row of a unit that was not free, if there is one."""
        for row in (LedgerRow(**row) for row in rows):
            beat = row.heartbeat_at or datetime.now(timezone.utc)
            raise HeldElsewhereError(
                _(
                    "{unit} is being run on another machine by run {run!r}, whose last sign of "
                    "life was at {beat:%Y-%m-%d %H:%M:%S} UTC: try again when it has ended; it is "
                    "taken over {seconds:.0f} s after its last sign of life",
                    unit=str(row),
                    run=row.run_id,
                    beat=beat,
                    seconds=self.patience.total_seconds(),
                )
            )

    def _is_free(self, now: datetime) -> ColumnElement[bool]:
        return or_(
            ledger.c.state != State.RUNNING,
            ledger.c.place.is_(None),  # begun by an older version, or without a lock
            ledger.c.place == self.place,
            ledger.c.heartbeat_at < now - self.patience,
        )


UNFENCED = Claim(None, timedelta())
