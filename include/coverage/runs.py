"""What Airflow's API says of its runs, as far as a repair has to know it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.language import N_, _
from include.logical_dates import period_asked_for
from include.units.unit import REPAIR_PREFIX, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.coverage.judged_unit import JudgedUnit
    from include.registry import Job

# A run's job and its id.
Name = tuple[str, str]
UNDER_WAY = ("queued", "running")


@dataclass(frozen=True)
class Run:
    """One run of a job."""

    job_id: str
    run_id: str
    under_way: bool  # whether Airflow says that it waits or works
    first: str  # the key of the first period that it covers
    last: str  # that of the last one
    shops: frozenset[str] = frozenset()  # those that it is narrowed to; none for all
    stuck: str = ""  # why it can neither start nor go on; empty where it can
    # From when on it waits, on the clock of its job; None where unknown
    since: datetime | None = None
    blocks: bool = False  # whether another run of the job would be stuck for the same reason

    @classmethod
    def of(cls, job: Job, told: Mapping[str, Any]) -> Run:
        """Read one of `GET /api/v2/dags/{dag_id}/dagRuns`."""
        # What somebody sent: a run of what makes no sense is refused by its first task, not before.
        said = told.get("conf")
        conf = said if isinstance(said, dict) else {}
        shops = conf.get("shops")
        key = told.get("partition_key") or conf.get("period")
        first, last = conf.get("from") or key, conf.get("to") or key
        if not first or not last:
            asked_at, date = _moment(told["run_after"]), told.get("logical_date")
            asked = period_asked_for(_moment(date) if date else None, asked_at, job.schedule)
            first = last = (asked or job.schedule.last_ended(asked_at)).key
        return cls(
            job_id=job.id,
            run_id=str(told["dag_run_id"]),
            under_way=told["state"] in UNDER_WAY,
            first=str(first),
            last=str(last),
            shops=frozenset(map(str, shops if isinstance(shops, list) else ())),
        )

    def covers(self, unit: JudgedUnit) -> bool:
        """Return whether a unit is among what it covers."""
        return (
            self.job_id == unit.job_id
            and self.first <= unit.period.key <= self.last
            and (not self.shops or unit.shop_id in self.shops)
        )

    @property
    def name(self) -> Name:
        """What tells it from all others."""
        return self.job_id, self.run_id

    @property
    def trouble(self) -> str:
        """Why it is stuck and since when, for a person."""
        text = N_("run {run} waits and cannot go on: {why}")
        if self.since:
            text = N_("run {run} waits since {since:%m-%d %H:%M} and cannot go on: {why}")
        return _(text, run=self.run_id, since=self.since, why=self.stuck)

    def number_for(self, key: str) -> int:
        """Return which repair of a period it is, from 1; 0 for other runs."""
        _before, found, number = self.run_id.partition(f"{REPAIR_PREFIX}{key}__")
        return int(number) if found and number.isascii() and number.isdecimal() else 0


def body_of(key: str, conf: Mapping[str, Any], run_id: str | None = None) -> dict[str, Any]:
    """Return what `POST /api/v2/dags/{dag_id}/dagRuns` is sent to make a run of a period.

    Args:
        key: the period's.
        conf: what the trigger form would send.
        run_id: its name; answer 409 says that there is one. None: Airflow names it.
    """
    name = {} if run_id is None else {"dag_run_id": run_id}
    return {**name, "logical_date": None, "partition_key": key, "conf": dict(conf)}


def _moment(told: Any) -> datetime:
    return datetime.fromisoformat(str(told).replace("Z", "+00:00"))


class UnderWay:
    """The runs that wait or work, as units are looked up in them.

    Args:
        runs: of Airflow; those that have ended are left out.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._of_period: dict[tuple[str, str], list[Run]] = defaultdict(list)
        self._of_several: dict[str, list[Run]] = defaultdict(list)
        self.all = tuple(run for run in runs if run.under_way)
        for run in self.all:
            if run.first == run.last:
                self._of_period[run.job_id, run.first].append(run)
            else:
                self._of_several[run.job_id].append(run)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.all)

    @property
    def stuck(self) -> tuple[Run, ...]:
        """Those that can neither start nor go on."""
        return tuple(run for run in self.all if run.stuck)

    def known(self, runs: Iterable[Run]) -> list[Run]:
        """Return runs that the API has told of; those under way with whether they can move."""
        told = {run.name: run for run in runs}
        return [*(told | {run.name: run for run in self.all if run.name in told}).values()]

    def seeing_to(self, unit: JudgedUnit) -> Run | None:
        """Return a run that a unit is among; none where it waits for somebody to make one."""
        return next((run for run in self._covering(unit) if not run.stuck), None)

    def stuck_before(self, unit: JudgedUnit) -> Run | None:
        """Return a run that a gap is among and that will not close it; none where one will."""
        if not unit.is_gap or self.seeing_to(unit):
            return None
        return next(iter(self._covering(unit)), None)

    def sees_to(self, unit: JudgedUnit) -> bool:
        """Return whether a unit is a gap that a run under way is about to close."""
        can_land = unit.is_gap and unit.state != State.UNREPAIRABLE
        return can_land and self.seeing_to(unit) is not None

    def _covering(self, unit: JudgedUnit) -> list[Run]:
        of_period = self._of_period.get((unit.job_id, unit.period.key), [])
        of_several = self._of_several.get(unit.job_id, [])
        return [run for run in (*of_period, *of_several) if run.covers(unit)]
