"""Mutes: jobs, or shops of them, of which nothing is said until a day, with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.alerts.findings import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from include.alerts.configuration import AlertConfiguration
    from include.alerts.findings import Finding
    from include.alerts.records import KeptMute
    from include.registry.alerts import Mute

# Kinds whose subject is a job, and which tell of its data.
OF_JOBS = frozenset({Kind.LATE, Kind.QUALITY, Kind.PAUSED, Kind.AGING, Kind.DRIFT})


class Mutes:
    """All mutes, of config/alerts.yaml and of commands, on one day.

    Attributes:
        active: those that hold on the day.
        today: the day, on the clock of config/alerts.yaml.
    """

    def __init__(
        self, configuration: AlertConfiguration, kept: Iterable[KeptMute], now: datetime
    ) -> None:
        self.today = now.astimezone(ZoneInfo(configuration.general.timezone)).date()
        self._all = [*configuration.mutes, *(one.mute for one in kept)]
        self.active = [mute for mute in self._all if self.today <= mute.until]

    def ended_since(self, day: date) -> list[Mute]:
        """Return the mutes that have ended on a day or after it."""
        return [mute for mute in self._all if day <= mute.until < self.today]

    def days_left(self, mute: Mute) -> int:
        """Return on how many more days a mute holds, today included."""
        return (mute.until - self.today).days + 1

    def covers(self, finding: Finding) -> bool:
        """Return whether nothing is to be said of a finding at all."""
        mutes = self._of(finding)
        if any(mute.shop is None for mute in mutes):
            return True
        muted = {mute.shop for mute in mutes}
        return bool(finding.units) and all(unit.shop_id in muted for unit in finding.units)

    def without_muted(self, finding: Finding) -> Finding:
        """Return a finding without the units that are muted; the same where all of them are."""
        muted = {mute.shop for mute in self._of(finding)}
        if not muted or self.covers(finding):
            return finding
        units = tuple(unit for unit in finding.units if unit.shop_id not in muted)
        return replace(finding, units=units)

    def _of(self, finding: Finding) -> list[Mute]:
        if finding.kind not in OF_JOBS:
            return []
        return [mute for mute in self.active if mute.job == finding.subject]
