"""One unit as coverage sees it: expected or not, due at a moment, and what the ledger has of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from include.heartbeats import PATIENCE
from include.periods import PUNCTUAL
from include.units.unit import GAPS, LANDED, LedgerRow, State, Unit

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from include.units.waivers import Waiver

T = TypeVar("T")
PUNCTUAL_SECONDS = PUNCTUAL.total_seconds()


class _OfRow(Generic[T]):
    """What the ledger's row of a unit says; None where there is no row."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, unit: JudgedUnit, _owner: type) -> T | None:
        return getattr(unit.row, self._name) if unit.row else None


@dataclass(frozen=True)
class JudgedUnit(Unit):
    """One (job, shop, period) and its state."""

    state: State
    due_at: datetime  # when the run that covers it was, or is, to start; in the job's time zone
    # The ledger's, of this very window; none where nobody has begun or expected it
    row: LedgerRow | None = None
    # Who has accepted that it is missing, and why, where it is `waived`
    waiver: Waiver | None = None

    __str__ = Unit.__str__

    @property
    def is_gap(self) -> bool:
        """Whether it was due and has not landed."""
        return self.state in GAPS

    @property
    def landed(self) -> bool:
        """Whether it has landed."""
        return self.state in LANDED

    @property
    def attempts(self) -> int:
        """How often it was begun."""
        return self.row.attempts if self.row else 0

    rows = _OfRow[int]()  # how many landed; none where nobody counted
    exit_code = _OfRow[int]()  # that of its last attempt, once it has ended
    error = _OfRow[str]()  # why its last attempt failed, in English
    shown_error = _OfRow[str]()  # the same in the language of the moment
    run_id = _OfRow[str]()  # the run that began it last
    started_at = _OfRow["datetime"]()  # when its last attempt began
    finished_at = _OfRow["datetime"]()  # when its last attempt ended


@dataclass(frozen=True)
class Clock:
    """The moment at which units are judged."""

    now: datetime  # aware; by the warehouse's clock, which the signs of life are written by
    patience: timedelta = PATIENCE  # how long what is running may give no sign of life

    def lateness(self, due_at: datetime) -> float:
        """Return how many seconds ago something was due; across a clock change, too."""
        return self.now.timestamp() - due_at.timestamp()

    def state_of(self, row: LedgerRow | None, late: float, *, expected: bool) -> State:
        """Return the state of a unit.

        Args:
            row: the ledger's, of the unit's own window.
            late: see `lateness`; of the run that covers it.
            expected: whether it is to land at all; what has landed all the same has landed.
        """
        if row is not None and row.state in LANDED:
            return State(row.state)
        if row is not None and row.state == State.RUNNING:
            heard = row.heartbeat_at or row.started_at
            if heard is not None and heard >= self.now - self.patience:
                return State.RUNNING
        if not expected:
            return State.DISABLED
        return _of_open(row, late)


def _of_open(row: LedgerRow | None, late: float) -> State:
    """Return the state of a unit that is expected and has not landed."""
    if row is None:
        early = State.PENDING if late >= 0 else State.NOT_DUE
        return State.MISSED if late >= PUNCTUAL_SECONDS else early
    if row.state == State.RUNNING:
        return State.LOST
    # What failed before it was due is tried again when it is: until then it is no gap.
    if row.state == State.FAILED and late >= 0:
        return State.MISCOUNTED if row.is_miscounted else State.FAILED
    early = State.PROVISIONAL if row.state == State.PROVISIONAL else State.PENDING
    return State.MISSED if late >= PUNCTUAL_SECONDS else early
