"""One look at everything, in the order in which one part explains the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.alerts.findings import Kind
from include.alerts.watching import health
from include.alerts.watching.clocks import CLOCK, ClockWatch
from include.alerts.watching.known_connections import KnownConnections
from include.alerts.watching.of_airflow import AirflowReader
from include.alerts.watching.of_warehouse import WarehouseReader
from include.alerts.watching.problems import problem_findings
from include.alerts.watching.sight import Gathering, Sight
from include.registry.checks import check_project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from include.alerts.credentials import Credentials
    from include.alerts.findings import Finding
    from include.alerts.watching.place import Asked, Place
    from include.registry import Problem

CONFIG = "config/"
OF_JOBS = (Kind.LATE, Kind.QUALITY, Kind.AGING, Kind.PAUSED, Kind.CREDENTIALS, Kind.TOKEN)
# What explains that a job has not run.
EXPLAINING = ("scheduler", health.SUPERVISOR, health.DATABASE, "dag-processor")


class Reader:
    """Looks at an installation, round after round.

    Args:
        place: the installation.
        credentials: the connections that messages are sent with.
        clock: watches this machine's.
        down: how long something does not answer before that is told.
    """

    def __init__(
        self,
        place: Place,
        credentials: Credentials,
        clock: ClockWatch | None = None,
        down: timedelta = health.DOWN,
    ) -> None:
        self._place = place
        self._clock = clock or ClockWatch()
        self._down = down
        self._shops = KnownConnections(place.environment, credentials.keys, [place.metadata_url])
        self._airflow = AirflowReader(place, credentials, self._shops)
        self._warehouse = WarehouseReader(credentials, self._shops, self._airflow)
        self._names: dict[str, str] = {}
        self._api_silent_since: datetime | None = None

    def look(self, asked: Asked) -> Gathering:
        """Return what is wrong now; whatever cannot be read costs its own findings only."""
        general = asked.configuration.general
        sight = Sight(
            asked.now,
            language=general.language,
            zone=general.timezone,
            address=self._place.web_url,
            contained=self._place.contained,
            masker=self._shops.masker,
            root=self._place.root,
        )
        gathering = Gathering(sight)
        with gathering.reading(CONFIG, Kind.CONFIGURATION, *OF_JOBS):
            self._read_config(gathering, asked)
        state = self._airflow.read(gathering, asked)
        self._look_at_service(gathering, asked)
        if CONFIG not in gathering.failed:
            service = _explanation(gathering.findings)
            self._warehouse.read(gathering, state, asked, service)
        return gathering

    def _read_config(self, gathering: Gathering, asked: Asked) -> None:
        checked = check_project(self._place.root)
        gathering.sight = replace(gathering.sight, registry=checked.registry)
        self._names |= {job.id: job.name for job in checked.registry.jobs.values()}
        problems = [*checked.problems]
        problems += (one for one in asked.configuration.problems if one not in problems)
        gathering.findings += problem_findings(gathering.sight, problems, self._names)
        gathering.unseen(subjects=_hidden(problems, asked, checked.registry.jobs))

    def _look_at_service(self, gathering: Gathering, asked: Asked) -> None:
        with gathering.reading(health.API, subjects=[health.API]):
            self._ask_api(gathering, asked)
        for part, look in asked.looks.items():
            with gathering.reading(part, Kind.SERVICE):
                gathering.findings += look(gathering.sight)
        with gathering.reading(health.DISK, subjects=[health.DISK]):
            gathering.findings += health.disk_findings(gathering.sight, [self._place.var])
        with gathering.reading(CLOCK, subjects=[CLOCK]):
            gathering.findings += self._clock.look(gathering.sight, self._shops.hosts())
            if not self._clock.can_tell:
                gathering.unseen(subjects=[CLOCK])

    def _ask_api(self, gathering: Gathering, asked: Asked) -> None:
        if not self._place.tasks_url or health.api_answers(self._place.tasks_url):
            self._api_silent_since = None
            return
        sight = gathering.sight
        since = self._api_silent_since = self._api_silent_since or sight.now
        began = asked.began or since - health.SILENT
        if sight.now - since >= self._down and sight.now - began >= health.SILENT:
            gathering.findings.append(health.api_finding(sight, since))
        else:
            gathering.unseen(subjects=[health.API])


def _hidden(problems: list[Problem], asked: Asked, jobs: Iterable[str]) -> set[str]:
    """Return the jobs of which nothing can be said, since their entries cannot be read."""
    hidden = {problem.job_id for problem in problems if problem.job_id}
    if any(problem.job_id is None for problem in problems):  # a whole file, or all of them
        hidden |= {one.subject for one in asked.open_now if one.kind in OF_JOBS}
    return hidden - {*jobs}


def _explanation(findings: Iterable[Finding]) -> str:
    found = {finding.subject: finding for finding in findings if finding.kind is Kind.SERVICE}
    explaining = (found[name].facts["what"] for name in EXPLAINING if name in found)
    return next(explaining, "")
