"""Which job of the old system an imported one is, when its sources are read again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from manager.importing.old_jobs import OldJob
    from manager.importing.record import Imported


def known_jobs(
    records: Mapping[str, Imported],
    jobs: Sequence[OldJob],
    identity: Callable[[OldJob], Hashable],
) -> dict[str, OldJob]:
    """Return which job each imported one is there now, by its id here.

    A crontab may run one script in many lines, so that name and script tell no line from another.
    There each line is at most one job that was imported: the same line before one whose time was
    changed, that before one of the same file whose command was.

    Args:
        records: the imported jobs, by their ids.
        jobs: those of the old system.
        identity: by what one of them is known at the least.
    """
    entries: dict[Hashable, list[str]] = defaultdict(list)  # of a job: one for each schedule of it
    for job_id, one in records.items():
        entries[identity(one.old), one.old.deployment, one.old.place].append(job_id)
    found: dict[str, OldJob] = {}
    left = list(jobs)
    for key in (_line, _command, _file):
        alike: dict[Hashable, list[OldJob]] = defaultdict(list)
        for job in reversed(left):
            alike[key(job, identity)].append(job)
        taken = set()
        for ids in entries.values():
            same = alike.get(key(records[ids[0]].old, identity))
            if ids[0] in found or not same:
                continue
            job = same[-1]
            found |= dict.fromkeys(ids, job)
            if job.scheduler == "cron":
                taken.add(id(same.pop()))
        left = [job for job in left if id(job) not in taken]
    return found


def _line(job: OldJob, identity: Callable[[OldJob], Hashable]) -> tuple[Any, ...]:
    when = tuple(replace(one, id=None) for one in job.schedules)
    return (*_command(job, identity), when if job.scheduler == "cron" else None)


def _command(job: OldJob, identity: Callable[[OldJob], Hashable]) -> tuple[Any, ...]:
    return identity(job), job.deployment


def _file(job: OldJob, identity: Callable[[OldJob], Hashable]) -> tuple[Any, ...]:
    return identity(job), PurePath(job.place.file).name if job.scheduler == "cron" else None
