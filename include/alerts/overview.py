"""What people are shown of alerts, by commands, page and metrics: open ones, mutes, channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.alerts.answers import OF_JOBS, Mutes
from include.units.unit import NO_SHOP

if TYPE_CHECKING:
    from datetime import datetime

    from include.alerts.findings import Missing
    from include.alerts.records import Alert, Health
    from include.alerts.store import Store
    from include.registry.alerts import AlertConfiguration, Mute

# How the store calls a round that could read, judge and send.
GOOD_ROUND = "round"
# Rounds are half a minute apart; after so long without one nobody watches.
UNWATCHED = timedelta(minutes=5)


@dataclass(frozen=True)
class Muted:
    """A mute that holds."""

    mute: Mute  # what it says
    days_left: int  # on how many more days, today included
    in_file: bool  # it stands in config/alerts.yaml; else a command has made it
    alerts: tuple[Alert, ...] = ()  # what is wrong under it


@dataclass(frozen=True)
class Overview:
    """What is open, muted and failing."""

    now: datetime  # when was looked; aware
    alerts: tuple[Alert, ...] = ()  # those that are open, oldest first, without muted ones
    muted: tuple[Muted, ...] = ()  # the mutes that hold
    failing: tuple[Health, ...] = ()  # the channels that take no messages
    # When the watchdog last could read, judge and send; none: never
    last_round: datetime | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the watchdog has looked just now."""
        return self.last_round is not None and self.now - self.last_round < UNWATCHED


def overview(store: Store, configuration: AlertConfiguration, now: datetime) -> Overview:
    """Return what is open, muted and failing at an (aware) moment."""
    found = store.alerts()
    kept = store.mutes(now)
    mutes = Mutes(configuration, kept, now)
    healths = store.healths()
    return Overview(
        now,
        tuple(
            replace(alert, finding=mutes.without_muted(alert.finding))
            for alert in found
            if _is_told(alert, mutes)
        ),
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


def _is_told(alert: Alert, mutes: Mutes) -> bool:
    """Return whether an alert is open, and not muted: by now, which the last round did not know."""
    return alert.is_open and not alert.silent and not mutes.covers(alert.finding)


def _is_under(alert: Alert, mute: Mute, mutes: Mutes) -> bool:
    finding = alert.finding
    is_muted = alert.silent or mutes.covers(finding)
    if not is_muted or alert.recovered or finding.kind not in OF_JOBS:
        return False
    is_of_shop = mute.shop is None or mute.shop in {unit.shop_id for unit in finding.units}
    return is_of_shop and finding.subject == mute.job


def overview_as_dict(found: Overview, configuration: AlertConfiguration) -> dict[str, Any]:
    """Return what is open, muted and failing, and when was looked last."""
    return {
        "made_at": _text(found.now),
        "watched": found.is_watched,
        "last_round": _text(found.last_round),
        "alerts": [*map(alert_as_dict, found.alerts)],
        "muted": [*map(muted_as_dict, found.muted)],
        "channels": [*configuration.channels],
        "failing": [_health_as_dict(health) for health in found.failing],
    }


def alert_as_dict(alert: Alert) -> dict[str, Any]:
    """Return an alert: what is wrong, of which shops, since when, and who was told."""
    finding = alert.finding
    return {
        "number": alert.number,
        "label": alert.label,
        "kind": finding.kind.value,
        "subject": finding.subject,
        "name": finding.name,
        "period": finding.period_key or None,
        "platform": finding.platform or None,
        "since": _text(finding.since),
        "due": _text(finding.due),
        "opened": _text(alert.opened),
        "gone": _text(alert.gone),
        "recovered": _text(alert.recovered),
        "acknowledged": {"by": alert.acked_by, "at": _text(alert.acked)} if alert.acked else None,
        "what": finding.facts.get("what"),
        "remedy": finding.facts.get("remedy"),
        "units": [_unit_as_dict(unit) for unit in finding.units],
        "told": [
            {"channel": one.channel, "what": one.what.value, "at": _text(one.delivered)}
            for one in alert.said
        ],
    }


def muted_as_dict(muted: Muted) -> dict[str, Any]:
    """Return a mute: of what, until when, why and by whom, and the alerts under it."""
    mute = muted.mute
    return {
        "job": mute.job,
        "shop": mute.shop,
        "until": mute.until.isoformat(),
        "days_left": muted.days_left,
        "reason": mute.reason,
        "by": mute.by or None,
        "in_file": muted.in_file,
        "alerts": [alert.label for alert in muted.alerts],
    }


def _unit_as_dict(unit: Missing) -> dict[str, Any]:
    return {
        "shop": None if unit.shop_id == NO_SHOP else unit.shop_id,
        "name": unit.shop_name,
        "reason": unit.reason,
        "remedy": unit.remedy or None,
    }


def _health_as_dict(health: Health) -> dict[str, Any]:
    return {
        "channel": health.channel,
        "since": _text(health.failing_since),
        "code": health.code,
        "answer": health.answer,
        "remedy": health.remedy or None,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
