"""Units without data that are no gaps: running, waiting, switched off or waived."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include import MANAGER
from include.coverage import State
from include.units.job_units import JobUnits
from include.units.unit import TO_COME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from include.coverage import Cell, Coverage
    from include.registry import Registry
    from manager.coverage_reader import FoundGaps

NAMED = 3


@dataclass
class NotGaps:
    """Units that were due or have begun, have not landed, and are no gaps.

    Attributes:
        any_due: whether anything was to land by now at all.
        waiting: how many are pending, and how many run.
        to_come: how many of periods that have ended are due later.
        last_due: when the last of these is due.
        early: how many of these were pulled already, provisionally.
        jobs: how many never landed since their job is disabled, by job.
        shops: the same of shops, by shop.
        waived: how many are gaps that somebody has accepted.
    """

    any_due: bool = False
    waiting: Counter[State] = field(default_factory=Counter)
    to_come: int = 0
    last_due: datetime | None = None
    early: int = 0
    jobs: Counter[str] = field(default_factory=Counter)
    shops: Counter[str] = field(default_factory=Counter)
    waived: int = 0

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.waiting or self.to_come or self.jobs or self.shops or self.waived)

    def __str__(self) -> str:
        """Return how many are disabled, and which."""
        parts = []
        if self.waiting:
            counted = ", ".join(f"{number:,} {state}" for state, number in self.waiting.items())
            parts.append(f"not landed yet: {counted}")
        if self.last_due:
            which = "it is" if self.to_come == 1 else "the last is"
            early = f" ({self.early:,} of them provisional)" if self.early else ""
            parts.append(
                f"{self.to_come:,} still to come{early}, {which} due {self.last_due:%Y-%m-%d %H:%M}"
            )
        if off := self.jobs.total() + self.shops.total():
            who = [*_named("job", self.jobs), *_named("shop", self.shops)]
            parts.append(f"{off:,} disabled ({', '.join(who)})")
        if self.waived:
            parts.append(f"{self.waived:,} waived (`{MANAGER} gaps --waived` says why)")
        return "; ".join(parts)

    def without_gaps(self, found: FoundGaps) -> str:
        """Return the line for no gaps, with what it covers."""
        asked, since = found.job or found.shop, found.since
        if found.coverage.problems:
            said = f"no gaps are known{f' of {asked}' if asked else ''} since {since}"
            return f"{said}, but what is broken may have some{f'; {self}' if self else ''}"
        if not self.any_due:
            nothing = f"no gaps: nothing{f' of {asked}' if asked else ''} was due since {since}"
            return f"{nothing}; {self}" if self else nothing
        if self:
            return f"no gaps{f' of {asked}' if asked else ''} since {since}; {self}"
        whole = f"everything of {asked} that" if asked else "everything that"
        return f"no gaps: {whole} was due since {since} has landed"

    def as_dict(self) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            **{state.value: self.waiting[state] for state in (State.PENDING, State.RUNNING)},
            "to_come": self.to_come,
            "provisional": self.early,
            "last_due": self.last_due.isoformat(timespec="seconds") if self.last_due else None,
            "waived": self.waived,
            "disabled_jobs": dict(self.jobs),
            "disabled_shops": dict(self.shops),
        }


def not_gaps_of(registry: Registry, asked: FoundGaps) -> NotGaps:
    """Look for them, by the filters of the gaps that were found."""
    found, coverage, shop = NotGaps(), asked.coverage, asked.shop
    for cell in coverage.narrowed(asked.job, since=asked.since):
        found.any_due = found.any_due or _is_due(cell, coverage, registry, shop)
        for unit in cell.units:
            if shop not in (None, unit.shop_id):
                continue
            if unit.state == State.WAIVED:
                found.waived += 1
            elif unit.state == State.DISABLED:
                by = found.shops if cell.job.enabled else found.jobs
                by[unit.shop_id if cell.job.enabled else unit.job_id] += 1
            elif unit.state == State.RUNNING or (
                # One that was written down early is not late.
                unit.state == State.PENDING and unit.due_at <= coverage.made_at
            ):
                found.waiting[unit.state] += 1
            elif unit.state in TO_COME:
                found.to_come += 1
                found.early += unit.state == State.PROVISIONAL
                found.last_due = max(unit.due_at, found.last_due or unit.due_at)
    return found


def _is_due(cell: Cell, coverage: Coverage, registry: Registry, shop: str | None) -> bool:
    if cell.due_at > coverage.made_at:
        return False
    if shop is None:
        return sum(cell.counts.values()) > cell.counts[State.DISABLED]
    mine = JobUnits(cell.job, [registry.shops[shop]]).of(cell.period)
    return shop in mine.expected | mine.switched_off


def _named(kind: str, counted: Mapping[str, int]) -> list[str]:
    """Name those that are disabled, where they are few."""
    names = list(counted)
    if len(names) > NAMED:
        return [f"{len(names)} {kind}s are disabled"]
    return [f"{kind} {name} is disabled" for name in names]
