"""What people say to alerts, by a command or on the page: that they take one on, and mutes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.alerts.catalogue import kind_in_words
from include.alerts.findings import Kind
from include.errors import ConfigurationError
from include.language import _
from include.registry.alerts import LONGEST_MUTE
from include.registry.constraints import LONGEST_LINE
from include.text import printable, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from include.alerts.findings import Finding, Missing
    from include.alerts.records import Alert, KeptMute
    from include.alerts.store import Store
    from include.registry.alerts import AlertConfiguration, Mute

# Kinds whose subject is a job, and which tell of its data.
OF_JOBS = frozenset({Kind.LATE, Kind.QUALITY, Kind.PAUSED, Kind.AGING})


class Mutes:
    """All mutes, of config/alerts.yaml and of commands, on one day."""

    def __init__(
        self, configuration: AlertConfiguration, kept: Iterable[KeptMute], now: datetime
    ) -> None:
        # The day, on the clock of config/alerts.yaml
        self.today = now.astimezone(ZoneInfo(configuration.general.timezone)).date()
        self._all = [*configuration.mutes, *(one.mute for one in kept)]
        # Those that hold on the day; one of the file that is to last too long does not yet
        self.active = [
            mute for mute in self._all if self.today <= mute.until <= self.today + LONGEST_MUTE
        ]

    def ended_since(self, day: date) -> list[Mute]:
        """Return the mutes that have ended on a day or after it."""
        return [mute for mute in self._all if day <= mute.until < self.today]

    def days_left(self, mute: Mute) -> int:
        """Return on how many more days a mute holds, today included."""
        return (mute.until - self.today).days + 1

    def covers(self, finding: Finding) -> bool:
        """Return whether nothing is to be said of a finding at all."""
        mutes = self._of(finding)
        if not finding.jobs and any(mute.shop is None for mute in mutes):
            return True
        return bool(finding.units) and all(_is_muted(unit, mutes) for unit in finding.units)

    def cover_jobs(self, jobs: Collection[str]) -> bool:
        """Return whether each of some jobs is muted, and not only a shop of it."""
        muted = {mute.job for mute in self.active if mute.shop is None}
        return bool(jobs) and muted.issuperset(jobs)

    def without_muted(self, finding: Finding) -> Finding:
        """Return a finding without the units that are muted; the same where all of them are."""
        mutes = self._of(finding)
        if not mutes or self.covers(finding):
            return finding
        units = tuple(unit for unit in finding.units if not _is_muted(unit, mutes))
        return replace(finding, units=units)

    def _of(self, finding: Finding) -> list[Mute]:
        if finding.kind not in OF_JOBS:
            return []
        return [mute for mute in self.active if mute.job in (finding.subject, *finding.jobs)]


def _is_muted(unit: Missing, mutes: list[Mute]) -> bool:
    """Return whether one of the mutes of a finding is of a unit."""
    of_job = (mute for mute in mutes if unit.job_id in ("", mute.job))
    return any(mute.shop in (None, unit.shop_id) for mute in of_job)


@dataclass(frozen=True)
class Answers:
    """Keeps what somebody says."""

    store: Store
    note: Callable[[str], None]  # writes an event into the journal, with who asked for it

    def acknowledge(self, alert: Alert, by: str, now: datetime) -> bool:
        """Note that somebody has taken an alert on; return whether it is still open."""
        if not self.store.acknowledge(alert.number, by, now):
            return False
        self.note(_("{alert} was taken on", alert=in_words(alert)))
        return True

    def mute(self, mute: Mute, now: datetime) -> None:
        """Keep a mute that a person has made, in place of another of the same job and shop."""
        self.store.mute(mute, now)
        named = job_and_shop(mute.job, mute.shop)
        self.note(
            _(
                "muted the alerts of {named} until {until}: {reason}",
                named=named,
                until=mute.until,
                reason=mute.reason,
            )
        )

    def unmute(self, job: str, shop: str | None, now: datetime) -> bool:
        """End a mute that a person has made; return whether there was one."""
        if not self.store.unmute(job, shop, now):
            return False
        self.note(_("unmuted the alerts of {job}", job=job_and_shop(job, shop)))
        return True


def in_words(alert: Alert) -> str:
    """Return an alert in words: its number, its kind, and what it is about."""
    return _(
        "alert {label} ({kind} {about})",
        label=alert.label,
        kind=kind_in_words(alert.finding.kind),
        about=alert.finding.about,
    )


def job_and_shop(job: str, shop: str | None) -> str:
    """Return what is muted: a job, or one shop of it."""
    return job if shop is None else f"{job} {shop}"


def check_reason(text: str) -> str:
    """Return the reason of a mute, on one line.

    Raises:
        ConfigurationError: it says nothing, or too much.
    """
    reason = " ".join(printable(storable(" ".join(text.split()))).split())
    if not any(sign.isprintable() and not sign.isspace() for sign in text):
        raise ConfigurationError(
            'a reason is missing: say why nothing is to be said, as in "closed until Friday"'
        )
    if len(reason) > LONGEST_LINE:
        raise ConfigurationError(
            "the reason has {reason:,} characters: say it in {longest_line}",
            reason=len(reason),
            longest_line=LONGEST_LINE,
        )
    return reason


def check_until(until: date, today: date) -> date:
    """Return the last day of a mute.

    Raises:
        ConfigurationError: it has passed, or is too far away.
    """
    latest = today + LONGEST_MUTE
    if not today <= until <= latest:
        raise ConfigurationError(
            "until '{until}' is not between today and {latest}: a mute holds for at most "
            "{longest_mute} days, and can be made again",
            until=until,
            latest=latest,
            longest_mute=LONGEST_MUTE // timedelta(days=1),
        )
    return until
