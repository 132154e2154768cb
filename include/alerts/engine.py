"""The engine: what is kept and what was found go in, what is to be written comes out.

It reads no clock, no file and no network: one round is a function of the state, of what was
observed, of config/alerts.yaml and of the moment. `store` writes what it returns in one
transaction, `outbox` sends it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts import catalogue as texts
from include.alerts.answers import Mutes
from include.alerts.catalogue import Language
from include.alerts.composing import Wording
from include.alerts.configuration import digest_channels, is_for_programs, is_quiet
from include.alerts.digest import Digest, announcements
from include.alerts.findings import Finding, Kind
from include.alerts.notices import OF_A_CHANNEL, Notices, parts_of, within_budget
from include.alerts.records import Alert, Changes, Outgoing, Purpose, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from include.alerts.findings import Observed
    from include.alerts.messages import Message
    from include.alerts.notices import Notice, Part
    from include.alerts.records import Health, State, What
    from include.registry.alerts import AlertConfiguration, Channel

# What is repaired by the next edit in most cases waits before it is said.
HOLDS: Mapping[Kind, timedelta] = {Kind.CONFIGURATION: timedelta(minutes=5)}
# What is gone and comes back within this time was never gone: it is said once, not each time.
STEADY = timedelta(minutes=5)
# What passes by itself is said of a channel only when it has lasted.
PATIENCE_WITH_A_CHANNEL = timedelta(minutes=5)
# What is over, and could not be said for so long, is of no use to anybody.
FORGOTTEN = timedelta(days=7)


def judge(
    state: State, observed: Observed, configuration: AlertConfiguration, now: datetime
) -> Changes:
    """Return what a round writes, by what is kept and what it has found at an (aware) moment."""
    mutes = Mutes(configuration, state.mutes, now)
    of_channels = channel_findings(state, configuration, now)
    seen = replace(observed, findings=(*observed.findings, *of_channels))
    after, dropped = _tracked(state, seen, mutes, now)
    writing = _Writing(state, configuration, now)
    for channel in configuration.channels.values():
        writing.write(channel, after)
    digest = Digest(configuration, mutes, after, state.stops, now)
    for channel in digest_channels(configuration):
        writing.write_daily(channel, digest, observed)
    drifted = tuple(one for one in observed.drifted if not mutes.cover_jobs(one.jobs))
    for channel in configuration.channels.values():
        writing.write_news(channel, replace(observed, drifted=drifted))
    alerts = (writing.finished(alert) for alert in after)
    before = {alert.number: alert for alert in state.alerts}
    return Changes(
        alerts=tuple(alert for alert in alerts if alert != before.get(alert.number)),
        dropped=tuple(dropped),
        outgoing=tuple(writing.outgoing),
        abandoned=tuple(
            one.number for one in state.waiting if one.channel not in configuration.channels
        ),
    )


def _tracked(
    state: State, observed: Observed, mutes: Mutes, now: datetime
) -> tuple[list[Alert], list[int]]:
    """Return the alerts after a round, and the numbers of those that went before they opened."""
    found = {finding.identity: finding for finding in observed.findings}
    kept: list[Alert] = []
    dropped: list[int] = []
    for alert in state.alerts:
        if alert.recovered:  # the same may be wrong once more, as a new alert
            kept.append(alert)
            continue
        finding = found.pop(alert.finding.identity, None)
        after = _after(alert, finding, observed, mutes, now)
        if after is None:
            dropped.append(alert.number)
        else:
            kept.append(after)
    for new, finding in enumerate(found.values(), start=state.next_alert):
        kept.append(_present(Alert(new, finding, now), finding, mutes, now))
    return kept, dropped


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


def channel_findings(
    state: State, configuration: AlertConfiguration, now: datetime
) -> Iterator[Finding]:
    """Yield a finding for each channel that takes no messages, for the other channels."""
    language = Language(configuration.general.language)
    for channel in configuration.channels:
        health = state.health.get(channel)
        if health is None or health.failing_since is None:
            continue
        if health.is_refusal or now - health.failing_since >= PATIENCE_WITH_A_CHANNEL:
            answer = health.answer or health.code
            yield Finding.of(
                Kind.SERVICE,
                f"{OF_A_CHANNEL}{channel}",
                health.failing_since,
                configuration.general.timezone,
                name=channel,
                what=language.say(texts.CHANNEL_FAILS, channel=channel, answer=answer),
                remedy=health.remedy or language.say(texts.TRY_CHANNEL, channel=channel),
            )


class _Writing:
    """Collects the messages of one round."""

    def __init__(self, state: State, configuration: AlertConfiguration, now: datetime) -> None:
        self.outgoing: list[Outgoing] = []  # those that are to be written
        self._state = state
        self._configuration = configuration
        self._now = now
        general = configuration.general
        self._texts = Wording(general.language, now, general.repeat)
        self._said: dict[int, list[Told]] = {}
        self._unfinished: set[int] = set()

    def write(self, channel: Channel, alerts: list[Alert]) -> None:
        """Write what a channel is to be told."""
        fresh: list[Notice] = []
        held: list[Notice] = []
        notices = Notices(channel, self._configuration, self._now)
        for alert in alerts:
            found = notices.of(alert)
            if not found.is_done:
                self._unfinished.add(alert.number)
            if (notice := found.notice) is None:
                continue
            kind = notice.alert.finding.kind
            if is_quiet(self._configuration, self._now, kind):
                continue
            was_held = is_quiet(self._configuration, notice.since, kind)
            (held if was_held else fresh).append(notice)
        for part in self._parts(channel, fresh, held):
            covers = tuple((one.alert.number, what) for one in part for what in one.whats)
            self._add(channel, Purpose.ALERTS, self._texts.message(part), covers=covers)

    def write_daily(self, channel: Channel, digest: Digest, observed: Observed) -> None:
        """Write the digest, and that all has landed, when it is time."""
        last_days = self._state.last_days
        last, last_all = (
            last_days.get((channel.id, purpose)) for purpose in (Purpose.DIGEST, Purpose.ALL_LANDED)
        )
        for due in digest.due(observed.day, last, last_all):
            if self._left(channel) > 0:
                self._add(channel, due.purpose, due.message, day=due.day.isoformat())

    def write_news(self, channel: Channel, observed: Observed) -> None:
        """Write that periods are complete, and what is new in answers."""
        told = self._state.announced.get(channel.id, frozenset())
        found = announcements(self._configuration, channel, observed, told, self._now)
        for purpose, message in found:
            is_free = is_for_programs(channel, purpose) and self._health(channel) is None
            if is_free or self._left(channel) > 0:
                self._add(channel, purpose, message)

    def finished(self, alert: Alert) -> Alert:
        """Return an alert with what is said of it now, closed when nothing is left to say."""
        said = tuple(self._said.get(alert.number, ()))
        after = replace(alert, said=(*alert.said, *said)) if said else alert
        if alert.recovered is None or said:
            return after
        is_finished = alert.number not in self._unfinished
        is_old = self._now - alert.recovered > FORGOTTEN
        return replace(after, closed=self._now) if is_finished or is_old else after

    def _parts(self, channel: Channel, fresh: list[Notice], held: list[Notice]) -> list[Part]:
        """Return what is said together in a channel, as far as it may be said now."""
        left = self._left(channel)
        if self._health(channel) is not None:  # it gets one message, to see whether it works
            whole = tuple(sorted((*fresh, *held), key=lambda one: one.alert.number))
            return [whole] if whole and left > 0 else []
        parts = parts_of(fresh, self._configuration.storm.group)
        if held:
            parts.append(tuple(held))
        return within_budget(parts, left)

    def _left(self, channel: Channel) -> int:
        """Return how many messages may be written to a channel now."""
        waiting = [one for one in self._state.waiting if one.channel == channel.id]
        waiting += [one for one in self.outgoing if one.channel == channel.id]
        health = self._health(channel)
        if health is not None:
            is_time = health.next_attempt is None or health.next_attempt <= self._now
            return 1 if is_time and not waiting else 0
        waiting = [one for one in waiting if not is_for_programs(channel, one.purpose)]
        budget = self._configuration.storm.budget
        since = self._now - budget.within
        used = [at for at in self._state.attempts.get(channel.id, ()) if at >= since]
        return budget.messages - len(used) - len(waiting)

    def _health(self, channel: Channel) -> Health | None:
        """Return how a channel fails; none where it works."""
        health = self._state.health.get(channel.id)
        return health if health and health.failing_since else None

    def _add(
        self,
        channel: Channel,
        purpose: Purpose,
        message: Message,
        covers: tuple[tuple[int, What], ...] = (),
        day: str = "",
    ) -> None:
        number = self._state.next_message + len(self.outgoing)
        self.outgoing.append(Outgoing(number, channel.id, purpose, message, self._now, covers, day))
        for alert, what in covers:
            self._said.setdefault(alert, []).append(Told(channel.id, what, number))
