"""`import --check`: whether the imported jobs are still here what they are there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from include.errors import ConfigurationError, ExpectedError
from include.language import _
from include.registry import Job, load_registry
from include.registry.checks.scripts import is_placeholder
from include.text import first_of, printable, suggestion
from manager.importing.merging import filled, known_jobs, merged
from manager.importing.old_jobs import Finding, OldJob, OldSchedule
from manager.importing.parity import Comparison, Pair, compare
from manager.importing.parity_report import print_parity
from manager.importing.recognising import read_sources
from manager.importing.record import Imported, confirm, read_records, writing
from manager.layout import Layout

SAME, DIFFERENT = 0, 1
ALL = "all"


def check(
    layout: Layout, sources: Sequence[str], python: str | None, confirmed: str | None = None
) -> int:
    """Print both tables of all imported jobs.

    Args:
        layout: whose entries they are.
        sources: the old system as it is now; none: as it was when the jobs were imported.
        python: the path of a Python that has Prefect.
        confirmed: the id of a job whose differences are meant, or `all`.

    Returns:
        0, or 1 where something of a job differs that nobody has confirmed.

    Raises:
        ConfigurationError: nothing was imported, that job was not, or that Python does not answer.
        ExpectedError: a record cannot be written, or a source cannot be read.
    """
    records = read_records(layout.root)
    if not records:
        raise ConfigurationError(
            "no job was imported here yet: `{manager} import SOURCE` does that"
        )
    registry = load_registry(layout.root)
    now_there, findings = _read(sources) if sources else (None, [])
    pairs = list(_pairs(records, registry.jobs, now_there))
    parity = compare(pairs, datetime.now(timezone.utc), python)
    if confirmed:
        parity = replace(parity, jobs=_confirmed(layout, parity.jobs, confirmed))
    print_parity(parity)
    print(*(f"{printable(str(one))}\n" for one in findings), sep="", end="")
    if registry.problems and not records.keys() <= registry.jobs.keys():
        print(_("files in which entries are not read, until this is repaired:"))
        for problem in registry.problems:
            print(f"  {problem}")
    unmeant = [one for one in parity.jobs if any(not each.is_fault for each in one.open)]
    if differing := [one.pair.record.job_id for one in unmeant]:
        print()
        print(
            _("{count} jobs differ ({jobs}): correct the entry, or the old job; what is meant to "
              "differ is confirmed by `{manager} import --confirm JOB` (or all)",
              count=len(differing), jobs=first_of(differing))
        )  # fmt: skip
    return DIFFERENT if any(one.open for one in parity.jobs) else SAME


def _read(sources: Sequence[str]) -> tuple[list[OldJob], list[Finding]]:
    """Return the jobs of the old system as it is now, and what was found in its sources.

    Raises:
        ExpectedError: one of them cannot be read.
    """
    there = read_sources(sources)
    if unread := [str(one) for _reader, read in there if read.is_unread for one in read.findings]:
        nothing = _("nothing was compared: the jobs of what cannot be read would count as gone")
        raise ExpectedError(printable("\n".join([*unread, nothing])))
    return merged(there)


def _pairs(
    records: Mapping[str, Imported], jobs: Mapping[str, Job], now_there: Sequence[OldJob] | None
) -> Iterator[Pair]:
    """Yield each imported job as it was, as it is here, and as it is there where that was read."""
    there = known_jobs(records, now_there or (), lambda old: (old.scheduler, old.name))
    for job_id, record in records.items():
        job, now = jobs.get(job_id), there.get(job_id)
        # A job that has changed over is no longer there, as it should be.
        is_gone = now_there is not None and now is None and not (job and job.enabled)
        script = job.script_path if job and not is_placeholder(job.script_path) else None
        yield Pair(record, job, script, now and _as_it_is(record.old, now), is_gone)


def _confirmed(layout: Layout, jobs: Sequence[Comparison], wanted: str) -> tuple[Comparison, ...]:
    """Write that what differs now is meant, and return the jobs so; faults are not.

    Raises:
        ConfigurationError: that job was not imported.
        ExpectedError: a record cannot be written.
    """
    known = sorted(one.pair.record.job_id for one in jobs)
    if wanted not in (ALL, *known):
        near = suggestion(wanted, known)
        raise ConfigurationError("{job} is no imported job: {near}", job=wanted, near=near)
    found = tuple(one.meant() if wanted in (ALL, one.pair.record.job_id) else one for one in jobs)
    with writing(ExpectedError):
        confirm(layout.root, {one.pair.record.job_id: one.pair.record.confirmed for one in found})
    return found


def _as_it_is(before: OldJob, now: OldJob) -> OldJob:
    """Return an old job as its sources show it now; each of its schedules is a job here."""
    schedules = [replace(one, id=None) for one in now.schedules]
    kept = tuple(one for one in before.schedules if replace(one, id=None) in schedules)
    return replace(filled(now, before), schedules=kept or _others(before, now), notes=before.notes)


def _others(before: OldJob, now: OldJob) -> tuple[OldSchedule, ...]:
    """Return the schedules that took the place of one that is gone: its own kind, else all."""
    of_its_kind = [
        one
        for one in now.schedules
        if any(bool(one.cron) == bool(other.cron) for other in before.schedules)
    ]
    return tuple(of_its_kind or now.schedules)
