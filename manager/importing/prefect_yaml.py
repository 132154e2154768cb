"""Reads prefect.yaml: the deployments that `prefect deploy` makes of it."""

from pathlib import Path
from typing import Any

from include.errors import ConfigurationError
from include.language import _
from manager.importing.old_jobs import Finding, OldJob, OldSchedule, Place, Read
from manager.importing.prefect_deployments import TEMPLATE, brief, schedule_of
from manager.importing.programs import script_of
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
    reader = _Reader(source)
    root = load(source, read_text(Path(source)).text)
    deployments = root.get("deployments")
    if not isinstance(deployments, list):
        line = root.line_of("deployments")
        raise ConfigurationError(
            _("{source}:{line}: deployments is not a list", source=source, line=line)
        )
    for number, said in enumerate(deployments, 1):
        reader.add(said, number)
    return Read(tuple(reader.jobs), tuple(reader.findings))


class _Reader:
    """Collects what a file has."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.folder = str(Path(source).absolute().parent)
        self.jobs: list[OldJob] = []
        self.findings: list[Finding] = []

    def find(self, line: int, text: str) -> None:
        self.findings.append(Finding(Place(self.source, line), text))

    def add(self, said: Any, number: int) -> None:
        """Read one deployment."""
        if not isinstance(said, Lines):
            text = _(
                "deployment {number} is not a mapping: {said}", number=number, said=brief(said)
            )
            self.find(0, text)
            return
        name = said.get("name")
        if not isinstance(name, str) or TEMPLATE in name:
            self.find(
                said.line_of("name"),
                _("deployment {number} has no name that is a plain text", number=number),
            )
            return
        entrypoint = said.get("entrypoint")
        entrypoint = entrypoint if isinstance(entrypoint, str) else None
        function = (entrypoint or "").rpartition(":")[2]
        flow = said.get("flow_name") or function.replace("_", "-")  # as Prefect names it
        before = len(self.findings)
        schedules = self._schedules(said, name)
        self._name_the_rest(said, name)
        tags = said.get("tags")
        self.jobs.append(
            OldJob(
                name=name,
                place=Place(self.source, said.line),
                schedules=schedules,
                script=script_of(self.folder, entrypoint),
                entrypoint=entrypoint,
                description=said["description"] if _is_text(said.get("description")) else "",
                tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
                is_enabled=said.get("paused") is not True,
                deployment=f"{flow}/{name}" if _is_text(flow) else None,
                notes=tuple(one.text for one in self.findings[before:]),
            )
        )

    def _schedules(self, said: Lines, name: str) -> tuple[OldSchedule, ...]:
        """Return a deployment's schedules; what is none of them becomes a finding."""
        many = said.get("schedules")
        old = said.get("schedule")  # of Prefect 2
        found = []
        for one in [*(many if isinstance(many, list) else []), *([old] if old else [])]:
            line = said.line_of("schedules" if many else "schedule")
            if not isinstance(one, Lines):
                text = _("{name}: schedule {said} is not read", name=name, said=brief(one))
                self.find(line, text)
                continue
            is_active = (
                one.get("active") is not False and said.get("is_schedule_active") is not False
            )
            try:
                found.append(schedule_of(one, is_active=is_active))
            except ConfigurationError as error:
                self.find(one.line, _("{name}: {error}", name=name, error=error))
        if many is not None and not isinstance(many, list):
            self.find(said.line_of("schedules"), _("{name}: schedules is not a list", name=name))
        return tuple(found)

    def _name_the_rest(self, said: Lines, name: str) -> None:
        """Name what is not carried over."""
        parameters = said.get("parameters")
        if isinstance(parameters, Lines) and parameters:
            names = sorted(map(str, parameters))
            self.find(
                said.line_of("parameters"),
                _(
                    "{deployment}: the flow's parameters are not carried over ({names}): write "
                    "what the script needs into args",
                    deployment=name,
                    names=names,
                ),
            )
        for key in said:
            if key not in KNOWN:
                text = _("{name}: {key} is not carried over", name=name, key=str(key))
                self.find(said.line_of(key), text)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
