"""What an import would write: an entry for each job, and what is not carried over."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.language import _
from include.registry import load_registry
from include.registry.constraints import LONGEST_LINE
from include.registry.paths import Project
from manager.importing.entries import PlannedFolders, Wishes, checked, keys_of, notes_on
from manager.importing.identifiers import id_from, ids_for
from manager.importing.merging import by_function, flow_of, known_jobs, merged
from manager.importing.old_jobs import Finding, OldJob
from manager.importing.record import Imported, read_records
from manager.importing.script_findings import findings_in
from manager.importing.scripts import ScriptCopy, ScriptFinder, key_of
from manager.importing.source_text import is_file, is_folder
from manager.importing.translating import UntranslatableError, active_schedules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.language import Message
    from include.registry import Job
    from manager.importing.old_jobs import Flow, OldSchedule, Read


@dataclass(frozen=True)
class PlannedEntry:
    """One entry.

    Attributes:
        job: what it is there.
        values: its keys, as they are written.
        made: the job that they make here.
        script: what its script is, and where it goes.
        ours: the job of the same name that is here already; None where there is none.
        is_start_wished: the user has named the first day that is expected.
    """

    job: OldJob
    values: Mapping[str, Any]
    made: Job
    script: ScriptCopy
    ours: Job | None = None
    is_start_wished: bool = False

    @property
    def id(self) -> str:
        """Its id."""
        return self.made.id

    @property
    def record(self) -> Imported:
        """What is kept of it beside its entry."""
        start = None if self.is_start_wished else self.made.start
        return Imported(self.id, self.job, self.ours.id if self.ours else None, start)


@dataclass(frozen=True)
class Plan:
    """What an import would write.

    Attributes:
        entries: in the order of the sources.
        copies: the scripts, each once; also those that were missing when their job was imported.
        known: the jobs that were imported before.
        findings: what is not carried over, and what a person must look at.
        not_imported: how many jobs of the old system get no entry.
    """

    entries: tuple[PlannedEntry, ...]
    copies: tuple[ScriptCopy, ...]
    known: tuple[Imported, ...]
    findings: tuple[Finding, ...]
    not_imported: int


def make_plan(read: Sequence[tuple[str, Read]], wishes: Wishes) -> Plan:
    """Plan an import; nothing is written.

    Args:
        read: what each reader has returned, with its name.
        wishes: what the user has asked for.

    Raises:
        ConfigurationError: the record of an earlier import is not as it was written.
    """
    jobs, findings = merged(read)
    present = load_registry(wishes.root).jobs
    records = read_records(wishes.root, present)
    before = known_jobs(records, jobs, identity_of)
    known = [records[job_id] for job_id in before]
    there = {id(job) for job in before.values()}
    fresh = [job for job in jobs if id(job) not in there]
    flows = [flow for _reader, one in read for flow in one.flows]
    runnable = _runnable(fresh, flows, findings)
    finder = ScriptFinder(wishes.root, _folders(wishes.sources), wishes.copies)
    copies = finder.plan(jobs)  # of all, so that one that comes later lies where it would have
    ids = ids_for([job for job, _schedule in runnable], present, records)
    maker = _Maker(wishes, present, copies, findings)
    made = [maker.entry(*one, job_id) for one, job_id in zip(runnable, ids, strict=True)]
    entries = tuple(one for one in made if one is not None)
    used = {entry.script.new for entry in entries}
    kept = tuple(copy for copy in copies.values() if copy.new in used)
    kept += tuple(
        finder.late((one.old, present[one.job_id].script) for one in known if one.job_id in present)
    )
    findings += [*finder.findings, *findings_in(map(_files, kept))]
    with_entry = {(entry.job.place, identity_of(entry.job)) for entry in entries}
    not_imported = sum((job.place, identity_of(job)) not in with_entry for job in fresh)
    return Plan(entries, kept, tuple(known), tuple(dict.fromkeys(findings)), not_imported)


class _Maker:
    """Makes the entries of an import."""

    def __init__(
        self,
        wishes: Wishes,
        present: Mapping[str, Job],
        copies: Mapping[str, ScriptCopy],
        findings: list[Finding],
    ) -> None:
        self.wishes = wishes
        self.copies = copies
        self.findings = findings
        self.ours = _Ours(present)
        planned = frozenset(copy.new for copy in copies.values())
        self.project = Project(PlannedFolders(wishes.root, planned))

    def entry(self, job: OldJob, schedule: OldSchedule, job_id: str) -> PlannedEntry | None:
        """Return an entry; None, and a finding, where there can be none."""
        script = self.copies[key_of(job)]
        settled = replace(job, python=job.python if is_file(job.python or "") else None)
        try:
            values = keys_of(settled, schedule, job_id, script, self.wishes)
        except UntranslatableError as error:
            self.findings.append(Finding(job.place, f"{job.name}: {error}"))
            return None
        same = self.ours.same_as(job)
        if same is not None and same.name == values["name"]:
            values["name"] = _("{name} (old script)", name=values["name"])[:LONGEST_LINE]
        kept, wrong = checked(values, job, self.project)
        if kept is not None:
            wrong += notes_on(job, kept[0])
        self.findings += wrong
        if kept is None:
            return None
        noted = replace(job, notes=(*job.notes, *(one.text for one in wrong)))
        return PlannedEntry(noted, *kept, script, same, self.wishes.start is not None)


class _Ours:
    """Finds the job that is here already under another job's name."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self.by_name = {job.name: job for job in jobs.values()}
        # PDDKPI日报 has no word's end that pdd_kpi_daily has.
        self.by_id = {job.id.replace("_", ""): job for job in jobs.values()}

    def same_as(self, job: OldJob) -> Job | None:
        """Return it; None where there is none."""
        if named := self.by_name.get(job.name.strip()):
            return named
        *folders, stem = re.split(r"[/\\]", (job.script or "").rpartition(".")[0])
        texts = (stem, "_".join([*folders[-1:], stem]), job.name)
        found = (self.by_id.get(id_from(text).replace("_", "")) for text in texts)
        return next(filter(None, found), None)


