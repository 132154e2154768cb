"""The stretch of time that a period is pulled for: from its start to as far as changes reach.

Platforms say what changed between two moments, with the rows as they are now. A row of a day that
changed again after midnight is among the changes of the next day, so the day alone does not bring
it. A period is therefore pulled up to now, less the platform's lag, but no further than `REACH`
past its end: the runs of the periods that follow bring what changed later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from include.periods import Period

REACH = timedelta(hours=24)
SECOND = timedelta(seconds=1)
Rows_co = TypeVar("Rows_co", covariant=True)


class Ask(Protocol[Rows_co]):
    """Asks a platform for what changed in a window; `is_open` where it has not settled yet."""

    def __call__(
        self, start: datetime, end: datetime, *, is_open: bool = False
    ) -> AsyncIterator[Rows_co]:
        """Yield the rows, some at a time."""
        ...


def utc_now() -> datetime:
    """Return the moment by this machine's clock."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Window:
    """What one shop's pull of a period asks for."""

    period: Period  # whose rows are wanted
    start: datetime  # of the changes that are asked for
    until: datetime  # their end, exclusive: every change up to here is in when the pull has landed
    settled: datetime  # up to here the platform's lists were whole when the pull began
    clock: Callable[[], datetime] = utc_now  # returns the moment, aware

    @classmethod
    def of(
        cls, period: Period, lag: timedelta | None, clock: Callable[[], datetime] = utc_now
    ) -> Window:
        """Return the window of a period that has ended.

        `lag` is the platform's; None for a source that is asked for the period itself.
        """
        end = period.end.astimezone(timezone.utc)
        settled = (clock().astimezone(timezone.utc) - (lag or timedelta())).replace(microsecond=0)
        until = min(settled, end if lag is None else end + REACH)
        return cls(period, period.start.astimezone(timezone.utc), until, settled, clock)

    @property
    def is_cut(self) -> bool:
        """Whether the reach ends it: rows that changed again later are not among its changes."""
        return self.until < self.settled

    async def changes(self, ask: Ask[Rows_co]) -> AsyncIterator[Rows_co]:
        """Ask for all that changed, and for what has changed while it was asked.

        A row that changes after `until` leaves the window before it is read. So what has changed
        since is asked for as well, up to this very moment, unless later periods are to bring it.

        Yields:
            what it yields.
        """
        async for rows in ask(self.start, self.until):
            yield rows
        if not self.is_cut:
            now = self.clock().replace(microsecond=0) + SECOND
            async for rows in ask(self.until, now, is_open=True):
                yield rows
