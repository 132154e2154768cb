"""What the ledger holds, as the model looks things up in it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from include.units.unit import LANDED, LedgerRow, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.periods import Period
    from include.units.waivers import Waiver


class Landed(NamedTuple):
    """Shops that have landed one window of a job with the same outcome, in brief."""

    start: datetime
    end: datetime
    state: State
    shops: frozenset[str]
    rows: int | None = None  # of all of them together; none where nobody counted


@dataclass
class JobRows:
    """What there is of one job."""

    # In full, by period key and shop
    rows: dict[str, dict[str, LedgerRow]] = field(default_factory=lambda: defaultdict(dict))
    # In brief, by period key
    landed: dict[str, list[Landed]] = field(default_factory=lambda: defaultdict(list))
    waivers: dict[tuple[str, str], Waiver] = field(default_factory=dict)  # by period key and shop

    def rows_of(self, period: Period) -> dict[str, LedgerRow]:
        """Return the rows of a period's very window, by shop."""
        found = self.rows.get(period.key)
        if not found:
            return {}
        window = _in_utc(period)
        return {
            shop: row for shop, row in found.items() if (row.period_start, row.period_end) == window
        }

    def landed_of(self, period: Period) -> list[Landed]:
        """Return what landed of a period's very window, in brief."""
        found = self.landed.get(period.key)
        if not found:
            return []
        window = _in_utc(period)
        return [landed for landed in found if (landed.start, landed.end) == window]

    def all_landed(self) -> list[Landed]:
        """Return every window that has landed, whatever its key, the oldest first."""
        brief = [landed for group in self.landed.values() for landed in group]
        for rows in self.rows.values():
            brief += [
                Landed(row.period_start, row.period_end, State(row.state), frozenset([shop]))
                for shop, row in rows.items()
                if row.state in LANDED
            ]
        return sorted(brief, key=attrgetter("start"))


class LandedRanges:
    """What has landed of a job of ticks, shop by shop, whatever it was called.

    A tick goes from one fire of the cron to the next: when the cron changes, all ticks of the past
    do. What a run has landed stays landed, so a tick counts as landed when ranges that have landed
    cover it from end to end.

    Args:
        rows: what the ledger has of the job.
    """

    def __init__(self, rows: JobRows) -> None:
        landed = rows.all_landed()
        self._by_shop: dict[str, list[Landed]] = defaultdict(list)
        for one in landed:
            for shop in one.shops:
                self._by_shop[shop].append(one)
        self._longest = max((one.end - one.start for one in landed), default=timedelta())

    def state_of(self, shop: str, period: Period) -> State | None:
        """Return `ok` or `empty` where all of a period has landed, else none."""
        start, end = _in_utc(period)
        landed = self._by_shop.get(shop, [])
        first = bisect_left(landed, start - self._longest, key=attrgetter("start"))
        reached, states = start, set()
        for one in landed[first:]:  # what is before has ended before
            if one.start > reached or reached >= end:
                break
            if one.end > reached:
                reached = one.end
                states.add(one.state)
        if reached < end:
            return None
        return State.OK if State.OK in states else State.EMPTY


class UnitIndex:
    """The ledger's rows, by job.

    Args:
        rows: of the ledger, in full.
    """

    def __init__(self, rows: Iterable[LedgerRow] = ()) -> None:
        self._jobs: dict[str, JobRows] = defaultdict(JobRows)
        for row in rows:
            self.add(row)

    def of_job(self, job_id: str) -> JobRows:
        """Return what there is of a job."""
        return self._jobs[job_id]

    def add(self, row: LedgerRow) -> None:
        """Write down a row in full."""
        self._jobs[row.job_id].rows[row.period_key][row.shop_id] = row

    def add_waiver(self, waiver: Waiver) -> None:
        """Write down that a unit is waived."""
        self._jobs[waiver.job_id].waivers[waiver.period_key, waiver.shop_id] = waiver

    def add_landed(self, job_id: str, period_key: str, landed: Landed) -> None:
        """Write down in brief what landed."""
        self._jobs[job_id].landed[period_key].append(landed)


def _in_utc(period: Period) -> tuple[datetime, datetime]:
    return period.start.astimezone(timezone.utc), period.end.astimezone(timezone.utc)
