"""Reads prefect.yaml: the deployments that `prefect deploy` makes of it."""

from pathlib import Path
from typing import Any

from include.errors import ConfigurationError
from include.language import _
from manager.importing.old_jobs import Finding, OldJob, Place, Read
from manager.importing.prefect_deployments import TEMPLATE, job_of
from manager.importing.source_text import read_text
from manager.importing.yaml_lines import Lines, load

# Of a deployment: what is carried over, or says nothing of when and how a script runs.
KNOWN = {
    *("name", "flow_name", "entrypoint", "description", "tags", "paused", "schedule", "schedules"),
    *("is_schedule_active", "version", "work_pool", "build", "push", "pull", "parameters"),
}


def read(source: str) -> Read:
    """Read a prefect.yaml.

    Raises:
        ExpectedError: it cannot be read, or is not one.
    """
    root = load(source, read_text(Path(source)).text)
    deployments = root.get("deployments")
    if not isinstance(deployments, list):
        line = root.line_of("deployments")
        raise ConfigurationError(
            "{source}:{line}: deployments is not a list", source=source, line=line
        )
    jobs: list[OldJob] = []
    findings: list[Finding] = []
    for number, said in enumerate(deployments, 1):
        name = said.get("name") if isinstance(said, Lines) else None
        if not isinstance(name, str) or TEMPLATE in name:
            line = said.line_of("name") if isinstance(said, Lines) else 0
            text = _("deployment {number} has no name that is a plain text", number=number)
            findings.append(Finding(Place(source, line), text))
            continue
        more = [
            Finding(Place(source, said.line_of(key)),
                    _("{name}: {key} is not carried over", name=name, key=str(key)))
            for key in said
            if key not in KNOWN
        ]  # fmt: skip
        job, found = job_of(_as_the_api(said, source), Place(source, said.line), more)
        jobs.append(job)
        findings += found
    return Read(tuple(jobs), tuple(findings))


def _as_the_api(said: Lines, source: str) -> Lines:
    """Return a deployment as the REST API writes it."""
    function = str(said.get("entrypoint") or "").rpartition(":")[2]
    many, old = said.get("schedules"), said.get("schedule")  # the latter of Prefect 2
    schedules = [
        *(many if isinstance(many, list) else [many] if many else []),
        *([old] if old else []),
    ]
    made = said.copy()
    made |= {
        "flow_name": said.get("flow_name") or function.replace("_", "-"),  # as Prefect names it
        "path": str(Path(source).absolute().parent),
        "paused": said.get("paused") is True,
        "schedules": [{"schedule": one, "active": _is_active(one, said)} for one in schedules],
    }
    return made


def _is_active(schedule: Any, said: Lines) -> bool:
    own = schedule.get("active") if isinstance(schedule, Lines) else None
    return own is not False and said.get("is_schedule_active") is not False
