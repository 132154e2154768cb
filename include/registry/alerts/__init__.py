"""What config/alerts.yaml says: channels, routes, quiet hours and mutes, read and checked."""

from include.registry.alerts.loading import load_alerts, read_alerts
from include.registry.alerts.schema import (
    LONGEST_MUTE,
    AlertConfiguration,
    AlertsFile,
    Channel,
    Digest,
    Heartbeat,
    Mute,
    Quiet,
    Route,
    Storm,
)
from include.registry.alerts.values import CHANNEL_KINDS, COMPLETE, DRIFT, KINDS, Budget, Kind
from include.registry.paths import ALERTS_FILE

__all__ = [
    "ALERTS_FILE",
    "CHANNEL_KINDS",
    "COMPLETE",
    "DRIFT",
    "KINDS",
    "LONGEST_MUTE",
    "AlertConfiguration",
    "AlertsFile",
    "Budget",
    "Channel",
    "Digest",
    "Heartbeat",
    "Kind",
    "Mute",
    "Quiet",
    "Route",
    "Storm",
    "load_alerts",
    "read_alerts",
]
