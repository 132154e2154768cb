"""Several sources of one run, held against each other: one job is told once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from include.language import _
from manager.importing.old_jobs import Finding, OldJob
from manager.importing.resolving import resolved
from manager.importing.scripts import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.importing.old_jobs import Read

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
            jobs[place] = _filled(jobs[place], job)
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


def _filled(leading: OldJob, other: OldJob) -> OldJob:
    """Return a job with what only the other source says of it."""
    return replace(
        leading,
        schedules=leading.schedules or other.schedules,
        script=leading.script or other.script,
        entrypoint=leading.entrypoint or other.entrypoint,
        description=leading.description or other.description,
        tags=leading.tags or other.tags,
        timeout=leading.timeout if leading.timeout is not None else other.timeout,
        retries=leading.retries if leading.retries is not None else other.retries,
        retry_delay=leading.retry_delay if leading.retry_delay is not None else other.retry_delay,
        cwd=leading.cwd or other.cwd,
        python=leading.python or other.python,
        args=leading.args or other.args,
        env=leading.env or other.env,
        last_success=leading.last_success or other.last_success,
        deployment=leading.deployment or other.deployment,
    )


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
