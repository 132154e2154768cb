"""Which jobs of several sources are one: told once, with its script; and which was imported."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import fields, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from include.language import _
from manager.importing.flow_functions import jobs_of
from manager.importing.old_jobs import Finding, OldJob, Place
from manager.importing.scripts import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from manager.importing.old_jobs import Flow, Read
    from manager.importing.record import Imported

# What really was scheduled leads over what a file says.
LEADING = ("prefect_database", "prefect_api")


def merged(sources: Sequence[tuple[str, Read]]) -> tuple[list[OldJob], list[Finding]]:
    """Return each job once, and what differs between its sources.

    Args:
        sources: what each reader has returned, with the reader's name.
    """
    findings = [finding for _reader, read in sources for finding in read.findings]
    ordered = sorted(sources, key=lambda one: one[0] not in LEADING)
    jobs: list[OldJob] = []
    for number, (_reader, read) in enumerate(ordered):
        if not number:
            jobs += read.jobs
            continue
        known = _known(jobs)
        matched: set[int] = set()
        for job in read.jobs:
            place = next((known[key] for key in _keys(job) if key in known), None)
            if place is None or place in matched:
                jobs.append(job)
                continue
            matched.add(place)
            findings += _differences(jobs[place], job)
            jobs[place] = filled(jobs[place], job)
    jobs, found = resolved(jobs, [flow for _reader, read in sources for flow in read.flows])
    return jobs, list(dict.fromkeys(findings + found))


def _keys(job: OldJob) -> list[tuple[str, str]]:
    """Return by what a job is known, the surest first."""
    keys = [("name", job.name)]
    if job.entrypoint:
        keys.append(("entrypoint", re.split(r"[/\\]", job.entrypoint)[-1]))
    if job.script:
        keys.append(("script", key_of(job)))
    return keys


def _known(jobs: Sequence[OldJob]) -> dict[tuple[str, str], int]:
    """Return the place of each job by what it alone has."""
    every: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, job in enumerate(jobs):
        for key in _keys(job):
            every[key].append(place)
    return {key: places[0] for key, places in every.items() if len(places) == 1}


def filled(leading: OldJob, other: OldJob) -> OldJob:
    """Return a job with what only the other source says of it."""
    lacks = [one.name for one in fields(OldJob) if getattr(leading, one.name) in (None, "", (), {})]
    notes = tuple(dict.fromkeys([*leading.notes, *other.notes]))
    return replace(leading, **{**{name: getattr(other, name) for name in lacks}, "notes": notes})


def _differences(leading: OldJob, other: OldJob) -> list[Finding]:
    def crons(job: OldJob) -> list[str]:
        return sorted(
            " ".join(f"{one.cron} {one.timezone or ''}".split())
            for one in job.schedules
            if one.cron
        )

    found = []
    mine, theirs = crons(leading), crons(other)
    if mine and theirs and Counter(mine) != Counter(theirs):
        text = _("{name}: {first} says {mine}, {second} says {theirs}: the first is taken, since "
                 "that is what was scheduled", name=leading.name, first=str(leading.place),
                 mine=mine, second=str(other.place), theirs=theirs)  # fmt: skip
        found.append(Finding(other.place, text))
    if leading.is_enabled != other.is_enabled:
        state = {True: _("switched on"), False: _("switched off")}
        text = _("{name}: it is {mine} at {first}, and {theirs} here: the first is taken",
                 name=leading.name, first=str(leading.place), mine=state[leading.is_enabled],
                 theirs=state[other.is_enabled])  # fmt: skip
        found.append(Finding(other.place, text))
    if leading.script and other.script and key_of(leading) != key_of(other):
        text = _("{name}: it runs {mine} at {first}, and {theirs} here: the first is taken",
                 name=leading.name, first=str(leading.place), mine=leading.script,
                 theirs=other.script)  # fmt: skip
        found.append(Finding(other.place, text))
    return found


def resolved(jobs: Sequence[OldJob], flows: Sequence[Flow]) -> tuple[list[OldJob], list[Finding]]:
    """Return jobs with the scripts of their flows, and the flows that none of the jobs runs.

    Args:
        jobs: of all sources, each once.
        flows: of all programs.
    """
    found: list[OldJob] = []
    scheduled: set[Place] = set()
    known = by_function(flows)
    for job in jobs:
        flow = flow_of(job, known)
        if flow is not None:
            scheduled.add(flow.place)
        found += [job] if flow is None or job.script is not None else jobs_of(job, flow)
    left = [flow for flow in flows if flow.place not in scheduled]
    if left and not scheduled:
        files = list(dict.fromkeys(flow.place.file for flow in left))
        text = _("nothing that was read schedules the flows of {files}: name the file with "
                 "TASK_CONFIGS, prefect.yaml, Prefect's database or the address of its API, too",
                 files=files)  # fmt: skip
        return found, [Finding(Place(files[0]), text)]
    return found, [
        Finding(flow.place, _("nothing that was read names flow {flow}: it never ran by schedule",
                              flow=flow.function))
        for flow in left
    ]  # fmt: skip


def by_function(flows: Sequence[Flow]) -> Mapping[tuple[str, str], list[Flow]]:
    """Return flows by the names of file and function."""
    found: dict[tuple[str, str], list[Flow]] = defaultdict(list)
    for flow in flows:
        found[Path(flow.place.file).name, flow.function].append(flow)
    return found


def flow_of(job: OldJob, flows: Mapping[tuple[str, str], Sequence[Flow]]) -> Flow | None:
    """Return the flow that `flows/orders.py:orders` names; of files of one name the nearest."""
    file, _colon, function = (job.entrypoint or "").rpartition(":")
    path = re.split(r"[/\\]", file)

    def alike(flow: Flow) -> int:
        parts = Path(flow.place.file).absolute().parts
        return sum(parts[-n:] == tuple(path[-n:]) for n in range(1, len(path) + 1))

    return max(flows.get((path[-1], function), ()), key=alike, default=None)


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
