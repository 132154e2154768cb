"""The orders as the sandbox's gateway sees them at its clock, and their drift between pages."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.sandbox.orders import Version, ts_of
from include.sandbox.truth import changes_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Above the digits that the orders' own changes use.
FIRST_LOW_OF_DRIFT, LOWS = 80_000, 20_000


class Book:
    """What the orders of one seed are as of a clock."""

    def __init__(self, seed: int, clock: Callable[[], datetime] | None) -> None:
        """Open it.

        Args:
            seed: another gives other orders.
            clock: gives the moment (naive: of Asia/Shanghai) whose truth is served; without, now.
        """
        self.seed = seed
        self._clock = clock or (lambda: datetime.now(SHANGHAI))
        self._drifted: dict[int, Version] = {}
        self._lows = count()

    def now(self) -> datetime:
        """Give the wall clock of Asia/Shanghai, in whole seconds."""
        moment = self._clock()
        if moment.tzinfo is not None:
            moment = moment.astimezone(SHANGHAI).replace(tzinfo=None)
        return moment.replace(microsecond=0)

    def current(self, shop_id: int, first: datetime, last: datetime) -> list[Version]:
        """Give the orders last changed from one second to another, both included, by `ts`."""
        now = self.now()
        drifted = self._drifted
        found = [
            version
            for version in changes_between(shop_id, first, last, self.seed)
            if version.is_current(now)
            and not (version.order.o_id in drifted and drifted[version.order.o_id].ts > version.ts)
        ]
        found += [
            version
            for version in drifted.values()
            if version.order.shop_id == shop_id
            and first <= version.modified <= last
            and version.is_current(now)
        ]
        return sorted(found, key=lambda version: version.ts)

    def drift(self, versions: Iterable[Version]) -> None:
        """Change orders now, each at most once: they leave the window in which they were."""
        now = self.now()
        for version in versions:
            if version.order.o_id not in self._drifted:
                ts = ts_of(now, FIRST_LOW_OF_DRIFT + next(self._lows) % LOWS)
                self._drifted[version.order.o_id] = version._replace(modified=now, ts=ts)
