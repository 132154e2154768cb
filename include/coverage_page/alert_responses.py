"""What the page is told of alerts: those of jobs that its user may look at, and of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from include.alerts.answers import OF_JOBS
from include.alerts.findings import Kind
from include.alerts.overview import alert_as_dict, muted_as_dict, overview_as_dict
from include.registry.alerts import LONGEST_MUTE

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.alerts.findings import Finding
    from include.alerts.overview import Muted, Overview
    from include.alerts.records import Alert
    from include.registry import Registry
    from include.registry.alerts import AlertConfiguration

OF_CONNECTIONS = frozenset({Kind.CREDENTIALS, Kind.TOKEN})
# What the page says in its own language is made of these.
FACTS = ("started", "fire", "expected", "jobs", "first_period", "ends")


class Rights(NamedTuple):
    """What a user may: the jobs to look at, and those of them to run."""

    visible: Collection[str]
    runnable: Collection[str]


def jobs_of(finding: Finding, registry: Registry) -> set[str] | None:
    """Return the jobs that a finding is about; none: it is about the whole installation."""
    if finding.jobs:
        return set(finding.jobs) & registry.jobs.keys()
    if finding.kind in OF_JOBS:
        return {finding.subject}
    if finding.kind in OF_CONNECTIONS:
        shops = registry.shops.values()
        platforms = {shop.platform for shop in shops if shop.connection == finding.subject}
        return {
            job.id
            for job in registry.jobs.values()
            if job.platform in platforms or finding.subject in job.connection_ids
        } or None
    if finding.kind is Kind.CONFIGURATION and finding.subject in registry.jobs:
        return {finding.subject}
    return None


def is_among(finding: Finding, registry: Registry, jobs: Collection[str]) -> bool:
    """Return whether a finding is about one of some jobs, or about the whole installation.

    One that is of a contract has to be about no other job.
    """
    about = jobs_of(finding, registry)
    if about and finding.jobs:
        return about <= set(jobs)
    return about is None or not about.isdisjoint(jobs)


def may_acknowledge(finding: Finding, registry: Registry, runnable: Collection[str]) -> bool:
    """Return whether who may run some jobs may take an alert on: one of those that it is about.

    One of the whole installation whoever may run any; those who only look silence nothing.
    """
    return bool(runnable) and is_among(finding, registry, runnable)


def alerts(
    found: Overview, configuration: AlertConfiguration, registry: Registry, rights: Rights
) -> dict[str, Any]:
    """Return what is open, muted and failing, as JSON.

    Args:
        found: what there is.
        configuration: config/alerts.yaml.
        registry: names the jobs and shops.
        rights: the user's.
    """
    general = configuration.general
    today = found.now.astimezone(ZoneInfo(general.timezone)).date()
    return {
        **overview_as_dict(found, configuration),
        "zone": general.timezone,
        "language": general.language,
        "today": today.isoformat(),
        "latest": (today + LONGEST_MUTE).isoformat(),
        "problems": [str(problem) for problem in configuration.problems],
        "alerts": [
            _alert(alert, registry, rights)
            for alert in found.alerts
            if is_among(alert.finding, registry, rights.visible)
        ],
        "muted": [
            _muted(muted, registry, rights)
            for muted in found.muted
            if muted.mute.job in rights.visible
        ],
    }


def _alert(alert: Alert, registry: Registry, rights: Rights) -> dict[str, Any]:
    finding = alert.finding
    return {
        **alert_as_dict(alert),
        "zone": finding.zone,
        "facts": {name: finding.facts[name] for name in FACTS if name in finding.facts},
        "may": may_acknowledge(finding, registry, rights.runnable),
        # What can be muted, of those that its user may run.
        "mutable": finding.kind in OF_JOBS and finding.subject in rights.runnable,
    }


def _muted(muted: Muted, registry: Registry, rights: Rights) -> dict[str, Any]:
    mute = muted.mute
    job, shop = registry.jobs.get(mute.job), registry.shops.get(mute.shop or "")
    return {
        **muted_as_dict(muted),
        "name": job.name if job else "",
        "shop_name": shop.name if shop else "",
        "may": mute.job in rights.runnable,
    }
