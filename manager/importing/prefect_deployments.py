"""What a deployment of Prefect is here: shared by its YAML, its database and its REST API."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from include.errors import ConfigurationError
from include.language import _
from include.text import quoted
from manager.importing.old_jobs import Finding, OldJob, OldSchedule, Place, Read
from manager.importing.programs import script_of
from manager.importing.yaml_lines import Lines

SPAN = TypeAdapter(timedelta)
TEMPLATE = "{{"
KINDS = ("cron", "interval", "rrule")


def schedule_of(said: Any, *, is_active: bool = True) -> OldSchedule:
    """Return a schedule of Prefect, as its YAML, database and API all write it.

    Raises:
        ConfigurationError: it is none of the three kinds, or has no such form.
    """
    if not isinstance(said, Mapping):
        raise ConfigurationError("schedule {said} is not a mapping", said=brief(said))
    if any(isinstance(value, str) and TEMPLATE in value for value in said.values()):
        raise ConfigurationError(
            "a schedule that is filled in from elsewhere, as {{ … }}, is not read: name "
            "Prefect's database or its API as well"
        )
    timezone_ = said.get("timezone")
    if timezone_ is not None and not isinstance(timezone_, str):
        raise ConfigurationError(
            "timezone {zone} is not the name of a time zone", zone=brief(timezone_)
        )
    if isinstance(cron := said.get("cron"), str):
        day_or = said.get("day_or") is not False
        return OldSchedule(cron=cron, timezone=timezone_, day_or=day_or, is_active=is_active)
    if said.get("interval") is not None:
        interval, anchor = _interval(said["interval"]), _moment(said.get("anchor_date"), timezone_)
        return OldSchedule(
            interval=interval, anchor=anchor, timezone=timezone_, is_active=is_active
        )
    if isinstance(rrule := said.get("rrule"), str):
        if rrule.lstrip().startswith("{"):  # prefect.yaml may hold the rule and its zone as JSON
            inner = _json(rrule)
            return schedule_of(
                {**inner, "timezone": timezone_ or inner.get("timezone")}, is_active=is_active
            )
        return OldSchedule(rrule=rrule, timezone=timezone_, is_active=is_active)
    raise ConfigurationError(
        "its schedule has none of {kinds}, or something else in its place: {said}", kinds=KINDS,
        said=brief(said) if not said else sorted(map(str, said))
    )  # fmt: skip


def brief(value: Any) -> str:
    """Return a value as messages show it; of what may be huge only what it is."""
    if isinstance(value, (list, dict)):
        return _("(a mapping)") if isinstance(value, dict) else _("(a list)")
    return quoted(value) if isinstance(value, (str, int, float, type(None))) else repr(str(value))


def _json(text: str) -> dict[str, Any]:
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        inner = None
    rule = inner.get("rrule") if isinstance(inner, dict) else None
    if not isinstance(rule, str) or rule.lstrip().startswith("{"):
        raise ConfigurationError(
            "rrule {text} is not a rule, nor JSON that holds one", text=quoted(text)
        )
    return dict(inner)


def _interval(said: Any) -> timedelta:
    """Return an interval as Prefect itself reads it: seconds, or as ISO 8601 writes it."""
    try:
        span = SPAN.validate_python(said)
    except ValidationError:
        span = timedelta()
    if isinstance(said, bool) or not timedelta() < span < timedelta.max / 2:
        raise ConfigurationError(
            "interval {said} is neither a number of seconds nor like PT6H", said=brief(said)
        )
    return span


def _moment(said: Any, zone: str | None) -> datetime | None:
    """Return an anchor as an aware moment; one without an offset is in the schedule's zone."""
    if said is None:
        return None
    try:
        if isinstance(said, date):  # as YAML reads a day without quotes, and a moment
            said = said.isoformat()
        if isinstance(said, str):
            said = datetime.fromisoformat(said.strip().replace("Z", "+00:00"))
        moment: datetime = said
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone or "UTC"))
    except (ValueError, AttributeError, ZoneInfoNotFoundError, OSError):
        raise ConfigurationError(
            "anchor_date {said} is not a moment like 2026-01-01T02:00:00Z", said=brief(said)
        ) from None


def in_utc(said: Any) -> datetime | None:
    """Return a moment that Prefect wrote down; its database leaves the zone out, which is UTC.

    None for what is no moment.
    """
    try:
        moment = _moment(said, None)
    except ConfigurationError:
        return None
    return moment.astimezone(timezone.utc) if moment else None


def read_deployments(said: Iterable[Mapping[str, Any]], source: str) -> Read:
    """Return the jobs of deployments.

    Args:
        said: each as the REST API writes it, with `flow_name` and `last_success` beside.
        source: where they were read.
    """
    jobs: list[OldJob] = []
    findings: list[Finding] = []
    for deployment in said:
        job, found = job_of(deployment, Place(source))
        jobs.append(job)
        findings += found
    names = Counter(job.name for job in jobs)
    # A name such as `prod` may be that of a deployment of every flow.
    told_apart = [
        replace(job, name=job.deployment or job.name) if names[job.name] > 1 else job
        for job in jobs
    ]
    return Read(tuple(told_apart), tuple(findings))


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def schedules_of(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the schedules of a deployment; what is none among them is left out."""
    return [one for one in _list(deployment.get("schedules")) if isinstance(one, dict)]


def job_of(
    deployment: Mapping[str, Any], place: Place, more: Iterable[Finding] = ()
) -> tuple[OldJob, list[Finding]]:
    """Return the job of a deployment, and what is not carried over.

    Args:
        deployment: as `read_deployments` takes it.
        place: where it stands; a mapping that knows its lines says more.
        more: what else is not carried over.
    """
    name, flow = str(deployment.get("name")), deployment.get("flow_name")
    full = f"{flow}/{name}"
    findings, schedules = list(more), []
    said = schedules_of(deployment)
    for one in sorted(said, key=lambda one: str(one.get("created"))):
        schedule = one.get("schedule")
        try:
            read = schedule_of(schedule, is_active=bool(one.get("active", True)))
            schedules.append(replace(read, id=str(one["id"]) if "id" in one else None))
        except ConfigurationError as error:
            where = Place(place.file, getattr(schedule, "line", place.line))
            findings.append(Finding(where, _("{name}: {error}", name=full, error=error)))
    given = [one.get("parameters") for one in (deployment, *said)]
    # Not their values, which may be secret.
    names = {str(name) for one in given if isinstance(one, dict) for name in one}
    if names:
        text = _("{deployment}: the flow's parameters are not carried over ({names}): write what "
                 "the script needs into args", deployment=full, names=sorted(names))  # fmt: skip
        line = deployment.line_of("parameters") if isinstance(deployment, Lines) else place.line
        findings.append(Finding(Place(place.file, line), text))
    description, entrypoint = deployment.get("description"), deployment.get("entrypoint")
    job = OldJob(
        name=name,
        place=place,
        schedules=tuple(schedules),
        description="" if description in (None, "None") else str(description),
        tags=tuple(map(str, _list(deployment.get("tags")))),
        is_enabled=not deployment.get("paused"),
        entrypoint=entrypoint if isinstance(entrypoint, str) else None,
        script=script_of(str(deployment.get("path") or ""), entrypoint),
        last_success=in_utc(deployment.get("last_success")),
        deployment=full if flow else None,
        notes=tuple(one.text for one in findings),
    )
    return job, findings
