"""What people are shown of alerts, by commands, page and metrics: open ones, mutes, channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts.muting import OF_JOBS, Mutes

if TYPE_CHECKING:
    from datetime import datetime

    from include.alerts.configuration import AlertConfiguration
    from include.alerts.records import Alert, Health
    from include.alerts.store import Store
    from include.registry.alerts import Mute

# How the store calls a round that could read, judge and send.
GOOD_ROUND = "round"
# Rounds are half a minute apart; after so long without one nobody watches.
UNWATCHED = timedelta(minutes=5)


@dataclass(frozen=True)
class Muted:
    """A mute that holds.

    Attributes:
        mute: what it says.
        days_left: on how many more days, today included.
        in_file: it stands in config/alerts.yaml; else a command has made it.
        alerts: what is wrong under it.
    """

    mute: Mute
    days_left: int
    in_file: bool
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True)
class Overview:
    """What is open, muted and failing.

    Attributes:
        now: when was looked; aware.
        alerts: those that are open, oldest first, without muted ones.
        muted: the mutes that hold.
        failing: the channels that take no messages.
        last_round: when the watchdog last could read, judge and send; none: never.
    """

    now: datetime
    alerts: tuple[Alert, ...] = ()
    muted: tuple[Muted, ...] = ()
    failing: tuple[Health, ...] = ()
    last_round: datetime | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the watchdog has looked just now."""
        return self.last_round is not None and self.now - self.last_round < UNWATCHED


def overview(store: Store, configuration: AlertConfiguration, now: datetime) -> Overview:
    """Return what is open, muted and failing.

    Args:
        store: what is kept.
        configuration: config/alerts.yaml.
        now: the moment; aware.
    """
    found = store.alerts()
    kept = store.mutes(now)
    mutes = Mutes(configuration, kept, now)
    healths = store.healths()
    return Overview(
        now,
        tuple(_seen(alert, mutes) for alert in found if _is_told(alert, mutes)),
        tuple(
            Muted(
                mute,
                mutes.days_left(mute),
                any(mute is one for one in configuration.mutes),
                tuple(alert for alert in found if _is_under(alert, mute, mutes)),
            )
            for mute in mutes.active
        ),
        tuple(
            healths[channel]
            for channel in configuration.channels
            if channel in healths and healths[channel].failing_since
        ),
        store.noted().get(GOOD_ROUND),
    )


def is_open(alert: Alert) -> bool:
    """Return whether something became an alert and is not over; it may be muted by now."""
    return alert.opened is not None and alert.recovered is None


def _is_told(alert: Alert, mutes: Mutes) -> bool:
    """Return whether an alert is open, and not muted: by now, which the last round did not know."""
    return is_open(alert) and not alert.silent and not mutes.covers(alert.finding)


def _seen(alert: Alert, mutes: Mutes) -> Alert:
    return replace(alert, finding=mutes.without_muted(alert.finding))


def _is_under(alert: Alert, mute: Mute, mutes: Mutes) -> bool:
    finding = alert.finding
    is_muted = alert.silent or mutes.covers(finding)
    if not is_muted or alert.recovered or finding.kind not in OF_JOBS:
        return False
    is_of_shop = mute.shop is None or mute.shop in {unit.shop_id for unit in finding.units}
    return is_of_shop and finding.subject == mute.job
