"""The entry of an imported job: its keys as they are written, checked as the registry does."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from include.language import _
from include.periods import Schedule
from include.registry import Job
from include.registry.constraints import LONGEST_LINE
from include.registry.paths import SCRIPTS, Folders, Project
from include.registry.paths import Place as EntryPlace
from include.registry.quantities import write_duration
from include.registry.validation import misfit
from manager.importing.old_jobs import Finding
from manager.importing.translating import UntranslatableError, cron_here, period_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, timedelta
    from pathlib import Path

    from manager.importing.old_jobs import OldJob, OldSchedule
    from manager.importing.scripts import ScriptCopy

NEEDED = ("id", "name", "cron", "period", "script")
DEFAULTS = {name: field.default for name, field in Job.model_fields.items()}
ZONE = DEFAULTS["timezone"]
CONTROL = re.compile(r"[^\S ]+|[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Wishes:
    """What the user has asked for.

    Attributes:
        root: the project root.
        sources: as they were written.
        copies: scripts are copied.
        start: the first business day that is expected; None for what each job's past says.
        now: aware.
    """

    root: Path
    sources: Sequence[str]
    now: datetime
    copies: bool = True
    start: date | None = None


class PlannedFolders(Folders):
    """The project's folders as they are when the scripts have been copied."""

    def __init__(self, root: Path, scripts: frozenset[str]) -> None:
        super().__init__(root)
        self.planned = scripts
        self.planned_folders = frozenset(
            f"{SCRIPTS}/{script}".rpartition("/")[0] for script in scripts
        )

    def check_script(self, written: str) -> str:
        """Take the path of a script that is there, or will be."""
        return written if written in self.planned else super().check_script(written)

    def check_folder(self, written: str) -> str:
        """Take the path of a folder that is there, or will be."""
        return written if written in self.planned_folders else super().check_folder(written)


def keys_of(
    job: OldJob, schedule: OldSchedule, job_id: str, script: ScriptCopy, wishes: Wishes
) -> dict[str, Any]:
    """Return the keys of a job's entry with their values, as they are written.

    Raises:
        UntranslatableError: no cron is the same as its schedule.
    """
    zone = schedule.timezone or ZONE
    try:
        today = wishes.now.astimezone(ZoneInfo(zone)).date()
    except (ValueError, KeyError, OSError):  # OSError: the name of a folder of zones
        text = _("time zone {zone} is not known, so that nobody can tell when it runs: correct it "
                 "there, as in Asia/Shanghai, or write an entry", zone=zone)  # fmt: skip
        raise UntranslatableError(text) from None
    cron = cron_here(schedule, zone)
    period = period_of(cron)
    folder = f"{SCRIPTS}/{script.new}".rpartition("/")[0]
    written = {
        "id": job_id,
        "name": CONTROL.sub(" ", job.name).strip()[:LONGEST_LINE],
        "description": job.description.strip(),
        "cron": cron,
        "timezone": zone,
        "period": period,
        "script": script.new,
        "args": [word.replace("{", "{{").replace("}", "}}") for word in job.args],
        "env": {name: value for name, value in job.env.items() if name != "TZ"},
        "cwd": folder,
        "python": job.python if job.python and job.python.startswith("/") else None,
        "tags": list(dict.fromkeys(job.tags)),
        "enabled": False,
        "retries": job.retries,
        "retry_delay": _duration(job.retry_delay),
        "timeout": _duration(job.timeout),
        "start": (wishes.start or _start(job, Schedule(cron, period, zone), today)).isoformat(),
    }
    shown = {"retry_delay": "5m", "timeout": "1h"}
    return {
        key: value
        for key, value in written.items()
        if value is not None and value != shown.get(key, DEFAULTS[key])
    }


def checked(
    values: dict[str, Any], job: OldJob, project: Project
) -> tuple[tuple[dict[str, Any], Job] | None, list[Finding]]:
    """Return the keys that the registry takes, the job they make, and what it does not take.

    None, and why, where it does not take one that an entry needs.
    """
    findings: list[Finding] = []
    values = deepcopy(values)
    for _attempt in range(len(values) + 50):
        try:
            place = EntryPlace(project, job.place.file, job.place.line)
            made = Job.model_validate(values, context=place)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                key = str(one["loc"][0])
                reason = misfit(one)
                text = _("{name}: {key} {reason}: it is left out", name=job.name, key=key,
                         reason=reason)  # fmt: skip
                if key in NEEDED:
                    text = _("{name}: {key} {reason}: the job is not imported", name=job.name,
                             key=key, reason=reason)  # fmt: skip
                findings.append(Finding(job.place, text))
                if key in NEEDED:
                    return None, findings
                _leave_out(values, one["loc"])
            continue
        return (values, made), findings
    return None, findings


def _leave_out(values: dict[str, Any], path: tuple[int | str, ...]) -> None:
    """Remove the part of an entry that is invalid: of `env` one variable, else the whole key."""
    key = str(path[0])
    if key == "env" and len(path) > 1 and isinstance(values.get("env"), dict):
        values["env"].pop(path[1], None)
        if values["env"]:
            return
    values.pop(key, None)


def _duration(span: timedelta | None) -> str | None:
    """Write a duration as entries do; none for one that is longer or shorter than they allow."""
    return write_duration(span) if span is not None else None


def _start(job: OldJob, schedule: Schedule, today: date) -> date:
    """Return the first business day that is expected: the one after that of its last good run."""
    if job.last_success is None:
        return today
    try:
        return min(today, schedule.following(schedule.covered_by(job.last_success)).first_day)
    except (ValueError, OverflowError):
        return today


def notes_on(job: OldJob, values: Mapping[str, Any]) -> list[Finding]:
    """Return what an entry does otherwise than the old job did, and its keys do not show."""
    found = []
    if job.python and "python" not in values:
        text = _("{name}: it ran with {python}, which is not here: the service's Python runs it; "
                 "write 'python' where it needs packages of its own", name=job.name,
                 python=job.python)  # fmt: skip
        found.append(Finding(job.place, text))
    if "TZ" in job.env and job.env["TZ"] != values.get("timezone", ZONE):
        text = _("{name}: TZ={zone} is left out, since the runner sets TZ to the job's timezone",
                 name=job.name, zone=job.env["TZ"])  # fmt: skip
        found.append(Finding(job.place, text))
    return found
