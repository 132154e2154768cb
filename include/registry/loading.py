"""Loads the registry: every valid job and every problem, whatever the files hold."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.errors import reason_of
from include.language import N_, _
from include.registry.contracts.loading import load_contracts
from include.registry.entries import Entry, alone, read_entries
from include.registry.following import settled
from include.registry.paths import SHOPS_FILE, TASKS_FOLDER, Folders, Place, Project
from include.registry.platforms import PLATFORMS
from include.registry.problems import BY_PLACE, Problem, costing_only
from include.registry.registry import Registry
from include.registry.schema import Job
from include.registry.shops import RESTORE, Shops, load_shops
from include.registry.user_files import UnreadableError, read_bytes, unread_tasks
from include.registry.validation import models_of

if TYPE_CHECKING:
    from pathlib import Path

CLASH = N_(
    "id '{id}' is also at {file}:{line}: neither runs until one of them has another id, or is "
    "removed"
)


def load_registry(root: Path = PROJECT_ROOT, *, only: str | None = None) -> Registry:
    """Read a project's jobs and shops; nothing that is written there makes it raise.

    Args:
        root: the project root.
        only: a job's id; what does not name it is not parsed, and no other job is in the result.
    """
    names, problems = _task_files(root)
    files: dict[str, bytes] = {}
    for name in names:
        try:
            files[name] = read_bytes(root, name)
        except UnreadableError as error:  # noqa: PERF203 - each file for itself
            problems.append(error.problem)
    shops = Shops({}, [], exists=True)
    with costing_only(SHOPS_FILE, 1, None, shops.problems):
        shops = load_shops(root)
    platforms = {*PLATFORMS, *(shop.platform for shop in shops.by_id.values())}
    known = None if shops.problems else frozenset(platforms)
    project = Project(Folders(root), known, shops.connections())
    jobs, found = _jobs(project, files) if only is None else _one_job(project, files, only)
    problems += [*found, *shops.problems]
    if not shops.exists and any(job.platform for job in jobs.values()):
        # Jobs would run for no shop at all and nobody would know.
        message = _("is not there, but jobs have a platform: {repair}", repair=_(RESTORE))
        problems.append(Problem(SHOPS_FILE, 1, 1, None, message))
    problems.sort(key=BY_PLACE)
    return Registry(jobs, problems, shops.by_id)


def _task_files(root: Path) -> tuple[list[str], list[Problem]]:
    try:
        names = sorted(os.listdir(root / TASKS_FOLDER))  # noqa: PTH208 - a Path each is not needed
    except OSError as error:
        message = _(
            "cannot be listed ({reason}): make this folder, with a file of tasks",
            reason=reason_of(error),
        )
        return [], [Problem(TASKS_FOLDER, 1, 1, None, message)]
    read = [name for name in names if name.endswith(".yaml") and not name.startswith(".")]
    others = [name for name in names if name not in read] if len(read) < len(names) else []
    problems: list[Problem] = []
    with costing_only(TASKS_FOLDER, 1, None, problems):
        problems.extend(unread_tasks(root, others))
    return [f"{TASKS_FOLDER}/{name}" for name in read], problems


def _one_job(
    project: Project, files: dict[str, bytes], job_id: str
) -> tuple[dict[str, Job], list[Problem]]:
    """Parse as little as finds the job: its entry, else the files that name it, else all files."""
    name = job_id.encode()
    word = re.compile(rb"(?<![a-z0-9_])" + re.escape(name) + rb"(?![a-z0-9_])")
    # The plain search, first, is many times faster.
    naming = {file: raw for file, raw in files.items() if name in raw and word.search(raw)}
    entry = {file: alone(raw, job_id) for file, raw in naming.items()}
    jobs, problems = _jobs(project, entry, job_id)
    for more in (naming, files):  # YAML can spell an id in ways that no search finds
        if not jobs:
            jobs, problems = _jobs(project, more, job_id)
    if any(job.after for job in jobs.values()):  # when it is due depends on others
        jobs, problems = _jobs(project, files)
        jobs = {job_id: jobs[job_id]} if job_id in jobs else {}
    return jobs, problems


def _jobs(
    project: Project, files: dict[str, bytes], only: str | None = None
) -> tuple[dict[str, Job], list[Problem]]:
    """Make a job of each entry; whatever goes wrong with one costs that one."""
    problems: list[Problem] = []
    read = (
        entry for file, raw in files.items() for entry in read_entries(file, raw, "tasks", problems)
    )
    entries = [entry for entry in read if only in (None, entry.said_id)]

    def place(entry: Entry) -> Place:
        return Place(project, entry.file, entry.line)

    made, rivals = models_of(entries, Job, place, CLASH, problems)
    valid = {entry: job for entry, job in made.items() if entry not in rivals}
    if only is None and any(job.after for job in valid.values()):
        contracts = load_contracts(project.folders.root)
        return settled(valid, contracts, problems), problems
    return {job.id: job for job in valid.values()}, problems
