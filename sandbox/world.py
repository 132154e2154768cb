"""What the gateways of one sandbox share: the clock, the limits, the tokens, the armed faults."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.credentials import TokenOffice
from sandbox.faults import FaultBoard
from sandbox.limits import DOCUMENTED, Allowances, Gatekeeper, allowances_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHANGHAI = ZoneInfo("Asia/Shanghai")


def days(first: datetime, last: datetime) -> Iterator[date]:
    """Return the days that a stretch of time touches."""
    day = first.date()
    while day <= last.date():
        yield day
        day += timedelta(days=1)


class World:
    """One sandbox.

    Attributes:
        seed: another gives other data.
        tokens: whose a token is.
        faults: what is armed.
        gatekeepers: the limits of each platform, by its name.
    """

    def __init__(
        self,
        seed: int = 1,
        clock: Callable[[], datetime] | None = None,
        allowances: Allowances = None,
    ) -> None:
        """Make it; arguments as those of `create_app`."""
        self.seed = seed
        self._clock = clock or (lambda: datetime.now(SHANGHAI))
        self.tokens = TokenOffice()
        self.faults = FaultBoard()
        self.gatekeepers = {
            platform: Gatekeeper(allowances_of(platform, allowances)) for platform in DOCUMENTED
        }

    def now(self) -> datetime:
        """Return the wall clock of Asia/Shanghai, in whole seconds."""
        moment = self._clock()
        if moment.tzinfo is not None:
            moment = moment.astimezone(SHANGHAI).replace(tzinfo=None)
        return moment.replace(microsecond=0)
