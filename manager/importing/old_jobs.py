"""What every reader of an old scheduler returns: its jobs as they are there, and findings."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- pydantic reads the annotations
from dataclasses import dataclass, field
from datetime import timedelta  # noqa: TC003 -- the same
from types import MappingProxyType
from typing import Literal

from pydantic import AwareDatetime  # noqa: TC002 -- the same

Scheduler = Literal["prefect", "cron", "airflow"]


@dataclass(frozen=True)
class Place:
    """Where something stands.

    Attributes:
        file: a file's path as the user wrote it, or the address of an API.
        line: its line, from 1; 0 for the whole file, and for a source that has no lines.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class OldSchedule:
    """When the old scheduler runs a job: one of the three kinds.

    Attributes:
        cron: as it stands there, also one that is not read here (`0 0 8 * * *`, `L`, `@daily`).
        timezone: the zone's name; None where the source names none.
        interval: the time between two runs.
        anchor: a moment from which intervals are counted, aware; None where the source names none.
        rrule: a rule of RFC 5545.
        day_or: a cron that restricts the day of the month and that of the week means either; false
            where it means both, as Prefect can.
        is_active: it makes runs; false where it is paused there.
        id: by which the old system knows it, where it has one.
    """

    cron: str | None = None
    timezone: str | None = None
    interval: timedelta | None = None
    anchor: AwareDatetime | None = None
    rrule: str | None = None
    day_or: bool = True
    is_active: bool = True
    id: str | None = None


@dataclass(frozen=True)
class OldJob:
    """One job of the old scheduler.

    Attributes:
        name: as people there know it.
        place: where it stands.
        schedules: when it runs; none for a job that is only started by hand.
        script: the path of the program that it runs, as it stands there; None where it runs none.
        entrypoint: what it runs where that is a function, as `scheduler_flows.py:pdd_quality`.
        scheduler: whose rules its schedules follow.
        is_enabled: false for a job that is switched off there, whatever its schedules say.
        timeout: None where the source names none, as with the next two.
        cwd: the folder in which the script runs.
        python: the Python that runs it.
        args: what it is started with.
        env: the variables that are set for it; those that look like secrets are left out by readers
            and named in a finding.
        last_success: the start of its last good run; aware.
        deployment: how the old system names it, for the command that stops it: `flow/deployment`
            of Prefect, the DAG of dag-factory, the line of a crontab.
        notes: what of it is not carried over.
    """

    name: str
    place: Place
    schedules: tuple[OldSchedule, ...] = ()
    script: str | None = None
    entrypoint: str | None = None
    scheduler: Scheduler = "prefect"
    description: str = ""
    tags: tuple[str, ...] = ()
    is_enabled: bool = True
    timeout: timedelta | None = None
    retries: int | None = None
    retry_delay: timedelta | None = None
    cwd: str | None = None
    python: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    last_success: AwareDatetime | None = None
    deployment: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that is not carried over, or that a person must look at.

    Attributes:
        place: where it stands.
        text: what it is, and what to do, in a sentence of the user's language.
    """

    place: Place
    text: str

    def __str__(self) -> str:
        """Return it as one line of a report."""
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class ScriptCall:
    """One call of `execute_script`; None where nothing is said, or nothing that is known."""

    place: Place
    script: str | None = None
    timeout: timedelta | None = None
    cwd: str | None = None
    retries: int | None = None
    retry_delay: timedelta | None = None


@dataclass(frozen=True)
class Flow:
    """One flow.

    Attributes:
        function: the name of its function.
        name: Prefect's name for it.
        timeout: of the flow itself.
        calls: the scripts that it runs.
        notes: what of it is not carried over.
    """

    function: str
    name: str
    place: Place
    description: str = ""
    timeout: timedelta | None = None
    calls: tuple[ScriptCall, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """What a reader has read of one source; `read(source) -> Read` is what each of them offers.

    Attributes:
        flows: the functions that it found; other sources may schedule them.
        is_unread: nothing is known of what the source has; a finding says why.
    """

    jobs: tuple[OldJob, ...] = ()
    findings: tuple[Finding, ...] = ()
    flows: tuple[Flow, ...] = ()
    is_unread: bool = False
