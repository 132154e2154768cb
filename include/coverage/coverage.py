"""Coverage: the units of a while, judged at one moment, and what people ask of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.units.unit import GAPS, LANDED, WAITING, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from include.coverage.judged_unit import JudgedUnit
    from include.coverage.model import Cell
    from include.registry import Problem
    from include.units.waivers import Waiver


class Counted:
    """What has counted units by their state."""

    counts: Mapping[State, int]

    @property
    def landed(self) -> int:
        """How many have landed, with rows or without."""
        return sum(self.counts[state] for state in LANDED)

    @property
    def missing(self) -> int:
        """How many are gaps."""
        return sum(self.counts[state] for state in GAPS)

    @property
    def waiting(self) -> int:
        """How many run, or have their turn before them."""
        return sum(self.counts[state] for state in WAITING)

    @property
    def expected(self) -> int:
        """How many were, or are, to land."""
        return sum(self.counts.values()) - self.counts[State.DISABLED] - self.counts[State.WAIVED]


@dataclass(frozen=True)
class Totals(Counted):
    """How many units there are of each state."""

    counts: Mapping[State, int]


@dataclass(frozen=True)
class Coverage:
    """What landed and what did not."""

    made_at: datetime  # the moment at which it was judged; by the warehouse's clock
    cells: Sequence[Cell]  # one for each job and period, in that order
    # Of the registry, and of jobs that could not be judged. What the entry of a job or shop that is
    # broken expects is not known, and no unit of it is here
    problems: Sequence[Problem] = ()

    def units(self) -> Iterator[JudgedUnit]:
        """Return the units, by job, period and shop; landed ones only where read in full."""
        return (unit for cell in self.cells for unit in cell.units)

    def gaps(
        self,
        job: str | None = None,
        shop: str | None = None,
        platform: str | None = None,
        since: date | None = None,
    ) -> list[JudgedUnit]:
        """Return the units that were due and have not landed, by job, period and shop.

        Args:
            job: only this job's; without it, only those of jobs that land data.
            shop: only this shop's.
            platform: only those of its jobs.
            since: only those whose period has this business day or a later one in it.
        """
        return [
            unit
            for cell in self.narrowed(job, platform, since)
            for unit in cell.units
            if unit.is_gap and shop in (None, unit.shop_id)
        ]

    def waivers(
        self, job: str | None = None, shop: str | None = None, since: date | None = None
    ) -> list[Waiver]:
        """Return what is waived, by the filters of `gaps`."""
        return [
            unit.waiver
            for cell in self.narrowed(job, since=since)
            for unit in cell.units
            if unit.waiver and shop in (None, unit.shop_id)
        ]

    def narrowed(
        self, job: str | None = None, platform: str | None = None, since: date | None = None
    ) -> Iterator[Cell]:
        """Return the cells that the filters of `gaps` let through."""
        return (
            cell
            for cell in self.cells
            if (cell.job.data if job is None else job == cell.job.id)
            and platform in (None, cell.job.platform)
            and (since is None or cell.period.last_day >= since)
        )

    def gaps_without_data(self, since: date | None = None) -> Counter[str]:
        """Count, by job, the gaps of jobs that land no data: nobody misses what they did not do."""
        return Counter(
            unit.job_id
            for cell in self.cells
            if not cell.job.data and (since is None or cell.period.last_day >= since)
            for unit in cell.units
            if unit.is_gap
        )

    def due_today(self) -> Iterator[Cell]:
        """Return the cells of jobs that land data whose run was, or is, to start today."""
        return (
            cell
            for cell in self.cells
            if cell.job.data
            and cell.due_at.date() == self.made_at.astimezone(cell.due_at.tzinfo).date()
        )

    def totals(self, day: date | None = None, platform: str | None = None) -> Totals:
        """Count the units of jobs that land data.

        Args:
            day: only those that were due on this day, on their job's clock.
            platform: only those of its jobs.
        """
        counts: Counter[State] = Counter()
        for cell in self.cells:
            on_day = day in (None, cell.due_at.date())
            if cell.job.data and on_day and platform in (None, cell.job.platform):
                counts += cell.counts
        return Totals(counts)
