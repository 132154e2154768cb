"""Whether jobs fire here when they fired in the old scheduler: thirty days, to the second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from include.language import Message, _
from include.periods import Schedule
from include.registry import Job
from include.registry.checks.scripts import is_placeholder
from include.registry.quantities import duration
from manager.importing.fire_times import (
    DAY,
    UnknownFiresError,
    machine_zone,
    new_fires,
    old_fires,
)
from manager.importing.old_jobs import OldJob, OldSchedule
from manager.importing.old_library import Answer, ask_prefect

WINDOW = 30 * DAY
SHOWN = 3  # moments, or times of day, that a line names


@dataclass(frozen=True)
class NewJob:
    """What a job is here, or will be.

    Attributes:
        id: of its entry.
        schedule: when it runs once it is enabled; None for one without.
        timeout: a run that takes longer is ended.
        retries: how often a failed run is tried again.
        retry_delay: the wait before that.
        cwd: the folder it runs in.
        python: the Python that runs it; None for the service's.
        script: its file, where that can be read; None for none.
    """

    id: str
    schedule: Schedule | None
    timeout: timedelta
    retries: int
    retry_delay: timedelta
    cwd: str
    python: Path | None = None
    script: Path | None = None


def planned(values: Mapping[str, Any], script: Path | None) -> NewJob:
    """Return the job that an entry makes once it is written.

    Args:
        values: its keys, as they are written.
        script: where its script is now; None where it is not on this machine.
    """
    said = {name: values.get(name, field.default) for name, field in Job.model_fields.items()}
    spans = {name: said[name] for name in ("timeout", "retry_delay")}
    spans = {
        name: duration(span) if isinstance(span, str) else span for name, span in spans.items()
    }
    return NewJob(
        id=said["id"],
        schedule=Schedule(said["cron"], said["period"], said["timezone"]),
        retries=said["retries"],
        cwd=said["cwd"],
        python=Path(said["python"]) if said["python"] else None,
        script=script,
        **spans,
    )


def registered(job: Job) -> NewJob:
    """Return a job of the registry."""
    return NewJob(
        id=job.id,
        schedule=job.schedule if job.cron else None,
        timeout=job.timeout,
        retries=job.retries,
        retry_delay=job.retry_delay,
        cwd=job.cwd,
        python=job.python_path,
        script=None if is_placeholder(job.script_path) else job.script_path,
    )


@dataclass(frozen=True)
class Comparison:
    """One job there and here.

    Attributes:
        old: what it was.
        new: what it is; None where it has no entry any more.
        there: when it fired there, in UTC; None where that is unknown.
        here: when it fires here.
        difference: what differs; None for nothing.
        reason: why it does, where that is known.
    """

    old: OldJob
    new: NewJob | None
    there: tuple[datetime, ...] | None
    here: tuple[datetime, ...]
    difference: Message | None
    reason: Message | None = None


@dataclass(frozen=True)
class Parity:
    """All of them.

    Attributes:
        jobs: in the order in which they were asked for.
        by: who says when they fired there: `Prefect 3.9.1`, or None for the documented rules.
    """

    jobs: tuple[Comparison, ...]
    by: str | None

    @property
    def differ(self) -> bool:
        """Whether any job differs."""
        return any(one.difference is not None for one in self.jobs)


def compare(
    jobs: Sequence[tuple[OldJob, NewJob | None]], now: datetime, python: str | None = None
) -> Parity:
    """Compare jobs from today's midnight on.

    Args:
        jobs: each there and here.
        now: aware.
        python: the path of a Python that has Prefect.

    Raises:
        ConfigurationError: that Python does not answer.
    """
    library = _asked(jobs, now, python) if python else None
    found = []
    for old, new in jobs:
        window = _window(new, now)
        try:
            there: tuple[datetime, ...] | None = tuple(_there(old, window, library))
            why = None
        except UnknownFiresError as error:
            there, why = None, error.args[0]
        here = tuple(new_fires(new.schedule, *window)) if new and new.schedule else ()
        difference = why or _difference(new, there or (), here)
        reason = _reason(old) if difference and new and there else None
        found.append(Comparison(old, new, there, here, difference, reason))
    return Parity(tuple(found), f"Prefect {library.version}" if library else None)


class _Library:
    """What Prefect itself said, by schedule."""

    def __init__(self, schedules: Sequence[OldSchedule], answer: Answer) -> None:
        self.version = answer.version
        self._fires = dict(zip(schedules, answer.fires, strict=True))

    def fires(self, schedule: OldSchedule, first: datetime, last: datetime) -> list[datetime]:
        """Return when a schedule fires; raises UnknownFiresError where Prefect refuses it."""
        said = self._fires[schedule]
        if isinstance(said, str):
            raise UnknownFiresError(
                _("Prefect itself refuses this schedule: {why}", why=" ".join(said.split()))
            )
        return [moment for moment in said if first <= moment < last]


def _asked(jobs: Sequence[tuple[OldJob, NewJob | None]], now: datetime, python: str) -> _Library:
    schedules = list(
        dict.fromkeys(
            one for old, _new in jobs if old.scheduler == "prefect" for one in old.schedules
        )
    )
    answer = ask_prefect(python, schedules, now - 2 * DAY, now + WINDOW + 2 * DAY)
    return _Library(schedules, answer)


def _window(new: NewJob | None, now: datetime) -> tuple[datetime, datetime]:
    zone = new.schedule.zone if new and new.schedule else timezone.utc
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight.astimezone(timezone.utc)
    return first, first + WINDOW


def _there(
    old: OldJob, window: tuple[datetime, datetime], library: _Library | None
) -> list[datetime]:
    """Return when a job fired; of one that is switched off, when it would have."""
    active = [one for one in old.schedules if one.is_active] or old.schedules
    found: set[datetime] = set()
    for schedule in active:
        if library and old.scheduler == "prefect":
            found.update(library.fires(schedule, *window))
        else:
            found.update(old_fires(schedule, old.scheduler, *window))
    return sorted(found)


def _difference(
    new: NewJob | None, there: tuple[datetime, ...], here: tuple[datetime, ...]
) -> Message | None:
    if new is None:
        return _("it has no entry here any more")
    if there == here:
        return None
    if not here:
        return _("it fires {count} times there, and never here", count=len(there))
    if not there:
        return _("it never fires there by schedule, and {count} times here", count=len(here))
    return _between(there, here, new.schedule.zone if new.schedule else timezone.utc)


def _between(there: tuple[datetime, ...], here: tuple[datetime, ...], zone: tzinfo) -> Message:
    """Return how fire times differ: all by the same time, else which only one side has."""
    if len(there) == len(here) and len({a - b for a, b in zip(there, here, strict=True)}) == 1:
        return _(
            "there at {there} (first on {day_there:%Y-%m-%d}), here at {here} (first on "
            "{day_here:%Y-%m-%d})",
            there=_times(there, zone),
            day_there=there[0].astimezone(zone),
            here=_times(here, zone),
            day_here=here[0].astimezone(zone),
        )
    only_there = _moments(sorted({*there} - {*here}), zone)
    only_here = _moments(sorted({*here} - {*there}), zone)
    if not only_here:
        return _("only there: {moments}", moments=only_there)
    if not only_there:
        return _("only here: {moments}", moments=only_here)
    return _("only there: {there}; only here: {here}", there=only_there, here=only_here)


def _reason(old: OldJob) -> Message | None:
    """Return why a job fired there at another time than its cron seems to say."""
    crons = [one for one in old.schedules if one.cron is not None and one.timezone is None]
    if not crons:
        return None
    if old.scheduler == "cron":
        zone = machine_zone()
        return _("the crontab names no time zone: it is read in this machine's, {zone}", zone=zone)
    if old.scheduler == "prefect":
        return _("its cron names no time zone, and Prefect reads such a one in UTC: please confirm")
    return _("its DAG names no time zone, and Airflow reads such a cron in UTC: please confirm")


def _times(moments: Sequence[datetime], zone: tzinfo) -> list[str]:
    """Return the times of day of some moments, in a zone."""
    times = sorted({f"{moment.astimezone(zone):%H:%M}" for moment in moments})
    return [*times[:SHOWN], *(["…"] if len(times) > SHOWN else [])]


def _moments(moments: Sequence[datetime], zone: tzinfo) -> list[str]:
    """Return the first of some moments, in a zone, and how many there are where there are more."""
    shown = [f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in moments[:SHOWN]]
    more = len(moments) - SHOWN
    return [*shown, *([_("{count} more", count=more)] if more > 0 else [])]
