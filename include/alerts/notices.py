"""What is to be said in a channel: of each alert, by what was said of it there; what together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.configuration import mentioned, route_of
from include.alerts.findings import Kind
from include.alerts.records import What
from include.units.unit import NO_SHOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from include.alerts.findings import Finding
    from include.alerts.records import Alert, Told
    from include.registry.alerts import AlertConfiguration, Channel, Route

OF_A_CHANNEL = "channel:"  # how the subject of a finding about a channel begins


@dataclass(frozen=True)
class Notice:
    """What is to be said of one alert in one channel."""

    alert: Alert
    channel: str
    # What; an opening and a recovery together, of what came and went meanwhile
    whats: tuple[What, ...]
    since: datetime  # from when on it was to be said
    mention: tuple[str, ...] = ()  # who is mentioned
    is_escalation: bool = False  # it is said because it lasted

    @property
    def is_over(self) -> bool:
        """Whether the alert has recovered."""
        return What.RECOVERY in self.whats

    @property
    def opening(self) -> int:
        """The message that said in this channel that it is wrong; 0 for none."""
        openings = (one for one in self.alert.said if one.what is What.OPENING)
        return max((one.message for one in openings if one.channel == self.channel), default=0)


@dataclass(frozen=True)
class Standing:
    """How an alert stands in a channel."""

    notice: Notice | None = None  # what is to be said now; none where nothing is
    is_done: bool = False  # nothing is to be said of it any more, now or later


DONE, WAITING = Standing(is_done=True), Standing()


@dataclass(frozen=True)
class Notices:
    """Works out what is to be said in one channel at an (aware) moment."""

    channel: Channel
    configuration: AlertConfiguration
    now: datetime

    def of(self, alert: Alert) -> Standing:
        """Return how an alert stands."""
        route = route_of(self.configuration, self.channel, alert.finding)
        said = [one for one in alert.said if one.channel == self.channel.id]
        if self._is_about_itself(alert) or (route is None and not said):
            return DONE
        if any(one.delivered is None for one in said):
            return WAITING
        if alert.opened is None or alert.silent:
            return _waiting_unless_over(alert)
        if route is not None and not said:
            return self._unsaid(alert, alert.opened, route)
        return self._said(alert, said, route)

    def _is_about_itself(self, alert: Alert) -> bool:
        finding = alert.finding
        own = f"{OF_A_CHANNEL}{self.channel.id}"
        return finding.kind is Kind.SERVICE and finding.subject == own

    def _unsaid(self, alert: Alert, opened: datetime, route: Route) -> Standing:
        """Return how an alert stands of which the channel knows nothing."""
        due, is_escalation = opened + route.after, bool(route.after)
        lasted = alert.gone is None or due <= alert.gone
        if not lasted or (is_escalation and alert.acked is not None):
            return _waiting_unless_over(alert)
        if alert.recovered is not None:
            both = (What.OPENING, What.RECOVERY)
            return self._to_say(alert, both, due, is_escalation=is_escalation)
        if self.now < due or alert.gone is not None:
            return WAITING
        return self._to_say(alert, (What.OPENING,), due, route, is_escalation=is_escalation)

    def _said(self, alert: Alert, said: list[Told], route: Route | None) -> Standing:
        """Return how an alert stands that the channel knows of.

        Where it does not get such alerts any more, it is told that this one is over all the same.
        """
        if any(one.what is What.RECOVERY for one in said):
            return DONE
        if alert.recovered is not None:
            return self._to_say(alert, (What.RECOVERY,), alert.recovered)
        latest = max(one.delivered for one in said if one.delivered is not None)
        due = latest + self.configuration.general.repeat
        is_held = alert.acked is not None or alert.gone is not None
        if route is None or self.now < due or is_held:
            return WAITING
        return self._to_say(alert, (What.REPEAT,), due, route)

    def _to_say(
        self,
        alert: Alert,
        whats: tuple[What, ...],
        since: datetime,
        route: Route | None = None,
        *,
        is_escalation: bool = False,
    ) -> Standing:
        mention = mentioned(self.channel, route) if route else ()
        return Standing(Notice(alert, self.channel.id, whats, since, mention, is_escalation))


def _waiting_unless_over(alert: Alert) -> Standing:
    return WAITING if alert.recovered is None else DONE


Part = tuple["Notice", ...]  # what one message says

# Kinds that many jobs of a platform have at once, with one cause.
OF_PLATFORMS = frozenset({Kind.LATE, Kind.QUALITY})
NOT_STARTED = "not_started"  # the cause of whatever has no run at all, on any platform
# What is said first where not all is said by itself.
URGENT = (Kind.SERVICE, Kind.CREDENTIALS, Kind.CONFIGURATION, Kind.LATE, Kind.QUALITY)


class Cause(NamedTuple):
    """What the alerts of a storm have in common."""

    kind: Kind
    platform: str
    cause: str


def parts_of(notices: Iterable[Notice], group: int) -> list[Part]:
    """Return what is said together, the most urgent first.

    Args:
        notices: all that is to be said in a channel now.
        group: from how many jobs of one platform and cause on they are one message.
    """
    by_what: dict[tuple[What, ...], list[Notice]] = defaultdict(list)
    for notice in sorted(notices, key=_urgency):
        by_what[notice.whats].append(notice)
    openings = by_what.pop((What.OPENING,), [])
    recoveries = by_what.pop((What.RECOVERY,), [])
    rest = [tuple(several) for several in by_what.values()]
    return [*_storms(openings, group), *_said_together(recoveries), *rest]


def within_budget(parts: Sequence[Part], left: int) -> list[Part]:
    """Return what is sent of it: what does not fit the budget is said in one message.

    One message of the budget is kept for what comes next, as far as there are two.

    Args:
        parts: what would each be a message.
        left: how many messages may be sent now.
    """
    if left <= 0 or not parts:
        return []
    if len(parts) <= max(left - 1, 1):
        return list(parts)
    alone = max(left - 2, 0)
    return [*parts[:alone], sum(parts[alone:], ())]


def cause_of(finding: Finding) -> Cause | None:
    """Return what a finding may have in common with others; none for one of its own."""
    if finding.kind not in OF_PLATFORMS:
        return None
    if finding.is_unstarted:
        return Cause(finding.kind, "", NOT_STARTED)
    if finding.jobs:  # a contract's is of several platforms
        return None
    causes = {unit.cause for unit in finding.units} or {finding.facts.get("cause", "")}
    (cause, *others) = causes
    return Cause(finding.kind, finding.platform, cause) if cause and not others else None


def _storms(openings: list[Notice], group: int) -> Iterator[Part]:
    """Yield openings: those of one platform and cause together, if they are many."""
    by_cause: dict[Cause | int, list[Notice]] = defaultdict(list)
    for notice in openings:
        by_cause[cause_of(notice.alert.finding) or notice.alert.number].append(notice)
    for several in by_cause.values():
        if _is_storm(several, group):
            yield tuple(several)
        else:
            yield from ((one,) for one in several)


def _is_storm(several: list[Notice], group: int) -> bool:
    """Return whether they are of many jobs, or of several that concern half of their platform."""
    findings = [notice.alert.finding for notice in several]
    jobs = {finding.subject for finding in findings}
    if len(jobs) >= group:
        return True
    is_of_several = len({finding.platform for finding in findings}) > 1  # what has no run may be
    shops = {unit.shop_id for finding in findings for unit in finding.units} - {NO_SHOP}
    of_platform = max(int(finding.facts.get("shops", "0")) for finding in findings)
    return len(jobs) > 1 and not is_of_several and 0 < of_platform <= 2 * len(shops)


def _said_together(recoveries: list[Notice]) -> Iterator[Part]:
    """Yield recoveries: those together that one message has said to be wrong."""
    by_message: dict[int, list[Notice]] = defaultdict(list)
    for notice in recoveries:
        by_message[notice.opening].append(notice)
    yield from (tuple(several) for several in by_message.values())


def _urgency(notice: Notice) -> tuple[int, int]:
    kind = notice.alert.finding.kind
    return (URGENT.index(kind) if kind in URGENT else len(URGENT), notice.alert.number)
