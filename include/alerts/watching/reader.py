"""One look at everything, in the order in which one part explains the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include import METADATA_URL, TASKS_URL
from include.alerts.connections import ShopConnections
from include.alerts.findings import Kind
from include.alerts.watching import health
from include.alerts.watching.airflow_database import AirflowReader
from include.alerts.watching.clock import CLOCK, ClockWatch
from include.alerts.watching.config_problems import problem_findings
from include.alerts.watching.scope import WEB_URL, Collector, Scope, UndecidedError
from include.alerts.watching.warehouse import OF_LEDGER, WarehouseReader
from include.registry.checks import check_project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from include.alerts.connections import ChannelConnections
    from include.alerts.findings import Finding
    from include.alerts.watching.scope import RoundInput, Site
    from include.registry import Problem

CONFIG = "config/"
# What explains that a job has not run.
EXPLAINING = ("scheduler", health.SUPERVISOR, health.DATABASE, "dag-processor")


class Reader:
    """Looks at an installation, round after round.

    Args:
        site: the site.
        credentials: the connections that messages are sent with.
        clock: watches this machine's.
        down: how long something does not answer before that is told.
    """

    def __init__(
        self,
        site: Site,
        credentials: ChannelConnections,
        clock: ClockWatch | None = None,
        down: timedelta = health.DOWN,
    ) -> None:
        self._site = site
        self._clock = clock or ClockWatch()
        self._down = down
        self._shops = ShopConnections(site.environment, credentials.keys, [site.said(METADATA_URL)])
        self._airflow = AirflowReader(site, credentials, self._shops)
        self._warehouse = WarehouseReader(credentials, self._shops, self._airflow)
        self._names: dict[str, str] = {}
        self._api_silent_since: datetime | None = None

    def look(self, asked: RoundInput) -> Collector:
        """Return what is wrong now; whatever cannot be read costs its own findings only."""
        general = asked.configuration.general
        scope = Scope(
            asked.now,
            language=general.language,
            zone=general.timezone,
            address=self._site.said(WEB_URL),
            contained=self._site.contained,
            masker=self._shops.masker,
            root=self._site.root,
        )
        collector = Collector(scope, asked)
        with collector.reading(CONFIG, Kind.CONFIGURATION, *OF_LEDGER):
            self._read_config(collector)
        state = self._airflow.read(collector)
        self._look_at_service(collector)
        if CONFIG not in collector.failed:
            self._warehouse.read(collector, state, _explanation(collector.findings))
        return collector

    def _read_config(self, collector: Collector) -> None:
        asked = collector.asked
        checked = check_project(self._site.root, asked.now)
        collector.scope = replace(collector.scope, registry=checked.registry)
        self._names |= {job.id: job.name for job in checked.registry.jobs.values()}
        problems = [*checked.problems]
        problems += (one for one in asked.configuration.problems if one not in problems)
        collector.findings += problem_findings(collector.scope, problems, self._names)
        collector.unseen(subjects=_hidden(problems, asked, checked.registry.jobs))

    def _look_at_service(self, collector: Collector) -> None:
        with collector.reading(health.API, subjects=[health.API]):
            self._ask_api(collector)
        for part, look in collector.asked.looks.items():
            with collector.reading(part, Kind.SERVICE):
                try:
                    collector.findings += look(collector.scope)
                except UndecidedError:
                    collector.unseen(Kind.SERVICE)
        with collector.reading(health.DISK, subjects=[health.DISK]):
            collector.findings += health.disk_findings(collector.scope, [self._site.var])
        with collector.reading(CLOCK, subjects=[CLOCK]):
            collector.findings += self._clock.look(collector.scope, self._shops.hosts())
            if not self._clock.can_tell:
                collector.unseen(subjects=[CLOCK])

    def _ask_api(self, collector: Collector) -> None:
        address = self._site.said(TASKS_URL)
        if not address or health.api_answers(address):
            self._api_silent_since = None
            return
        scope = collector.scope
        since = self._api_silent_since = self._api_silent_since or scope.now
        began = collector.asked.began or since - health.SILENT
        if scope.now - since >= self._down and scope.now - began >= health.SILENT:
            collector.findings.append(health.api_finding(scope, since))
        else:
            collector.unseen(subjects=[health.API])


def _hidden(problems: list[Problem], asked: RoundInput, jobs: Iterable[str]) -> set[str]:
    """Return the jobs of which nothing can be said, since their entries cannot be read."""
    hidden = {problem.job_id for problem in problems if problem.job_id}
    if any(problem.job_id is None for problem in problems):  # a whole file, or all of them
        hidden |= {one.subject for one in asked.open_now if one.kind in OF_LEDGER}
    return hidden - {*jobs}


def _explanation(findings: Iterable[Finding]) -> str:
    found = {finding.subject: finding for finding in findings if finding.kind is Kind.SERVICE}
    explaining = (found[name].facts["what"] for name in EXPLAINING if name in found)
    return next(explaining, "")
