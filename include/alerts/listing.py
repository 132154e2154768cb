"""Alerts, mutes and channels as a program is told of them: by `--json` of commands and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.units.unit import NO_SHOP

if TYPE_CHECKING:
    from datetime import datetime

    from include.alerts.configuration import AlertConfiguration
    from include.alerts.findings import Missing
    from include.alerts.overview import Muted, Overview
    from include.alerts.records import Alert, Health


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
