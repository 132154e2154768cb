"""`import --enable JOB`: one imported job is enabled in its YAML; and what stops the old one."""

import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from pathlib import Path
from shlex import quote

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from include.errors import ConfigurationError
from include.language import Message, _
from include.periods import Schedule
from include.registry import Job, Registry, load_registry
from include.registry.checks.scripts import is_placeholder
from include.registry.paths import SCRIPTS
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.yaml_positions import compose
from include.text import printable, suggestion
from manager.importing.old_jobs import OldJob
from manager.importing.recognising import read_sources
from manager.importing.record import Imported, read_records, write_atomically, writing
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
            "{job} is no imported job: {near}", job=job_id,
            near=suggestion(job_id, sorted(records))
        )  # fmt: skip
    record = records[job_id]
    registry = load_registry(layout.root)
    job = _runnable(registry, record)
    print(*_enabled(layout.root, job, record), sep="\n")
    ours = registry.jobs.get(record.ours or "")
    if ours is not None and ours.enabled:
        print(
            _("{ours} does the same and is enabled, too: write 'enabled: false' into {place}, "
              "unless both are to run", ours=ours.id, place=f"{ours.file}:{ours.line}")
        )  # fmt: skip
    print(_("Now stop the old one, so that it does not run twice:"))
    for line in how_to_stop(record.old):
        print(f"  {printable(line)}")


def _enabled(root: Path, job: Job, record: Imported) -> list[Message]:
    """Write what enables a job, and return what was done.

    Raises:
        ConfigurationError: its entry cannot be changed.
    """
    place = f"{job.file}:{job.line}"
    if job.enabled:
        return [_("{job} is enabled already ({place})", job=job.id, place=place)]
    values = {"enabled": "true"}
    why = _("its start stays {day}, as the entry says", day=str(job.start or "-"))
    if job.start is not None and job.start == record.start:
        start, why = _first_day(record.old, job.schedule, datetime.now(timezone.utc))
        values["start"] = start.isoformat()
    _write(root, job, values)
    done = _("{job} is enabled ({place}): it runs by its cron from now on", job=job.id, place=place)
    return [done, why]


def _runnable(registry: Registry, record: Imported) -> Job:
    """Return the job of a record, if it has an entry and its script.

    Raises:
        ConfigurationError: it has not.
    """
    job = registry.jobs.get(record.job_id)
    if job is None:
        raise ConfigurationError(
            "{job} has no valid entry in config/tasks: `check` says what is wrong",
            job=record.job_id,
        )
    if is_placeholder(job.script_path):
        raise ConfigurationError(
            "{job} has a placeholder, not its script: put {old} in place of {file} first, and "
            "let the old job run until then", job=job.id, old=record.old.script or "",
            file=f"{SCRIPTS}/{job.script}"
        )  # fmt: skip
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
            _("prefect deployment schedule pause {name} ID   (the ID that the command before has "
              "shown)", name=name)
        )  # fmt: skip
    again = _(
        "and switch it off in the program or file that deploys it, which would activate it again"
    )
    return [*commands, again]


def _quoted(name: str) -> str:
    """Return a name as a shell takes it: also that of Windows, where the old system may run."""
    return quote(name) if set(name) & set('"\\$`%!') else f'"{name}"'


def _first_day(old: OldJob, schedule: Schedule, now: datetime) -> tuple[date, Message]:
    """Return the first day that is expected here, and why: the first that the old one has not done.

    That is the period after its last good run, where its source can be asked; else the old one is
    taken to have done all that was due, and the next run's period is the first.
    """
    asked = [job for _reader, read in read_sources([old.place.file]) for job in read.jobs]
    ran = next((one.last_success for one in asked if one.deployment == old.deployment), None)
    try:
        if ran is not None:
            day = schedule.following(schedule.covered_by(ran)).first_day
            return day, _("start: {day}, the period after the one that the old job's last good run "
                          "({moment:%Y-%m-%d %H:%M}) was for", day=day.isoformat(),
                          moment=ran.astimezone(schedule.zone))  # fmt: skip
    except (ValueError, OverflowError):  # a moment that no calendar has
        pass
    fire = schedule.next_fire(now)
    day = schedule.covered_by(fire).first_day
    return day, _("start: {day}, the period of its first run here ({moment:%Y-%m-%d %H:%M}); what "
                  "was due before is the old one's", day=day.isoformat(),
                  moment=fire)  # fmt: skip


def _write(root: Path, job: Job, values: Mapping[str, str]) -> None:
    """Write some values into an entry; nothing else of its file changes.

    Raises:
        ConfigurationError: the file is not as it was a moment ago, or cannot be written.
    """
    changed = _("{file}: write {values} into the entry of {job} by hand", file=job.file, job=job.id,
                values=", ".join(f"'{key}: {value}'" for key, value in values.items()))  # fmt: skip
    try:
        raw = read_bytes(root, job.file)
        nodes = _nodes_of(compose(job.file, raw), job.id, values)
        text = _replaced(raw.decode(), {key: nodes[key] for key in values}, values)
        written = _nodes_of(compose(job.file, text.encode()), job.id, values)
    except KeyError:
        raise ConfigurationError(changed) from None
    except UnreadableError as error:  # perhaps the value had a name that others use: `&off false`
        raise ConfigurationError(changed) from error
    if {key: node.value for key, node in written.items()} != values:
        raise ConfigurationError(changed)
    with writing(ConfigurationError, job.file):
        write_atomically(root / job.file, text.encode())


def _replaced(text: str, nodes: Mapping[str, ScalarNode], values: Mapping[str, str]) -> str:
    lines = io.StringIO(text, newline="").readlines()
    # From the end on, since two may stand in one line.
    for key, node in sorted(nodes.items(), key=lambda one: -one[1].start_mark.index):
        start, end = node.start_mark, node.end_mark
        line = lines[start.line]
        # A mark at the file's start does not count the byte order mark, which the text has.
        shift = 1 if start.line == 0 and line.startswith("\ufeff") else 0
        lines[start.line] = line[: start.column + shift] + values[key] + line[end.column + shift :]
    return "".join(lines)


def _nodes_of(root: object, job_id: str, keys: Iterable[str]) -> dict[str, ScalarNode]:
    """Return the values of some keys of an entry, of those that are there."""
    tasks = _child(root, "tasks")
    for entry in tasks.value if isinstance(tasks, SequenceNode) else ():
        said_id = _child(entry, "id")
        if isinstance(said_id, ScalarNode) and said_id.value == job_id:
            found = {key: _child(entry, key) for key in keys}
            return {key: node for key, node in found.items() if isinstance(node, ScalarNode)}
    return {}


def _child(node: object, key: str) -> object:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)
