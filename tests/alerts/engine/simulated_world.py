"""A small model of the world: jobs, shops, and when each unit is missing, over many days.

It knows nothing of the engine: what it says is missing is what an alert must say, and nothing else.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.findings import Finding, Kind, Missing, Observed
from include.periods import Schedule
from include.registry.deadlines import deadline_of
from tests.alerts.engine.alert_rounds import SHANGHAI, service

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PLATFORMS = ("erp", "jd", "pdd")


class SimulatedJob(NamedTuple):
    """One job: its id, platform (empty for none), and when it runs."""

    id: str
    platform: str
    schedule: Schedule


JOBS = tuple(
    SimulatedJob(job, platform, Schedule(cron, period))
    for job, platform, cron, period in (
        ("generate_daily", "", "5 0 * * *", "day"),
        ("generate_weekly", "", "10 0 * * 6", "week"),
        ("generate_monthly", "", "15 0 1 * *", "month"),
        ("erp_store", "erp", "0 7 * * *", "day"),
        ("jd_store", "jd", "30 7 * * *", "day"),
        ("pdd_quality", "pdd", "0 8 * * *", "day"),
        ("pdd_review", "pdd", "30 8 * * *", "day"),
        ("pdd_chat", "pdd", "0 9 * * *", "day"),
        ("pdd_kpi_daily", "pdd", "0 11 * * *", "day"),
        ("pdd_kpi_weekly", "pdd", "0 12 * * 6", "week"),
        ("pdd_kpi_monthly", "pdd", "30 12 3 * *", "month"),
    )
)


class Span(NamedTuple):
    """A while, with its end left out."""

    start: datetime
    end: datetime

    def __contains__(self, moment: object) -> bool:
        """Return whether a moment lies in it."""
        return isinstance(moment, datetime) and self.start <= moment < self.end


@dataclass
class Occasion:
    """One period of one job: when it is due, and when each of its shops is missing."""

    job: SimulatedJob
    key: str
    fire: datetime
    due: datetime
    missing: dict[str, list[Span]] = field(default_factory=dict)
    cause: str = ""

    def missing_at(self, moment: datetime) -> list[str]:
        """Return the shops that are missing at a moment."""
        return [shop for shop, spans in self.missing.items() if any(moment in one for one in spans)]

    @cached_property
    def end(self) -> datetime:
        """When nothing is missing any more."""
        return max(
            (span.end for spans in self.missing.values() for span in spans), default=self.due
        )


class World:
    """What happens, drawn from a seed.

    Args:
        seed: of all chances.
        days: how many.
        shops: how many, on three platforms.
        trouble: how often something goes wrong; 0 for never.
    """

    def __init__(self, seed: int, days: int, shops: int, trouble: float = 1.0) -> None:
        self._chance = random.Random(seed)
        self._trouble = trouble
        self.begin = datetime(2026, 9, 1, tzinfo=SHANGHAI)
        self.end = self.begin + days * DAY
        self.shops = {
            platform: [f"{platform}-{number}" for number in range(shops // 3)]
            for platform in PLATFORMS
        }
        self._outages = {platform: list(self._spans(days / 6, 8 * HOUR)) for platform in PLATFORMS}
        self._dead = list(self._spans(days / 15, 10 * HOUR))  # the scheduler: nothing runs
        self.away = list(self._spans(days / 10, 4 * HOUR))  # the warehouse: nothing can be read
        self.faults = dict(self._bursts(days / 20))  # of the service, by what is at fault
        self.occasions = sorted(self._all(), key=lambda one: one.due)

    def observed(self, now: datetime) -> Observed:
        """Return what a round finds at a moment."""
        faults = tuple(
            service(subject, span.start) for subject, span in self.faults.items() if now in span
        )
        if any(now in span for span in self.away):
            return Observed(faults, unseen_kinds={Kind.LATE})
        found = (self._finding(one, now) for one in self.occasions if one.due <= now < one.end)
        return Observed((*faults, *(finding for finding in found if finding)))

    def edges(self) -> Iterator[datetime]:
        """Yield the moments at which something changes after a deadline."""
        for span in self.faults.values():
            yield from span
        for one in self.occasions:
            yield one.due
            for spans in one.missing.values():
                for span in spans:
                    yield from (edge for edge in span if edge > one.due)

    def _finding(self, one: Occasion, now: datetime) -> Finding | None:
        missing = one.missing_at(now)
        if not missing:
            return None
        is_dead = any(one.fire in span and now in span for span in self._dead)
        facts = {"expected": str(len(one.missing)), "fire": one.fire.isoformat()}
        if is_dead and len(missing) == len(one.missing):
            facts["started"] = "no"
        shops = len(self.shops.get(one.job.platform, ()))
        units = tuple(Missing(shop, f"店铺{shop}", "失败", "", one.cause) for shop in missing)
        return Finding(
            Kind.LATE,
            one.job.id,
            one.key,
            one.job.id,
            one.job.platform,
            (),
            one.due,
            one.due,
            units,
            facts | {"shops": str(shops)},
        )

    def _all(self) -> Iterator[Occasion]:
        for job in JOBS:
            fire = job.schedule.next_fire(self.begin - MINUTE)
            while fire < self.end - DAY:
                period = job.schedule.covered_by(fire)
                due = deadline_of(job.schedule, None, period)
                one = Occasion(job, period.key, fire, due)
                for shop in self.shops.get(job.platform, ["-"]):
                    one.missing[shop] = self._missing(one)
                yield one
                fire = job.schedule.next_fire(fire)

    def _missing(self, one: Occasion) -> list[Span]:
        """Return when a unit of a period is missing: until it lands, and when it is lost again."""
        landed = one.fire + self._chance.uniform(1, 60) * MINUTE
        spans = [*self._outages.get(one.job.platform, ()), *self._dead]
        for span in spans:
            if landed in span or one.fire in span:
                landed = max(landed, span.end + self._chance.uniform(1, 90) * MINUTE)
                one.cause = "down"
        if self._happens(0.002):  # its shop's own trouble
            landed += self._chance.uniform(1, 30) * HOUR
        missing = [Span(one.fire, landed)]
        if self._happens(0.001):  # it flaps, or is lost long after it has landed
            for _ in range(self._chance.randint(1, 4)):
                start = missing[-1].end + self._chance.choice([1, 2, 3, 200]) * MINUTE
                missing.append(Span(start, start + self._chance.uniform(1, 40) * MINUTE))
        return missing

    def _bursts(self, count: float) -> Iterator[tuple[str, Span]]:
        """Yield a dozen faults within some minutes, and so on."""
        for number, burst in enumerate(self._spans(count, HOUR)):
            for part in range(12):
                start = burst.start + part * self._chance.uniform(0, 1) * MINUTE
                yield f"part-{number}-{part}", Span(start, start + self._chance.random() * 5 * HOUR)

    def _spans(self, count: float, longest: timedelta) -> Iterator[Span]:
        for _ in range(round(count * self._trouble)):
            start = self.begin + self._chance.random() * (self.end - DAY - self.begin)
            yield Span(start, start + self._chance.random() * longest)

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share * self._trouble