def _runnable(
    jobs: Sequence[OldJob], flows: Sequence[Flow], findings: list[Finding]
) -> list[tuple[OldJob, OldSchedule]]:
    """Return each job with a schedule of it; what runs no script is a finding."""
    found = []
    functions = by_function(flows)
    for job in jobs:
        if job.script is None:
            if job.deployment is None and any(one.place == job.place for one in findings):
                continue  # its flow is not known, which is said already
            findings.append(Finding(job.place, _without_script(job, flow_of(job, functions))))
            continue
        schedules = active_schedules(job)
        if not schedules:
            text = _("{name}: it has no schedule, and was only started by hand: it is left out, "
                     "write an entry with 'enabled: false' where it is to be kept",
                     name=job.name)  # fmt: skip
            findings.append(Finding(job.place, text))
        if len(schedules) > 1:
            text = _("{name}: it has {count} schedules, and becomes a job for each", name=job.name,
                     count=len(schedules))  # fmt: skip
            findings.append(Finding(job.place, text))
        found += [(replace(job, schedules=(one,)), one) for one in schedules]
    return found


def _without_script(job: OldJob, flow: Flow | None) -> Message:
    unknown = [str(call.place) for call in flow.calls if call.script is None] if flow else []
    if unknown:
        return _("{name}: it runs the function {entrypoint}, and only the running program knows "
                 "with which script ({places}): write its path there as text, or write an entry",
                 name=job.name, entrypoint=job.entrypoint, places=unknown)  # fmt: skip
    if job.entrypoint:
        return _("{name}: it runs the function {entrypoint}, of which no script is known: "
                 "name its file, too, or make what it does a script of its own",
                 name=job.name, entrypoint=job.entrypoint)  # fmt: skip
    return _("{name}: no script is known that it runs: it is not imported", name=job.name)


def identity_of(job: OldJob) -> tuple[str, str, str]:
    """Return what tells a job from all others of the old system, in two imports."""
    return (job.scheduler, job.name, key_of(job))


def _folders(sources: Sequence[str]) -> list[Path]:
    """Return the folders in which scripts are looked for."""
    paths = [Path(source) for source in sources if "://" not in source]
    return list(
        dict.fromkeys((path if is_folder(path) else path.parent).absolute() for path in paths)
    )


def _files(copy: ScriptCopy) -> list[Path]:
    """Return the files of a script that are on this machine."""
    return [*([copy.found] if copy.found else []), *(path for path, _new in copy.modules)]
