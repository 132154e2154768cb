"""Whether jobs are here what they were in the old scheduler: thirty days of fires, and the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import NamedTuple

from include.language import Message, _
from include.registry import Job
from include.registry.paths import SCRIPTS
from include.registry.quantities import write_duration
from manager.importing.fire_times import DAY, UnknownFiresError, machine_zone, new_fires, old_fires
from manager.importing.old_jobs import OldJob, OldSchedule
from manager.importing.old_library import Library, ask_prefect
from manager.importing.record import Imported
from manager.importing.scripts import key_of
from manager.importing.translating import active_schedules

WINDOW = 30 * DAY
SHOWN = 3  # moments, or times of day, that a line names
UTC = timezone.utc


class Pair(NamedTuple):
    """One job there and here.

    Attributes:
        record: what it was, and which differences are meant.
        job: what it is; None where it has no entry any more.
        script: its file, where that can be read; None for none.
        now: what it is there now; None where nobody has looked, or it is there no more.
        is_gone: it is there no more, and not enabled here.
    """

    record: Imported
    job: Job | None
    script: Path | None
    now: OldJob | None = None
    is_gone: bool = False

    @property
    def old(self) -> OldJob:
        """What it is there, as far as that is known."""
        return self.now or self.record.old


class Difference(NamedTuple):
    """One thing that is otherwise here than there.

    Attributes:
        key: what it is about.
        value: both sides, in no language; one that is confirmed is so as long as this stays.
        text: the same for people.
        is_fault: nobody can mean it.
    """

    key: str
    value: str
    text: str
    is_fault: bool = False


@dataclass(frozen=True)
class Comparison:
    """One job there and here.

    Attributes:
        pair: both.
        there: when it fired there, in UTC; None where that is unknown.
        here: when it fires here.
        differences: all of them; fire times first.
        reason: why it fires at other times, where that is known.
    """

    pair: Pair
    there: tuple[datetime, ...] | None
    here: tuple[datetime, ...]
    differences: tuple[Difference, ...]
    reason: Message | None = None

    def is_confirmed(self, difference: Difference) -> bool:
        """Return whether a difference is meant."""
        return self.pair.record.confirmed.get(difference.key) == difference.value

    def meant(self) -> "Comparison":
        """Return it with all that differs confirmed; faults are not."""
        confirmed = {one.key: one.value for one in self.differences if not one.is_fault}
        record = replace(self.pair.record, confirmed=confirmed)
        return replace(self, pair=self.pair._replace(record=record))

    @property
    def open(self) -> list[Difference]:
        """What nobody has confirmed."""
        return [one for one in self.differences if not self.is_confirmed(one)]


@dataclass(frozen=True)
class Parity:
    """All of them.

    Attributes:
        jobs: in the order in which they were asked for.
        by: who says when they fired there: `Prefect 3.9.1`, or None for the documented rules.
    """

    jobs: tuple[Comparison, ...]
    by: str | None = None


def compare(pairs: Sequence[Pair], now: datetime, python: str | None = None) -> Parity:
    """Compare jobs from today's midnight on.

    Args:
        pairs: each there and here.
        now: aware.
        python: the path of a Python that has Prefect.

    Raises:
        ConfigurationError: that Python does not answer.
    """
    library = None
    if python:
        olds = [pair.old for pair in pairs if pair.old.scheduler == "prefect"]
        schedules = list(dict.fromkeys(one for old in olds for one in old.schedules))
        library = ask_prefect(python, schedules, now - 2 * DAY, now + WINDOW + 2 * DAY)
    found = tuple(_compared(pair, now, library) for pair in pairs)
    return Parity(found, f"Prefect {library.version}" if library else None)


def _compared(pair: Pair, now: datetime, library: Library | None) -> Comparison:
    old, job = pair.old, pair.job
    schedule = job.schedule if job and job.cron else None
    zone = schedule.zone if schedule else UTC
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight.astimezone(UTC)
    window = first, first + WINDOW
    try:
        there: tuple[datetime, ...] | None = tuple(_there(old, window, library))
        why = None
    except UnknownFiresError as error:
        there, why = None, error.args[0]
    here = new_fires(schedule, *window) if schedule else ()
    if job is None:
        text = _("it has no entry here any more")
        return Comparison(pair, there, here, (Difference("entry", "-", text),))
    differences: list[Difference] = []
    reason = None
    if pair.is_gone:
        text = _("its old job is not in these sources any more, and it is not enabled here")
        differences.append(Difference("gone", "-", text))
    said = why or _difference(there or (), here, zone)
    if said is not None:
        differences.append(Difference("fires", _value(old, job), said))
        reason = _reason(old) if there else None
    differences += _in_running(pair, old, job)
    return Comparison(pair, there, here, tuple(differences), reason)


def _in_running(pair: Pair, old: OldJob, job: Job) -> Iterator[Difference]:
    """Yield what is otherwise in how a job runs; what the old system does not say is not."""
    sides = {
        "timeout": (_span(old.timeout), write_duration(job.timeout)),
        "retries": (None if old.retries is None else str(old.retries), str(job.retries)),
        "delay": (_span(old.retry_delay), write_duration(job.retry_delay)),
        "folder": (None if _is_same_folder(old, job) else old.cwd, job.cwd),
        "python": (old.python, str(job.python_path or "-")),
    }
    for key, (there, here) in sides.items():
        if there not in (None, here):
            said = _("the service's") if here == "-" else here
            yield Difference(key, f"{there} > {here}", f"{there} > {said}")
    before = pair.record.old
    if key_of(old) != key_of(before):
        text = _("it runs {now} there now, and {before} was imported", now=old.script or "-",
                 before=before.script or "-")  # fmt: skip
        yield Difference("runs", f"{old.script} > {job.script}", text)
    if pair.script is None:
        yield Difference("script", job.script, job.script, is_fault=True)
    if pair.now and job.enabled and old.is_enabled and any(one.is_active for one in old.schedules):
        yield Difference("both", "-", "-", is_fault=True)


def _is_same_folder(old: OldJob, job: Job) -> bool:
    """Return whether a job runs in its old folder, or in its script's on both sides."""
    if job.cwd != f"{SCRIPTS}/{job.script}".rpartition("/")[0]:
        return job.cwd == old.cwd
    there = key_of(replace(old, script=(old.cwd or "").rstrip("/"), cwd=None))
    return there == key_of(old).rpartition("/")[0]


