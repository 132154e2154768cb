"""`import --check`: whether the imported jobs still fire here when they fire there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

from include import MANAGER
from include.errors import ConfigurationError
from include.language import _
from include.registry import load_registry
from manager.importing.merging import merged
from manager.importing.old_jobs import OldJob, OldSchedule
from manager.importing.parity import compare, registered
from manager.importing.parity_report import print_parity
from manager.importing.recognising import read_sources
from manager.importing.record import read_records
from manager.layout import Layout
from manager.table import lined_up

SAME, DIFFERENT = 0, 1


def check(layout: Layout, sources: Sequence[str], python: str | None) -> int:
    """Print both tables of all imported jobs.

    Args:
        layout: whose entries they are.
        sources: the old system as it is now; none: as it was when the jobs were imported.
        python: the path of a Python that has Prefect.

    Returns:
        0, or 1 where a job fires at other times than there, or is missing on a side.

    Raises:
        ConfigurationError: nothing was imported, or that Python does not answer.
    """
    records = read_records(layout.root)
    if not records:
        raise ConfigurationError(
            _("no job was imported here yet: `{command} import SOURCE` does that", command=MANAGER)
        )
    registry = load_registry(layout.root)
    jobs = registry.jobs
    now_there, findings = merged(read_sources(sources)) if sources else ([], [])
    by_name = {(job.scheduler, job.name): job for job in now_there}
    pairs, gone = [], []
    for job_id, record in records.items():
        old: OldJob | None = record.old
        if sources:
            old = _as_it_is(record.old, by_name.get((record.old.scheduler, record.old.name)))
        if old is None:
            gone.append([job_id, _("its old job is not in these sources any more")])
        else:
            pairs.append((old, registered(jobs[job_id]) if job_id in jobs else None))
    parity = compare(pairs, datetime.now(timezone.utc), python)
    print_parity(parity)
    for line in [*map(str, findings), *lined_up(gone)]:
        print(line)
    if registry.problems and not records.keys() <= jobs.keys():
        print(_("files in which entries are not read, until this is repaired:"))
        for problem in registry.problems:
            print(f"  {problem}")
    return DIFFERENT if parity.differ or gone else SAME


def _as_it_is(before: OldJob, now: OldJob | None) -> OldJob | None:
    """Return an old job as its sources show it now; each of its schedules is a job here."""
    if now is None:
        return None
    schedules = [replace(one, id=None) for one in now.schedules]
    kept = tuple(one for one in before.schedules if replace(one, id=None) in schedules)
    return replace(before, schedules=kept or _others(before, now), is_enabled=now.is_enabled)


def _others(before: OldJob, now: OldJob) -> tuple[OldSchedule, ...]:
    """Return the schedules that took the place of one that is gone: its own kind, else all."""
    of_its_kind = [
        one
        for one in now.schedules
        if any(bool(one.cron) == bool(other.cron) for other in before.schedules)
    ]
    return tuple(of_its_kind or now.schedules)
