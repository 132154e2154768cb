"""Ticks that landed under other names, because their job's cron was another one then.

A tick goes from one fire of the cron to the next: when the cron changes, all ticks of the past do.
What a run has landed stays landed, so a tick counts as landed when ranges that have landed
cover it from end to end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import timezone
from typing import TYPE_CHECKING

from include.units.unit import State

if TYPE_CHECKING:
    from datetime import datetime

    from include.coverage.unit_index import JobRows, Landed
    from include.periods import Period


class LandedRanges:
    """What has landed of a job, shop by shop, whatever it was called.

    Args:
        rows: what the ledger has of the job.
    """

    def __init__(self, rows: JobRows) -> None:
        self._by_shop: dict[str, list[Landed]] = defaultdict(list)
        for landed in rows.all_landed():
            for shop in landed.shops:
                self._by_shop[shop].append(landed)
        self._longest = max((one.end - one.start for one in rows.all_landed()), default=None)

    def state_of(self, shop: str, period: Period) -> State | None:
        """Return `ok` or `empty` where all of a period has landed, else none."""
        if self._longest is None:
            return None
        start, end = (side.astimezone(timezone.utc) for side in (period.start, period.end))
        return _cover(self._near(shop, start), start, end)

    def _near(self, shop: str, start: datetime) -> list[Landed]:
        """Leave out what ended before."""
        landed = self._by_shop.get(shop, [])
        assert self._longest is not None  # noqa: S101 - for the type checker
        return landed[bisect_left(landed, start - self._longest, key=_start) :]


def _cover(landed: list[Landed], start: datetime, end: datetime) -> State | None:
    reached, states = start, set()
    for one in landed:
        if one.start > reached or reached >= end:
            break
        if one.end > reached:
            reached = one.end
            states.add(one.state)
    if reached < end:
        return None
    return State.OK if State.OK in states else State.EMPTY


def _start(landed: Landed) -> datetime:
    return landed.start
