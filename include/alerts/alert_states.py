"""Compares what is wrong now with the alerts there are: which open, go on, and are over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts.findings import Kind
from include.alerts.records import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from include.alerts.answers import Mutes
    from include.alerts.findings import Finding, Observed

# What is repaired by the next edit in most cases waits before it is said.
HOLDS: Mapping[Kind, timedelta] = {Kind.CONFIGURATION: timedelta(minutes=5)}
# What is gone and comes back within this time was never gone: it is said once, not each time.
STEADY = timedelta(minutes=5)


@dataclass(frozen=True)
class Tracked:
    """The alerts after a round.

    Attributes:
        alerts: those that are open, or not done with.
        dropped: numbers of those that were held, and went before they became alerts.
    """

    alerts: tuple[Alert, ...]
    dropped: tuple[int, ...] = ()


def tracked(
    alerts: Iterable[Alert], observed: Observed, mutes: Mutes, number: int, now: datetime
) -> Tracked:
    """Return the alerts after a round.

    Args:
        alerts: those that were not closed before it.
        observed: what it has found.
        mutes: of what nothing is said.
        number: that of the next new alert.
        now: the moment; aware.
    """
    found = {finding.identity: finding for finding in observed.findings}
    kept: list[Alert] = []
    dropped: list[int] = []
    for alert in alerts:
        if alert.recovered:  # the same may be wrong once more, as a new alert
            kept.append(alert)
            continue
        finding = found.pop(alert.finding.identity, None)
        after = _after(alert, finding, observed, mutes, now)
        if after is None:
            dropped.append(alert.number)
        else:
            kept.append(after)
    for new, finding in enumerate(found.values(), start=number):
        kept.append(_present(Alert(new, finding, now), finding, mutes, now))
    return Tracked(tuple(kept), tuple(dropped))


def _after(
    alert: Alert, finding: Finding | None, observed: Observed, mutes: Mutes, now: datetime
) -> Alert | None:
    """Return an open alert after a round; none: it was held, and is gone."""
    if finding is not None:
        since = min(alert.finding.since, finding.since)
        return _present(alert, replace(finding, since=since), mutes, now)
    identity = alert.finding.identity
    if identity.kind in observed.unseen_kinds or identity.subject in observed.unseen_subjects:
        return alert
    if _stands_for(observed, alert.finding) and identity not in observed.resolved:
        return replace(alert, gone=None, silent=True)
    if alert.opened is None:
        return None
    return _absent(replace(alert, silent=mutes.covers(alert.finding)), observed, now)


def _present(alert: Alert, finding: Finding, mutes: Mutes, now: datetime) -> Alert:
    silent = mutes.covers(finding)
    hold = HOLDS.get(finding.kind, timedelta())
    opens = alert.opened is None and not silent and now - alert.first_seen >= hold
    told = mutes.without_muted(finding)
    return replace(
        alert,
        finding=told,
        opened=now if opens else alert.opened,
        missed=told.units if opens else alert.missed,
        gone=None,
        silent=silent,
        resolution=None,
    )


def _absent(alert: Alert, observed: Observed, now: datetime) -> Alert:
    gone = alert.gone or now
    resolution = observed.resolved.get(alert.finding.identity, alert.resolution)
    recovered = now if now - gone >= STEADY else None
    return replace(alert, gone=gone, resolution=resolution, recovered=recovered)


def _stands_for(observed: Observed, late: Finding) -> bool:
    """Return whether a period that was late has become one that nothing will heal."""
    return late.kind is Kind.LATE and any(
        finding.kind is Kind.AGING
        and finding.subject in (late.subject, *late.jobs)
        and finding.period_key in ("", late.period_key)
        for finding in observed.findings
    )
