"""What an import leaves beside its entries: what each job was in the old system, as JSON.

`config/tasks/imported.json` stands beside `config/tasks/imported.yaml`: an object with a key
`jobs`, which has each imported job's id.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Container, Mapping  # noqa: TC003 -- pydantic reads the annotations
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003 -- the same
from pathlib import Path  # noqa: TC003 -- the same
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from include.errors import ConfigurationError, ExpectedError, reason_of
from include.language import _
from include.registry.paths import TASKS_FOLDER
from manager.importing.old_jobs import OldJob  # noqa: TC001 -- pydantic reads the annotations
from manager.importing.source_text import UnreadableSourceError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".json"
VERSION = 2
IN_THE_ENTRY = ("description", "tags", "args", "env")  # and nowhere else


@dataclass(frozen=True)
class Imported:
    """One imported job.

    Attributes:
        job_id: of its entry here.
        old: what it was there; `env`, `args`, `description` and `tags` stand in the entry alone.
        ours: the id of the delivered job of the same name, beside which it was written; None where
            there is none.
        start: what its entry was written with, where nobody has asked for that day.
        confirmed: the differences that are meant, as `Difference` has them.
    """

    job_id: str
    old: OldJob
    ours: str | None = None
    start: date | None = None
    confirmed: Mapping[str, str] = field(default_factory=dict)


JOBS = TypeAdapter(dict[str, Imported])


def read_records(root: Path, jobs: Container[str] | None = None) -> dict[str, Imported]:
    """Return every imported job of a project, by its id here.

    Args:
        root: the project root.
        jobs: the ids that have an entry: where none of a record has, as when an import was killed
            before it wrote them, nothing was imported by it. All records count unless given.

    Raises:
        ConfigurationError: a record is not as it was written.
    """
    found: dict[str, Imported] = {}
    for path in sorted((root / TASKS_FOLDER).glob(f"*{SUFFIX}")):
        record = read_record(path)
        if jobs is None or any(job_id in jobs for job_id in record):
            found |= record
    return found


def read_record(path: Path) -> dict[str, Imported]:
    """Return the jobs of one import, by their ids here.

    Raises:
        ConfigurationError: the record is not as it was written, or of a newer version.
    """
    file = f"{TASKS_FOLDER}/{path.name}"
    try:
        document = json.loads(read_bytes(path))
        version, jobs = document.get("version", 1), document["jobs"]
        if version > VERSION:
            raise ConfigurationError(
                "{file} is the record of an import by a newer version of this project "
                "({version}; this one reads up to {known}): bring the project up to date, as it "
                "was when that was written", file=file, version=version, known=VERSION
            )  # fmt: skip
        if version == 1:
            jobs = {job_id: _of_version_1(job_id, one) for job_id, one in jobs.items()}
        return JOBS.validate_python(jobs)
    except (UnreadableSourceError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            "{file} is not the record of an import: restore it from a backup, or remove it and "
            "import again", file=file
        ) from error  # fmt: skip


def _of_version_1(job_id: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as records have it since: that version had all of it on one level."""
    old = {**one, "place": {"file": one["file"], "line": one["line"]}}
    old["is_enabled"] = old.pop("enabled")
    old["schedules"] = [{**each, "is_active": each["active"]} for each in one["schedules"]]
    return {"job_id": job_id, "old": old, "ours": one.get("ours")}


def as_json(jobs: Mapping[str, Imported]) -> str:
    """Return the text of a record."""
    said = JOBS.dump_python(
        dict(jobs),
        mode="json",
        exclude={"__all__": {"old": set(IN_THE_ENTRY)}},
        exclude_defaults=True,
    )
    document = {"version": VERSION, "jobs": said}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def confirm(root: Path, confirmed: Mapping[str, Mapping[str, str]]) -> None:
    """Write which differences of some jobs are meant; in place of those that were.

    Raises:
        ConfigurationError: a record is not as it was written.
        OSError: it cannot be written.
    """
    for path in sorted((root / TASKS_FOLDER).glob(f"*{SUFFIX}")):
        jobs = read_record(path)
        now = {
            job_id: replace(one, confirmed=confirmed.get(job_id, one.confirmed))
            for job_id, one in jobs.items()
        }
        if now != jobs:
            write_atomically(path, as_json(now).encode())


@contextmanager
def writing(kind: type[ExpectedError], path: Path | str | None = None) -> Iterator[None]:
    """Raise a kind of ExpectedError that names the file, where one cannot be written."""
    try:
        yield
    except OSError as error:
        file = str(path or error.filename)
        raise kind(
            _("{file} cannot be written: {reason}", file=file, reason=reason_of(error))
        ) from error


def write_atomically(
    path: Path, data: bytes, mode: int | None = None, *, is_forced: bool = True
) -> None:
    """Write a whole file, or leave what is there as it is; its rights stay, and a link to it.

    Args:
        path: of it; its folders are made.
        data: what it will hold.
        mode: the rights of a new file; those of most files unless given.
        is_forced: it is on the disk afterwards, whatever happens to the machine.

    Raises:
        OSError: it cannot be written.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode is None:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    # A name that the registry takes for what an editor leaves beside a file; always the same, so
    # that what a killed process has left is written over.
    beside = path.with_name(f".{path.name}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if is_forced:
                os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
