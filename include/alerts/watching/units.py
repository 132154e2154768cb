"""The findings of units: late, rejected, wrongly configured, of paused jobs, never to be healed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from include.alerts.findings import Finding, Kind, Missing
from include.alerts.watching.reasons import NO_DAG, PAUSED, is_rejected, missing, name_of
from include.language import N_
from include.periods import PUNCTUAL
from include.units.exit_codes import ExitCode
from include.units.unit import LANDED, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.alerts.watching.reasons import Circumstances
    from include.coverage import Cell, Coverage, JudgedUnit
    from include.registry import Job

NOT_EXPECTED = (State.DISABLED, State.WAIVED)
# Of what is expected: what has not landed.
NOT_THERE = frozenset(State) - LANDED - {*NOT_EXPECTED}
# A gap is one that nothing will heal when it is older than the job's `recover`, and than this.
AT_LEAST = timedelta(days=1)
PAUSED_FOR = timedelta(days=1)
NO_ALERTS = "none"
NEVER_BEGUN = "no"

GAPS_OF_SHOP = N_("{count} periods missing, the oldest {first}")
NEVER_HEALED = N_(
    "{count} periods are older than {days} days, so nothing repairs them; the oldest is {first}"
)
STILL_PAUSED = N_(
    "it is paused, and {count} periods that were due are missing; the oldest is {first}"
)


def healed_until(cell: Cell) -> datetime:
    """Return until when a missing period is late; from then on nothing will heal it."""
    return cell.due_at.astimezone(timezone.utc) + max(cell.job.recover, AT_LEAST)


def is_told_of(job: Job) -> bool:
    """Return whether a job's entry lets it alert."""
    return job.enabled and job.alert != NO_ALERTS


def expected_of(cell: Cell) -> int:
    """Return how many units of a period are to land."""
    return sum(cell.counts.values()) - sum(cell.counts[state] for state in NOT_EXPECTED)


def is_missing(unit: JudgedUnit) -> bool:
    """Return whether a unit is to land, and has not."""
    return unit.state in NOT_THERE


