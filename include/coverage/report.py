"""Some units in short, such as a day's: what landed, and how it compares with the usual."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from include.coverage.coverage import Counted
from include.units.unit import PERIODS_COMPARED, State, is_like

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from include.coverage.coverage import Coverage
    from include.coverage.judged_unit import JudgedUnit
    from include.coverage.model import Cell

# How far back like periods are looked for, by kind of period; some of them may have been empty.
LOOK_BACK = {
    "tick": timedelta(days=3),
    "day": timedelta(days=12),
    "week": timedelta(weeks=8),
    "month": timedelta(days=250),
}
SHOWN = 5
# Rows that differ by more than this factor from the usual are worth a look.
FAR = 2.0


class Unusual(NamedTuple):
    """A unit that landed far more or far fewer rows than it does as a rule."""

    unit: JudgedUnit
    rows: int
    usual: float

    @property
    def percent(self) -> int:
        """How far it is from the usual; negative for fewer."""
        return round(100 * (self.rows / self.usual - 1))


@dataclass
class Line(Counted):
    """What was due of one job, one platform or everything."""

    name: str
    keys: list[str] = field(default_factory=list)
    # How many units there are of each state
    counts: Counter[State] = field(default_factory=Counter)
    rows: int = 0  # how many rows landed
    usual: float = 0  # how many land as a rule, of the units of which that is known
    compared: int = 0  # how many rows these units landed
    seconds: float | None = None  # how long the slowest unit took

    @property
    def percent(self) -> int | None:
        """How far its rows are from the usual; none where that is not known of most of them."""
        if not self.usual or 2 * max(self.usual, self.compared) < self.rows:
            return None
        return round(100 * (self.compared / self.usual - 1))

    def add(self, unit: JudgedUnit, usual: float | None) -> None:
        """Count a unit in."""
        self.counts[unit.state] += 1
        if unit.period.key not in self.keys:
            self.keys.append(unit.period.key)
        if not unit.landed:
            return
        self.rows += unit.rows or 0
        if usual is not None and unit.rows is not None:
            self.usual += usual
            self.compared += unit.rows
        took = unit.row.seconds if unit.row else None
        if took is not None:
            self.seconds = max(took, self.seconds or 0)


@dataclass(frozen=True)
class Digest:
    """What was asked about."""

    whole: Line
    platforms: list[Line]  # by platform
    jobs: list[Line]  # by job, in the registry's order
    without_data: list[Line]  # the same of jobs that land no data; they count in nothing else
    units: list[JudgedUnit]  # all units, one by one
    slowest: list[JudgedUnit]  # what took longest, the slowest first
    unusual: list[Unusual]  # what landed far from the usual, the farthest first

    @property
    def gaps(self) -> list[JudgedUnit]:
        """What has not landed."""
        return [unit for unit in self.units if unit.is_gap]

    @property
    def noted(self) -> list[JudgedUnit]:
        """What landed, and of which the pull has something to say."""
        return [unit for unit in self.units if unit.landed and unit.row and unit.row.notice]

    @property
    def restated(self) -> list[JudgedUnit]:
        """What landed, and of which other rows have landed since."""
        return [unit for unit in self.units if unit.landed and unit.row and unit.row.drift]


def since_for(day: datetime) -> dict[str, datetime]:
    """Return the moments from which coverage is to be read in full for a digest.

    Args:
        day: a moment before the day begins anywhere.
    """
    # What is due on a day has ended some days before: a month on the first of the next.
    return {kind: day - span - timedelta(days=40) for kind, span in LOOK_BACK.items()}


def digest_of(coverage: Coverage, is_asked: Callable[[Cell], bool]) -> Digest:
    """Return what there is to say of some cells.

    Args:
        coverage: read in full, see `since_for`.
        is_asked: which cells; the others only say what is usual.
    """
    history: dict[tuple[str, str], list[JudgedUnit]] = defaultdict(list)
    whole, jobs, platforms = Line("all"), dict[str, Line](), dict[str, Line]()
    without_data: dict[str, Line] = {}
    due: list[tuple[JudgedUnit, float | None]] = []
    for cell in coverage.cells:
        for unit in cell.units:
            past = history[unit.job_id, unit.shop_id]
            if is_asked(cell) and not cell.job.data:
                without_data.setdefault(cell.job.id, Line(cell.job.id)).add(unit, None)
            elif is_asked(cell):
                usual = _usual(unit, past)
                due.append((unit, usual))
                lines = [whole, jobs.setdefault(cell.job.id, Line(cell.job.id))]
                if name := cell.job.platform:
                    lines.append(platforms.setdefault(name, Line(name)))
                for line in lines:
                    line.add(unit, usual)
            if unit.state == State.OK and unit.rows:
                past.append(unit)
    units = [unit for unit, _ in due]
    unusual = [
        Unusual(unit, unit.rows, usual)
        for unit, usual in due
        if unit.landed
        and not (unit.rows is None or usual is None)
        and (usual * FAR < unit.rows or unit.rows * FAR < usual)
    ]
    slowest = sorted((one for one in units if one.landed), key=_seconds, reverse=True)
    return Digest(
        whole,
        [platforms[name] for name in sorted(platforms)],
        [*jobs.values()],
        [*without_data.values()],
        units,
        [unit for unit in slowest[:SHOWN] if _seconds(unit) > 0],
        sorted(unusual, key=lambda one: -abs(one.percent))[:SHOWN],
    )


def _usual(unit: JudgedUnit, past: list[JudgedUnit]) -> float | None:
    """Return the median that `max_drop` compares with."""
    like: list[int] = []
    for one in reversed(past):
        if is_like(unit, one.period.start, one.period.end):
            like.append(one.rows or 0)
        if len(like) == PERIODS_COMPARED:
            return float(median(like))
    return None


def _seconds(unit: JudgedUnit) -> float:
    return (unit.row.seconds or 0.0) if unit.row else 0.0
