"""Which units a job has in a period, and from when on they are expected: nobody else decides it.

The runner, the checks, the scripts, the generation of tasks and coverage all ask here, so that what
is expected, run, checked and shown is the same.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from include.periods import PUNCTUAL, Period
from include.units.unit import NO_SHOP, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from include.registry import Job, Shop

# The calendar's business is to be finite.
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)


class PeriodUnits(NamedTuple):
    """The shops of one job and period; a job without shops has the one `-`."""

    # Those that a run of the period is for, whoever asks for it, in the registry's order: enabled,
    # and open in some part of the period
    covered: tuple[str, ...]
    expected: frozenset[str]  # those of them that are to land
    switched_off: frozenset[str]  # those that would be, but the job or the shop is disabled


NOBODY: frozenset[str] = frozenset()


class JobUnits:
    """The units of one job.

    Args:
        job: the job.
        shops: the registry's, of all platforms. It knows no past: what is enabled now is expected
            for all its days.
        first_seen: when this installation first saw the job (`include.units.first_seen`); only what
            is expected depends on it, not what a run covers.
    """

    def __init__(self, job: Job, shops: Iterable[Shop], first_seen: datetime | None = None) -> None:
        self._job = job
        self.begin = expected_from(job, first_seen)  # periods that end after it are expected
        mine = [shop for shop in shops if job.platform and shop.platform == job.platform]
        ids = [shop.id for shop in mine] if job.platform else [NO_SHOP]
        # The place of each shop, the disabled ones too, as config/shops.yaml has them
        self.order = {shop_id: place for place, shop_id in enumerate(ids)}
        # Shops are many, and most of them open and close on the same few days.
        self._alike: dict[tuple[object, ...], list[Shop]] = defaultdict(list)
        for shop in mine:
            self._alike[shop.enabled, shop.from_day, shop.until_day].append(shop)
        self._known: dict[tuple[bool, ...], PeriodUnits] = {}

    def of(self, period: Period) -> PeriodUnits:
        """Return the shops of a period."""
        begun = period.end > self.begin
        is_open = (begun, *(shops[0].open_in(period) for shops in self._alike.values()))
        if is_open not in self._known:
            self._known[is_open] = self._among(*is_open)
        return self._known[is_open]

    def covered(self, period: Period, wanted: Collection[str] = ()) -> list[Unit]:
        """Return the units that a run of a period is for: of the wanted shops; none for all."""
        shops = self.of(period).covered
        return [Unit(self._job.id, s, period) for s in shops if not wanted or s in wanted]

    def expected(self, period: Period) -> list[Unit]:
        """Return the units that are to land a period."""
        shops = sorted(self.of(period).expected, key=self.order.__getitem__)
        return [Unit(self._job.id, shop, period) for shop in shops]

    def _among(self, begun: bool, *is_open: bool) -> PeriodUnits:  # noqa: FBT001 - see `of`
        groups = zip(self._alike.values(), is_open, strict=True)
        shops = [shop for group, opened in groups if opened for shop in group]
        ids = {shop.id for shop in shops if shop.enabled} if self._job.platform else {NO_SHOP}
        covered = tuple(sorted(ids, key=self.order.__getitem__))
        enabled, others = frozenset(ids), frozenset(shop.id for shop in shops) - ids
        if not begun:
            return PeriodUnits(covered, NOBODY, NOBODY)
        if self._job.enabled:
            return PeriodUnits(covered, enabled, others)
        return PeriodUnits(covered, NOBODY, enabled | others)


def begins_of(jobs: Iterable[Job], seen: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return from when on jobs are expected to land, by job; `seen`: when each was first seen."""
    found = {}
    for job in jobs:
        # What is wrong with one job is said by whoever judges it, and costs no other.
        with suppress(ArithmeticError, ValueError):
            found[job.id] = expected_from(job, seen.get(job.id))
    return found


def expected_from(job: Job, first_seen: datetime | None) -> datetime:
    """Return the moment from which a job is expected to land: periods that end after it are.

    Where its entry says no `start`, that is the period that had ended last when this installation
    first saw the job, as long as its run was not past recovering by then; else the one after it.
    Without that moment (aware) it is long ago: nobody asks what is expected.
    """
    schedule = job.schedule
    if job.start is not None:
        return schedule.first_instant(job.start).astimezone(timezone.utc)
    if first_seen is None:
        return LONG_AGO
    period = schedule.last_ended(first_seen)
    age = first_seen.timestamp() - schedule.fire_for(period).timestamp()
    if age > max(job.recover, PUNCTUAL).total_seconds():
        period = schedule.following(period)
    return period.start.astimezone(timezone.utc)
