"""Which units can be waived: gaps of some periods; what else is there is told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from include.coverage.reading import read_coverage
from include.errors import ConfigurationError
from include.language import N_, _
from include.units.unit import LANDED, TO_COME, State

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Engine

    from include.coverage.judged_unit import JudgedUnit
    from include.periods import Period
    from include.registry import Job, Registry

WORDS = {
    **dict.fromkeys(LANDED, N_("landed already")),
    **dict.fromkeys(TO_COME, N_("not due yet")),
    State.RUNNING: N_("being pulled now"),
    State.DISABLED: N_("of what is disabled, and no gap"),
    State.WAIVED: N_("waived already"),
}


class Selection(NamedTuple):
    """The units of some periods of a job, or of one shop of it."""

    name: str  # what was asked for, as messages call it
    gaps: list[JudgedUnit]  # those that can be waived
    waived: list[JudgedUnit]  # those that are
    others: Counter[str]  # how many are neither, by what they are, which `_` translates

    def refuse_without_gaps(self) -> None:
        """Return why there is nothing to waive.

        Raises:
            ConfigurationError: there is no gap.
        """
        if self.gaps:
            return
        found = self.others + Counter(WORDS[unit.state] for unit in self.waived)
        if not found:
            raise ConfigurationError(
                "nothing is expected of {name}, so nothing is to waive", name=self.name
            )
        counted = [_("{number} {what}", number=n, what=_(what)) for what, n in found.items()]
        raise ConfigurationError(
            "{name} has no gap that could be waived: {counted}", name=self.name, counted=counted
        )

    def refuse_without_waived(self) -> None:
        """Return that nothing is waived.

        Raises:
            ConfigurationError: nothing is.
        """
        if not self.waived:
            raise ConfigurationError(
                "nothing of {name} is waived: `python3 scheduler_manager.py gaps --waived` lists "
                "what is",
                name=self.name,
            )


def select(
    engine: Engine,
    registry: Registry,
    job: Job,
    ends: tuple[Period, Period],
    shop: str | None = None,
    *,
    patience: timedelta | None = None,
) -> Selection:
    """Look at the units of the periods from one to another.

    Args:
        engine: of the warehouse.
        registry: jobs and shops as they are now.
        job: one of them.
        ends: the first and the last period.
        shop: only this one's; None for all.
        patience: see `read_coverage`.
    """
    first, last = ends
    coverage = read_coverage(
        engine, registry, first.start, last.end, jobs=[job.id], in_full=True, patience=patience
    )
    units = [unit for unit in coverage.units() if shop in (None, unit.shop_id)]
    neither = (unit for unit in units if not unit.is_gap and unit.state != State.WAIVED)
    whose = f"{job.id}{'' if shop is None else f' {shop}'}"
    keys = first.key
    if first != last:
        keys = _("{first} to {last}", first=first.key, last=last.key)
    return Selection(
        _("{whose} {keys}", whose=whose, keys=keys),
        [unit for unit in units if unit.is_gap],
        [unit for unit in units if unit.state == State.WAIVED],
        Counter(WORDS[unit.state] for unit in neither),
    )