def _span(span: timedelta | None) -> str | None:
    return None if span is None else write_duration(span)


def shown(schedule: OldSchedule) -> str:
    """Return a schedule as its source writes it."""
    if schedule.cron is not None:
        return " ".join(schedule.cron.split())
    if schedule.interval is not None:
        return _("every {time}", time=write_duration(schedule.interval))
    return " ".join((schedule.rrule or "").split())


def _value(old: OldJob, job: Job) -> str:
    """Return the schedules of both sides, in no language."""
    there = [
        f"{one.cron or one.rrule or one.interval} {one.timezone} {one.anchor or ''}".strip()
        for one in active_schedules(old)
    ]
    return f"{'; '.join(there)} > {job.cron} {job.timezone}"


def _there(
    old: OldJob, window: tuple[datetime, datetime], library: Library | None
) -> list[datetime]:
    """Return when a job fired; of one that is switched off, when it would have."""
    found: set[datetime] = set()
    for schedule in active_schedules(old):
        if library and old.scheduler == "prefect":
            found.update(library.between(schedule, *window))
        else:
            found.update(old_fires(schedule, old.scheduler, *window))
    return sorted(found)


def _difference(
    there: tuple[datetime, ...], here: tuple[datetime, ...], zone: tzinfo
) -> Message | None:
    if there == here:
        return None
    if not here:
        return _("it fires {count} times there, and never here", count=len(there))
    if not there:
        return _("it never fires there by schedule, and {count} times here", count=len(here))
    return _between(there, here, zone)


def _between(there: tuple[datetime, ...], here: tuple[datetime, ...], zone: tzinfo) -> Message:
    """Return how fire times differ: all by the same time, else which only one side has."""
    if len(there) == len(here) and len({a - b for a, b in zip(there, here, strict=True)}) == 1:
        return _("there at {there} (first on {day_there:%Y-%m-%d}), here at {here} (first on "
                 "{day_here:%Y-%m-%d})", there=_times(there, zone),
                 day_there=there[0].astimezone(zone), here=_times(here, zone),
                 day_here=here[0].astimezone(zone))  # fmt: skip
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
