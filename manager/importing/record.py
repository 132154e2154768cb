"""What an import leaves beside its entries: what each job was in the old system, as JSON.

`config/tasks/imported.json` stands beside `config/tasks/imported.yaml`: an object with a key
`jobs`, which has each imported job's id.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import escape
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError
from include.language import _
from include.registry.paths import TASKS_FOLDER
from manager.importing.old_jobs import OldJob, OldSchedule, Place
from manager.importing.source_text import UnreadableSourceError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX = ".json"
VERSION = 1
# Keys of a job and its schedules that are texts where they are there.
TEXTS = ("name", "file", "scheduler", "script", "entrypoint", "cwd", "python", "deployment", "ours",
         "cron", "timezone", "rrule", "id")  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """One imported job.

    Attributes:
        job_id: of its entry here.
        old: what it was there; `env`, `args`, `description` and `tags` stand in the entry alone.
        ours: the id of the delivered job of the same name, beside which it was written; None where
            there is none.
    """

    job_id: str
    old: OldJob
    ours: str | None = None


def read_records(root: Path) -> dict[str, Imported]:
    """Return every imported job of a project, by its id here.

    Raises:
        ConfigurationError: a record is not as it was written.
    """
    found: dict[str, Imported] = {}
    for path in sorted((root / TASKS_FOLDER).glob(f"*{SUFFIX}")):
        found |= read_record(path)
    return found


def read_record(path: Path) -> dict[str, Imported]:
    """Return the jobs of one import, by their ids here.

    Raises:
        ConfigurationError: the record is not as it was written.
    """
    try:
        written = json.loads(read_bytes(path))["jobs"]
        return {job_id: _from_json(job_id, one) for job_id, one in written.items()}
    except (UnreadableSourceError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            _(
                "{file} is not the record of an import: restore it from a backup, or remove it "
                "and import again",
                file=f"{TASKS_FOLDER}/{path.name}",
            )
        ) from error


def as_json(jobs: Mapping[str, Imported]) -> str:
    """Return the text of a record."""
    document = {"version": VERSION, "jobs": {one.job_id: _to_json(one) for one in jobs.values()}}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file, or leave what is there as it is; its rights stay, and a link to it.

    Raises:
        OSError: it cannot be written.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    # A name that the registry takes for what an editor leaves beside a file.
    prefix = f".{path.name}."
    for left in path.parent.glob(f"{escape(prefix)}*.tmp"):  # by a process that was killed
        left.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _to_json(imported: Imported) -> dict[str, Any]:
    old = imported.old
    found = {
        "ours": imported.ours,
        "name": old.name,
        "file": old.place.file,
        "line": old.place.line,
        "scheduler": old.scheduler,
        "script": old.script,
        "entrypoint": old.entrypoint,
        "enabled": old.is_enabled,
        "timeout": _seconds(old.timeout),
        "retries": old.retries,
        "retry_delay": _seconds(old.retry_delay),
        "cwd": old.cwd,
        "python": old.python,
        "last_success": old.last_success.isoformat() if old.last_success else None,
        "deployment": old.deployment,
        "schedules": [
            {
                "cron": one.cron,
                "timezone": one.timezone,
                "interval": _seconds(one.interval),
                "anchor": one.anchor.isoformat() if one.anchor else None,
                "rrule": one.rrule,
                "day_or": one.day_or,
                "active": one.is_active,
                "id": one.id,
            }
            for one in old.schedules
        ],
    }
    return {key: value for key, value in found.items() if value is not None}


def _from_json(job_id: str, one: Mapping[str, Any]) -> Imported:
    """Return an imported job as it was written.

    Raises:
        KeyError, TypeError, ValueError: something of it is not as it was written.
    """
    for said in (one, *one["schedules"]):
        if any(not isinstance(said.get(key), (str, NoneType)) for key in TEXTS):
            raise TypeError
    schedules = tuple(
        OldSchedule(
            cron=each.get("cron"),
            timezone=each.get("timezone"),
            interval=_span(each.get("interval")),
            anchor=_moment(each.get("anchor")),
            rrule=each.get("rrule"),
            day_or=each.get("day_or", True),
            is_active=each["active"],
            id=each.get("id"),
        )
        for each in one["schedules"]
    )
    old = OldJob(
        name=one["name"],
        place=Place(one["file"], one["line"]),
        schedules=schedules,
        script=one.get("script"),
        entrypoint=one.get("entrypoint"),
        scheduler=one["scheduler"],
        is_enabled=one["enabled"],
        timeout=_span(one.get("timeout")),
        retries=one.get("retries"),
        retry_delay=_span(one.get("retry_delay")),
        cwd=one.get("cwd"),
        python=one.get("python"),
        last_success=_moment(one.get("last_success")),
        deployment=one.get("deployment"),
    )
    return Imported(job_id, old, one.get("ours"))


def _seconds(span: timedelta | None) -> float | None:
    return span.total_seconds() if span is not None else None


def _moment(written: str | None) -> datetime | None:
    moment = datetime.fromisoformat(written) if written else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError
    return moment


def _span(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds is not None else None