class UnitFindings:
    """What a coverage shows to be wrong with jobs.

    Args:
        coverage: units of the last days, landed ones in brief.
        known: what their reasons depend on.
        service: what is wrong with the service meanwhile, as a sentence.
        began: when the service was started after it had been stopped; what was due before gets a
            while to be recovered.
    """

    def __init__(
        self,
        coverage: Coverage,
        known: Circumstances,
        service: str = "",
        began: datetime | None = None,
    ) -> None:
        self._cells = [cell for cell in coverage.cells if cell.units]
        self._by_key = {(cell.job.id, cell.period.key): cell for cell in self._cells}
        self._known, self._scope = known, known.scope
        self._now = known.scope.now
        self._service = service
        self._settled = began + PUNCTUAL if began else None

    def late(self) -> Iterator[Finding]:
        """Yield the periods that had to have landed by now, and have not."""
        for cell in self._open_cells():
            due = cell.job.deadline_of(cell.period)
            if self.is_told(due) and (found := self._late(cell, due)):
                yield found

    def of(self, job_id: str, key: str) -> Finding | None:
        """Return what is missing of a period, late or not; none where nothing is."""
        cell = self._by_key.get((job_id, key))
        return self._late(cell, cell.job.deadline_of(cell.period)) if cell else None

    def told_at(self, due: datetime) -> datetime:
        """Return when it is told that something was not there by a moment."""
        told_at = due.astimezone(timezone.utc)
        return max(told_at, self._settled) if self._settled else told_at

    def is_told(self, due: datetime) -> bool:
        """Return whether it is time to tell that."""
        return self.told_at(due) <= self._now

    def quality(self) -> Iterator[Finding]:
        """Yield the periods of which a check or a control total has rejected units."""
        for cell in self._open_cells():
            if units := [unit for unit in cell.units if is_rejected(unit)]:
                ended = [unit.finished_at for unit in units if unit.finished_at]
                since = max(ended, default=cell.due_at)
                told = self._told(cell.job, units)
                remedy = self._scope.to_do("repair", job=cell.job.id)
                yield self._scope.of_job(
                    Kind.QUALITY, cell.job, cell.period.key, since, units=told, remedy=remedy
                )

    def paused(self) -> Iterator[Finding]:
        """Yield the paused jobs that have missed what was due more than a day ago."""
        for cells in self._by_job():
            job = cells[0].job
            due = [cell for cell in cells if self._is_missed(cell, self._now - PAUSED_FOR)]
            if self._known.is_paused(job.id) and due:
                first = due[0].period.key
                yield self._scope.of_job(
                    Kind.PAUSED,
                    job,
                    "",
                    due[0].due_at,
                    what=self._scope.say(STILL_PAUSED, count=len(due), first=first),
                    remedy=self._scope.to_do("resume", job=job.id),
                    first_period=first,
                )

    def aging(self) -> Iterator[Finding]:
        """Yield the jobs with gaps that are too old for anything to heal them."""
        for cells in self._by_job():
            old = [cell for cell in cells if healed_until(cell) <= self._now]
            if old := [cell for cell in old if any(unit.is_gap for unit in cell.units)]:
                job, first = old[0].job, old[0].period.key
                days = max(job.recover, AT_LEAST).days
                yield self._scope.of_job(
                    Kind.AGING,
                    job,
                    "",
                    healed_until(old[0]),
                    units=self._by_shop(job, old),
                    what=self._scope.say(NEVER_HEALED, count=len(old), days=days, first=first),
                    remedy=self._scope.to_do("repair", job=job.id),
                    first_period=first,
                )

    def configuration(self) -> Iterator[Finding]:
        """Yield the jobs of which units failed because something is configured wrong."""
        wrong: dict[str, list[JudgedUnit]] = defaultdict(list)
        for cell in self._cells:
            if self._now < healed_until(cell):
                failed = [unit for unit in cell.units if unit.state == State.FAILED]
                wrong[cell.job.id] += [
                    unit for unit in failed if unit.exit_code == ExitCode.CONFIGURATION
                ]
        for job_id, units in wrong.items():
            if units:
                job = self._scope.registry.jobs[job_id]
                last = {unit.shop_id: unit for unit in units}
                told = self._told(job, [*last.values()])
                yield self._scope.of_job(
                    Kind.CONFIGURATION,
                    job,
                    "",
                    min(unit.finished_at or unit.due_at for unit in units),
                    units=told,
                    what=told[0].reason,
                    remedy=self._scope.to_do("check"),
                    first_period=units[0].period.key,
                )

    def _open_cells(self) -> Iterator[Cell]:
        """Yield what a job that may alert lacks, and what may still be healed."""
        for cell in self._cells:
            if is_told_of(cell.job) and self._now < healed_until(cell):
                yield cell

    def _by_job(self) -> list[list[Cell]]:
        found: dict[str, list[Cell]] = defaultdict(list)
        for cell in self._cells:
            if is_told_of(cell.job):
                found[cell.job.id].append(cell)
        return [*found.values()]

    def _is_missed(self, cell: Cell, before: datetime) -> bool:
        due = cell.due_at.astimezone(timezone.utc)
        return due < before and any(is_missing(unit) for unit in cell.units)

    def _told(self, job: Job, units: Sequence[JudgedUnit]) -> tuple[Missing, ...]:
        return tuple(missing(unit, job, self._known) for unit in units)

    def _late(self, cell: Cell, due: datetime) -> Finding | None:
        units = [unit for unit in cell.units if is_missing(unit)]
        if not units:
            return None
        expected = expected_of(cell)
        never = len(units) == expected and not any(
            unit.attempts or self._known.had_a_run(unit) is not False for unit in units
        )
        return self._scope.of_job(
            Kind.LATE,
            cell.job,
            cell.period.key,
            due.astimezone(timezone.utc),
            units=self._told(cell.job, units),
            expected=str(expected),
            started=NEVER_BEGUN if never else "",
            fire=cell.due_at.isoformat(),
            service=self._held_up_by(cell),
            remedy=self._remedy(cell, units, never=never),
        )

    def _held_up_by(self, cell: Cell) -> str:
        job = cell.job.id
        if self._known.is_no_dag(job):
            return self._scope.say(NO_DAG)
        return self._scope.say(PAUSED) if self._known.is_paused(job) else self._service

    def _remedy(self, cell: Cell, units: list[JudgedUnit], *, never: bool) -> str:
        scope, job, under_way = self._scope, cell.job.id, self._known.under_way
        if self._known.is_no_dag(job):
            return scope.to_do("doctor")
        if self._known.is_paused(job):
            return scope.to_do("resume", job=job)
        if never and self._service:
            return scope.to_do("restart", component="scheduler")
        if {unit.state for unit in units} == {State.UNREPAIRABLE}:
            return scope.to_do("waive", job=job, key=cell.period.key)
        if any(under_way.stuck_before(unit) for unit in units):
            return scope.to_do("doctor")
        is_seen_to = all(unit.state == State.RUNNING or under_way.seeing_to(unit) for unit in units)
        return "" if is_seen_to else scope.to_do("repair", job=job)

    def _by_shop(self, job: Job, cells: list[Cell]) -> tuple[Missing, ...]:
        keys: dict[str, list[str]] = defaultdict(list)
        for cell in cells:
            for unit in cell.units:
                if unit.is_gap:
                    keys[unit.shop_id].append(cell.period.key)
        return tuple(
            Missing(
                shop,
                name_of(shop, job, self._scope),
                self._scope.say(GAPS_OF_SHOP, count=len(missed), first=missed[0]),
            )
            for shop, missed in keys.items()
        )
