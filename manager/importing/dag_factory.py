"""Reads the YAML of dag-factory: a DAG of one task that is a script becomes a job.

Everything else is refused with its line: it stays a DAG, beside the jobs.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.errors import ConfigurationError
from include.language import _
from manager.importing.dag_factory_tasks import (
    TYPE,
    RefusedError,
    read_span,
    read_task,
    refuse_templates,
)
from manager.importing.old_jobs import Finding, OldJob, OldSchedule, Place, Read
from manager.importing.prefect_deployments import brief
from manager.importing.source_text import read_text
from manager.importing.yaml_lines import Lines, load

NO_DAGS = ("default", "task_groups")
DEFAULTS = ("defaults.yml", "defaults.yaml")
CRON_TIMETABLE = re.compile(r".*\.Cron(?:Trigger|DataInterval)Timetable")
NEVER = ("none", "@once", "@continuous")
# What is carried over, or changes nothing of when and how the task runs.
KNOWN = {
    *("schedule", "schedule_interval", "tasks", "default_args", "description", "tags", "timezone"),
    *("start_date", "task_groups", "dag_id", "dag_display_name", "doc_md", "concurrency"),
    *("max_active_tasks", "max_active_runs", "default_view", "orientation"),
}


def read(source: str) -> Read:
    """Read a file of dag-factory, and the defaults.yml beside it.

    Raises:
        ExpectedError: it cannot be read.
    """
    root = load(source, read_text(Path(source)).text)
    of_all, of_file = _defaults(source, root)
    jobs: list[OldJob] = []
    findings: list[Finding] = []
    for name, said in root.items():
        if name in NO_DAGS:
            continue
        line = root.line_of(name)
        try:
            whole = _merged(_mapping(said, line), of_all, deep=False)
            whole = _merged(whole, of_file, deep=True)
            job, found = _job(str(name), whole, Place(source, line))
        except RefusedError as refused:
            text = _("DAG {dag} {why}: keep it as a DAG, beside the jobs (put its YAML and the "
                     "file that loads it into dags/)", dag=str(name), why=refused)  # fmt: skip
            findings.append(Finding(Place(source, refused.line), text))
        else:
            jobs.append(job)
            findings += found
    return Read(tuple(jobs), tuple(findings))


def _defaults(source: str, root: Lines) -> tuple[Lines, Lines]:
    """Return what all DAGs of a file have: of defaults.yml, and of its key `default`.

    A key of the DAG takes the place of the former; the latter is merged into the DAG.
    """
    of_all = next(
        (
            load(str(file), read_text(file).text)
            for name in DEFAULTS
            if (file := Path(source).with_name(name)).is_file() and file.name != Path(source).name
        ),
        Lines(),
    )
    of_file = root.get("default")
    of_file = of_file if isinstance(of_file, Lines) else Lines()
    arguments = [one.get("default_args") for one in (of_all, of_file)]
    both = Lines(
        {key: value for one in arguments if isinstance(one, Lines) for key, value in one.items()}
    )
    others = {key: value for key, value in of_all.items() if key != "default_args"}
    return Lines(others), Lines({**of_file, "default_args": both})


def _mapping(said: Any, line: int) -> Lines:
    if not isinstance(said, Lines):
        raise RefusedError(line, _("is not a mapping: {said}", said=brief(said)))
    return said


def _merged(own: Lines, default: Mapping[Any, Any], *, deep: bool) -> Lines:
    """Return a mapping with what it lacks of another one; as dag-factory does it."""
    made = own.copy()
    for key, value in default.items():
        if key not in own:
            made[key] = value
        elif deep and isinstance(own[key], Lines) and isinstance(value, Lines):
            made[key] = _merged(own[key], value, deep=True)
    return made


def _job(name: str, dag: Lines, place: Place) -> tuple[OldJob, list[Finding]]:
    arguments = dag.get("default_args")
    arguments = arguments if isinstance(arguments, Lines) else Lines()
    if dag.get("task_groups"):
        raise RefusedError(dag.line_of("task_groups"), _("has groups of tasks"))
    findings = [
        Finding(
            Place(place.file, dag.line_of(key)),
            _("DAG {dag}: {key} is not carried over", dag=name, key=str(key)),
        )
        for key, value in dag.items()
        if key not in KNOWN and value not in (None, False)
    ]
    task = _only_task(dag)
    of_the_job, notes = read_task(task)
    findings += [
        Finding(Place(place.file, line), _("DAG {dag}: {text}", dag=name, text=text))
        for line, text in notes
    ]
    all_of_it = _merged(task, arguments, deep=False)
    retries = all_of_it.get("retries")
    description, tags = dag.get("description"), dag.get("tags")
    job = OldJob(
        name=name,
        place=place,
        scheduler="airflow",
        schedules=_schedules(dag, _zone(dag, arguments)),
        description=description if isinstance(description, str) else "",
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        # Airflow itself tries a task once, unless told otherwise.
        retries=retries if isinstance(retries, int) else 0,
        retry_delay=read_span(all_of_it, "retry_delay"),
        timeout=read_span(all_of_it, "execution_timeout"),
        deployment=name,
        notes=tuple(one.text for one in findings),
    )
    return replace(job, **of_the_job), findings


def _only_task(dag: Lines) -> Lines:
    tasks = dag.get("tasks")
    line = dag.line_of("tasks")
    if isinstance(tasks, Lines):
        tasks = list(tasks.values())
    if not isinstance(tasks, list) or not tasks:
        raise RefusedError(line, _("has no tasks that can be read"))
    if len(tasks) > 1:
        raise RefusedError(line, _("has {count} tasks, not one", count=len(tasks)))
    if not isinstance(tasks[0], Lines):
        raise RefusedError(line, _("has a task that is not a mapping"))
    return tasks[0]


def _zone(dag: Lines, arguments: Lines) -> str | None:
    """Return the zone of a DAG: it is that of its start_date, and without one there is none."""
    for where in (dag, arguments):
        if where.get("start_date") is not None:
            zone = where.get("timezone")
            return zone if isinstance(zone, str) else None
    return None


def _schedules(dag: Lines, zone: str | None) -> tuple[OldSchedule, ...]:
    key = "schedule" if "schedule" in dag else "schedule_interval"
    said, line = dag.get(key), dag.line_of(key)
    if said is None or (isinstance(said, str) and said.strip().lower() in NEVER):
        return ()
    refuse_templates(said, line, key)
    if isinstance(said, str):
        return (OldSchedule(cron=said.strip(), timezone=zone),)
    if isinstance(said, Lines) and CRON_TIMETABLE.fullmatch(str(said.get(TYPE))):
        arguments = said.get("__args__")
        cron = said.get("cron") or (arguments[0] if isinstance(arguments, list) else None)
        named = said.get("timezone")
        if isinstance(cron, str) and isinstance(named, str):
            return (OldSchedule(cron=cron, timezone=named),)
    try:
        interval = read_span(dag, key)
    except ConfigurationError:
        interval = None
    if interval is None:
        text = _("has a schedule that is neither a cron nor an interval: {said}", said=brief(said))
        raise RefusedError(line, text)
    return (OldSchedule(interval=interval, timezone=zone),)
