"""`import --enable JOB`: one imported job is enabled in its YAML; and what stops the old one."""

import io
from pathlib import Path
from shlex import quote

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from include.errors import ConfigurationError
from include.language import _
from include.registry import Job, Registry, load_registry
from include.registry.checks.scripts import is_placeholder
from include.registry.paths import SCRIPTS
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.yaml_positions import compose
from include.text import suggestion
from manager.importing.old_jobs import OldJob
from manager.importing.record import Imported, read_records, write_atomically
from manager.layout import Layout


def enable(layout: Layout, job_id: str) -> None:
    """Enable a job, and print what stops the old one.

    Raises:
        ConfigurationError: it was not imported, has no valid entry or no script yet, or its entry
            cannot be changed.
    """
    records = read_records(layout.root)
    if job_id not in records:
        raise ConfigurationError(
            _(
                "{job} is no imported job: {near}",
                job=job_id,
                near=suggestion(job_id, sorted(records)),
            )
        )
    record = records[job_id]
    registry = load_registry(layout.root)
    job = _runnable(registry, record)
    place = f"{job.file}:{job.line}"
    if job.enabled:
        print(_("{job} is enabled already ({place})", job=job_id, place=place))
    else:
        _write_enabled(layout.root, job.file, job_id)
        print(
            _(
                "{job} is enabled ({place}): it runs by its cron from now on",
                job=job_id,
                place=place,
            )
        )
    ours = registry.jobs.get(record.ours or "")
    if ours is not None and ours.enabled:
        print(
            _(
                "{ours} does the same and is enabled, too: write 'enabled: false' into {place}, "
                "unless both are to run",
                ours=ours.id,
                place=f"{ours.file}:{ours.line}",
            )
        )
    print(_("Now stop the old one, so that it does not run twice:"))
    for line in how_to_stop(record.old):
        print(f"  {line}")


def _runnable(registry: Registry, record: Imported) -> Job:
    """Return the job of a record, if it has an entry and its script.

    Raises:
        ConfigurationError: it has not.
    """
    job = registry.jobs.get(record.job_id)
    if job is None:
        raise ConfigurationError(
            _(
                "{job} has no valid entry in config/tasks: `check` says what is wrong",
                job=record.job_id,
            )
        )
    if is_placeholder(job.script_path):
        raise ConfigurationError(
            _(
                "{job} has a placeholder, not its script: put {old} in place of {file} first, and "
                "let the old job run until then",
                job=job.id,
                old=record.old.script or "",
                file=f"{SCRIPTS}/{job.script}",
            )
        )
    return job


def how_to_stop(old: OldJob) -> list[str]:
    """Return the commands that stop a job of the old scheduler, and what to do by hand."""
    name = _quoted(old.deployment or old.name)
    if old.scheduler == "airflow":
        return [f"airflow dags pause {name}"]
    if old.scheduler == "cron":
        line = _(
            "comment out line {line} of {file} (`crontab -e`): # {cron} {command}",
            line=old.place.line,
            file=old.place.file,
            cron=" ".join(word for one in old.schedules for word in (one.cron or "").split()),
            command=old.deployment or old.name,
        )
        return [line]
    ids = [one.id for one in old.schedules]
    commands = [f"prefect deployment schedule pause {name} {one}" for one in ids if one]
    if None in ids or not ids:
        commands.append(f"prefect deployment schedule ls {name}")
        commands.append(
            _(
                "prefect deployment schedule pause {name} ID   (the ID that the command before has "
                "shown)",
                name=name,
            )
        )
    again = _(
        "and switch it off in the program or file that deploys it, which would activate it again"
    )
    return [*commands, again]


def _quoted(name: str) -> str:
    """Return a name as a shell takes it: also that of Windows, where the old system may run."""
    return quote(name) if set(name) & set('"\\$`%!') else f'"{name}"'


def _write_enabled(root: Path, file: str, job_id: str) -> None:
    """Write `enabled: true` into an entry; nothing else of its file changes.

    Raises:
        ConfigurationError: the file is not as it was a moment ago, or cannot be written.
    """
    try:
        raw = read_bytes(root, file)
        value = _value_of(compose(file, raw), job_id)
    except UnreadableError as error:
        raise ConfigurationError(str(error)) from error
    if value is None:
        raise _changed_meanwhile(file, job_id)
    lines = io.StringIO(raw.decode(), newline="").readlines()
    start, end = value.start_mark, value.end_mark
    line = lines[start.line]
    # A mark at the file's start does not count the byte order mark, which the text has.
    shift = 1 if start.line == 0 and line.startswith("\ufeff") else 0
    lines[start.line] = line[: start.column + shift] + "true" + line[end.column + shift :]
    text = "".join(lines)
    try:
        written = _value_of(compose(file, text.encode()), job_id)
    except UnreadableError as error:  # the value had a name that others use: `&off false`
        raise _changed_meanwhile(file, job_id) from error
    if written is None or written.value != "true":
        raise _changed_meanwhile(file, job_id)
    try:
        write_atomically(root / file, text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(
            _("{file} cannot be written: {reason}", file=file, reason=reason)
        ) from error


def _value_of(root: object, job_id: str) -> ScalarNode | None:
    """Return the value of `enabled` of an entry; None where there is none."""
    tasks = _child(root, "tasks")
    for entry in tasks.value if isinstance(tasks, SequenceNode) else ():
        said_id, value = _child(entry, "id"), _child(entry, "enabled")
        if isinstance(said_id, ScalarNode) and said_id.value == job_id:
            return value if isinstance(value, ScalarNode) else None
    return None


def _child(node: object, key: str) -> object:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _changed_meanwhile(file: str, job_id: str) -> ConfigurationError:
    return ConfigurationError(
        _("{file}: write 'enabled: true' into the entry of {job} by hand", file=file, job=job_id)
    )
