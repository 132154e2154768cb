"""What config/alerts.yaml means for one finding: which channels get it, and when.

The file itself is read and checked in `include.registry.alerts`, beside the registry.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.alerts.records import Purpose
from include.registry.alerts import (
    AlertConfiguration,
    Channel,
    Route,
    load_alerts,
    read_alerts,
)
from include.registry.paths import ALERTS_FILE

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from include.alerts.findings import Drifting, Finding

KEPT = "alerts.yaml.kept"


def load_usable(root: Path, var: Path) -> AlertConfiguration:
    """Read config/alerts.yaml; what cannot be read of it is as it was when it could be.

    An edit that breaks the file must not make alerts silent: least of all the one that says so. A
    channel that is wrong, or a file that is not YAML, is taken from the copy that is kept of the
    last file without problems.

    Args:
        root: the project root.
        var: where the copy is.
    """
    found = load_alerts(root)
    if found.problems:
        with suppress(OSError):
            return _repaired(found, read_alerts((var / KEPT).read_bytes()))
    return found


def keep_usable(root: Path, var: Path, found: AlertConfiguration) -> None:
    """Keep a copy of the file for `load_usable`, if nothing is wrong with what was found in it."""
    copy = var / KEPT
    with suppress(OSError):
        if found.problems or not (root / ALERTS_FILE).exists():
            return
        raw = (root / ALERTS_FILE).read_bytes()
        if not copy.exists() or copy.read_bytes() != raw:
            var.mkdir(parents=True, exist_ok=True)
            half = copy.with_suffix(".half")  # whoever is killed meanwhile leaves the copy whole
            half.write_bytes(raw)
            half.replace(copy)


def _repaired(found: AlertConfiguration, kept: AlertConfiguration) -> AlertConfiguration:
    if not found.said:
        return replace(kept, problems=found.problems)
    channels = {
        channel: found.channels.get(channel) or kept.channels[channel]
        for channel in found.said
        if channel in found.channels or channel in kept.channels
    }
    return replace(found, channels=channels)


def route_of(configuration: AlertConfiguration, channel: Channel, finding: Finding) -> Route | None:
    """Return by which route a channel gets a finding: the first that fits; none: it does not.

    Without any route in the file everything goes to every channel.
    """
    if not configuration.routes:
        return Route(to=channel.id)
    fitting = (
        route
        for route in configuration.routes
        if route.to == channel.id and finding.kind in route.on and is_within(route, finding)
    )
    return next(fitting, None)


def is_within(route: Route, about: Finding | Drifting) -> bool:
    """Return whether something is of the platforms and tags of a route."""
    platforms, tags = about.platform.split(), about.tags
    return (not route.platforms or not set(route.platforms).isdisjoint(platforms)) and (
        not route.tags or not set(route.tags).isdisjoint(tags)
    )


def routes_naming(
    configuration: AlertConfiguration, news: str, channel: Channel | None = None
) -> list[Route]:
    """Return the routes by which a channel, or any, hears of what is no alert.

    Args:
        configuration: has the routes.
        news: `complete` or `drift`, which comes only where it is named.
        channel: which; None: any.
    """
    return [
        route
        for route in configuration.routes
        if news in route.on and (channel is None or route.to == channel.id)
    ]


def is_for_programs(channel: Channel, purpose: Purpose) -> bool:
    """Return whether a message is one that a program waits for: no budget of a chat holds it up."""
    return channel.kind == "webhook" and purpose is Purpose.COMPLETE


def mentioned(channel: Channel, route: Route) -> tuple[str, ...]:
    """Return who is mentioned in a channel by a route."""
    return tuple(channel.mention if route.mention is None else route.mention)


def is_quiet(configuration: AlertConfiguration, now: datetime, kind: str = "") -> bool:
    """Return whether messages (of a kind, or of what is no alert) are held at an aware moment."""
    quiet = configuration.quiet
    if quiet is None or kind in quiet.except_kinds:
        return False
    clock = now.astimezone(ZoneInfo(configuration.general.timezone)).time()
    if quiet.from_time < quiet.until:
        return quiet.from_time <= clock < quiet.until
    return clock >= quiet.from_time or clock < quiet.until


def digest_channels(configuration: AlertConfiguration) -> list[Channel]:
    """Return the channels that get the digest; all of them unless the file names some."""
    named = configuration.digest.to
    return [one for one in configuration.channels.values() if not named or one.id in named]
