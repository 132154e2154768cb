"""What is to be said of an alert in a channel: worked out from what was said of it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.alerts.configuration import mentioned, route_of
from include.alerts.findings import Kind
from include.alerts.records import What

if TYPE_CHECKING:
    from datetime import datetime

    from include.alerts.configuration import AlertConfiguration
    from include.alerts.records import Alert, Said
    from include.registry.alerts import Channel, Route

OF_A_CHANNEL = "channel:"  # how the subject of a finding about a channel begins


@dataclass(frozen=True)
class Saying:
    """What is to be said of one alert in one channel.

    Attributes:
        alert: of which.
        channel: where.
        whats: what; an opening and a recovery together, of what came and went meanwhile.
        since: from when on it was to be said.
        mention: who is mentioned.
        is_escalation: it is said because it lasted.
    """

    alert: Alert
    channel: str
    whats: tuple[What, ...]
    since: datetime
    mention: tuple[str, ...] = ()
    is_escalation: bool = False

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
    """How an alert stands in a channel.

    Attributes:
        saying: what is to be said now; none where nothing is.
        is_done: nothing is to be said of it any more, now or later.
    """

    saying: Saying | None = None
    is_done: bool = False


DONE, WAITING = Standing(is_done=True), Standing()


class Sayings:
    """Works out what is to be said in one channel.

    Args:
        channel: which.
        configuration: config/alerts.yaml.
        now: the moment; aware.
    """

    def __init__(self, channel: Channel, configuration: AlertConfiguration, now: datetime) -> None:
        self._channel = channel
        self._configuration = configuration
        self._now = now

    def of(self, alert: Alert) -> Standing:
        """Return how an alert stands."""
        route = route_of(self._configuration, self._channel, alert.finding)
        said = [one for one in alert.said if one.channel == self._channel.id]
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
        own = f"{OF_A_CHANNEL}{self._channel.id}"
        return finding.kind is Kind.SERVICE and finding.subject == own

    def _unsaid(self, alert: Alert, opened: datetime, route: Route) -> Standing:
        """Return how an alert stands of which the channel knows nothing."""
        due, is_escalation = opened + route.after, bool(route.after)
        lasted = alert.gone is None or due <= alert.gone
        if not lasted or (is_escalation and alert.acked is not None):
            return _waiting_unless_over(alert)
        if alert.recovered is not None:
            whats: tuple[What, ...] = (What.OPENING, What.RECOVERY)
            return Standing(Saying(alert, self._channel.id, whats, due, (), is_escalation))
        if self._now < due or alert.gone is not None:
            return WAITING
        mention = mentioned(self._channel, route)
        whats = (What.OPENING,)
        return Standing(Saying(alert, self._channel.id, whats, due, mention, is_escalation))

    def _said(self, alert: Alert, said: list[Said], route: Route | None) -> Standing:
        """Return how an alert stands that the channel knows of.

        Where it does not get such alerts any more, it is told that this one is over all the same.
        """
        if any(one.what is What.RECOVERY for one in said):
            return DONE
        if alert.recovered is not None:
            return Standing(Saying(alert, self._channel.id, (What.RECOVERY,), alert.recovered))
        latest = max(one.delivered for one in said if one.delivered is not None)
        due = latest + self._configuration.general.repeat
        is_held = alert.acked is not None or alert.gone is not None
        if route is None or self._now < due or is_held:
            return WAITING
        mention = mentioned(self._channel, route)
        return Standing(Saying(alert, self._channel.id, (What.REPEAT,), due, mention))


def _waiting_unless_over(alert: Alert) -> Standing:
    return WAITING if alert.recovered is None else DONE
