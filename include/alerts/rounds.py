"""A round: look at everything, judge it, write down what is to be said, say it.

One at a time on an installation, whoever makes it: the watchdog, or a crontab's `watch --once`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING

from include.alerts import catalogue as texts
from include.alerts.catalogue import Language
from include.alerts.configuration import keep_usable, load_usable
from include.alerts.connections import ChannelConnections, is_due
from include.alerts.engine import judge
from include.alerts.findings import Kind, Observed
from include.alerts.messages import ITEM, Message, Receipt
from include.alerts.outbox import deliver
from include.alerts.overview import GOOD_ROUND, Overview, overview
from include.alerts.store import FILE, STARTED, Store
from include.alerts.watching.health import DOWN
from include.alerts.watching.reader import CONFIG, Reader
from include.alerts.watching.scope import Look, RoundInput, Site
from include.alerts.watching.warehouse import PART as WAREHOUSE
from include.errors import ExpectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.alerts.findings import Finding
    from include.alerts.watching.clock import ClockWatch
    from include.registry.alerts import AlertConfiguration, Channel

LOCK, ALARM = "locks/watchdog.lock", "locks/watchdog.alarm"
PINGED = "heartbeat"  # how the store calls the last call of its address
# A stop takes no longer; after that the service evidently runs all the same.
STOPPING = timedelta(minutes=10)
# What cannot be kept is said straight away, and not in each round.
ALARM_EVERY = timedelta(hours=6)
FINDINGS_SHOWN = 8


@dataclass(frozen=True)
class Made:
    """What a round did."""

    found: tuple[Finding, ...] = ()  # what is wrong now
    unread: tuple[str, ...] = ()  # the parts that could not be looked at
    delivered: int = 0  # how many messages were delivered
    trouble: str = ""  # why something could not be said or kept; empty where nothing is
    is_silent: bool = False  # the service was stopped on purpose, so nothing was said of it
    standing: Overview | None = None  # what is open after it; none where that cannot be kept


class Rounds:
    """Makes the rounds of a site.

    Args:
        site: the installation that is watched.
        looks: further parts of its service, each by its name.
        runs: returns whether the service runs.
        clock: returns the moment; aware.
        clock_watch: watches this machine's clock.
        down: how long something does not answer before that is told.
    """

    def __init__(
        self,
        site: Site,
        looks: Mapping[str, Look] | None = None,
        runs: Callable[[], bool] = lambda: True,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        clock_watch: ClockWatch | None = None,
        down: timedelta = DOWN,
    ) -> None:
        self.store = Store(site.var / FILE)
        self.credentials = ChannelConnections(self.store, site.environment)
        self._site, self._looks, self._runs, self._clock = site, dict(looks or {}), runs, clock
        self._reader = Reader(site, self.credentials, clock_watch, down)
        self._alarm_at: datetime | None = None

    def make(self, began: datetime | None = None) -> Made:
        """Make one; nothing that it meets makes it raise, but a bug.

        Args:
            began: since when the components run, as far as that is known.
        """
        with self._alone():
            configuration, now = load_usable(self._site.root, self._site.var), self._clock()
            keep_usable(self._site.root, self._site.var, configuration)
            found: tuple[Finding, ...] = ()
            is_stopped = False
            with suppress(ExpectedError):  # what cannot be kept is said when it is to be kept
                is_stopped = self._is_stopped(now)
            try:
                if is_stopped:
                    return self._silent_round(configuration, now)
                observed, unread = self._look(configuration, now, began)
                found = observed.findings
                self._keep(configuration, observed, now)
                delivered = self._deliver(configuration)
                standing = overview(self.store, configuration, now)
                trouble = self._note(configuration, standing, unread)
            except ExpectedError as error:  # the store cannot be written
                return Made(
                    found, trouble=str(error), delivered=self._alarm(configuration, error, found)
                )
            return Made(found, unread, delivered, trouble, standing=standing)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = self._site.var / LOCK
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _is_stopped(self, now: datetime) -> bool:
        """Return whether somebody has stopped the service, or is about to."""
        stops = [stop for stop in self.store.stops(now) if stop.started is None]
        if not stops:  # of one that was never started nobody waits for anything
            return STARTED not in self.store.noted() and not self._runs()
        if now - stops[-1].at < STOPPING or not self._runs():
            return True
        self.store.note_start(now)
        return False

    def _silent_round(self, configuration: AlertConfiguration, now: datetime) -> Made:
        """Send nothing of what is wrong but the digest, which names who stopped the service."""
        observed, _ = self._look(configuration, now, None, silent=True)
        blind = Observed((), frozenset(Kind), day=observed.day)
        self._keep(configuration, blind, now)
        return Made(delivered=self._deliver(configuration), is_silent=True)

    def _look(
        self,
        configuration: AlertConfiguration,
        now: datetime,
        began: datetime | None,
        *,
        silent: bool = False,
    ) -> tuple[Observed, tuple[str, ...]]:
        connections = {channel.connection for channel in configuration.channels.values()}
        if configuration.heartbeat:
            connections.add(configuration.heartbeat.connection)
        looks = {} if silent else self._looks
        asked = RoundInput(
            now, configuration, connections=tuple(connections), began=began, looks=looks
        )
        with suppress(ExpectedError):
            open_now = tuple(alert.finding.identity for alert in self.store.alerts())
            started = self.store.noted().get(STARTED)
            asked = replace(asked, open_now=open_now, started=started)
        collector = self._reader.look(asked)
        return collector.observed(), collector.failed

    def _keep(self, configuration: AlertConfiguration, observed: Observed, now: datetime) -> None:
        work = partial(judge, observed=observed, configuration=configuration, now=now)
        self.store.update(work, now, configuration.storm.budget.within)

    def _deliver(self, configuration: AlertConfiguration) -> int:
        if not configuration.channels or not self.store.waiting():
            return 0
        send = partial(self._send, configuration.general.language)
        return asyncio.run(deliver(self.store, configuration, send, self._clock))

    async def _send(self, language: str, channel: Channel, message: Message) -> Receipt:
        # What sends is loaded when something is to be sent: it may be days until then.
        from include.alerts import channels  # noqa: PLC0415

        variables = self.credentials.variables([channel.connection])
        return await channels.send_by(channel, variables, message, language)

    def _note(
        self, configuration: AlertConfiguration, standing: Overview, unread: tuple[str, ...]
    ) -> str:
        """Note a round that could look at everything, and call the heartbeat's address."""
        now = standing.now
        if {CONFIG, WAREHOUSE} & {*unread}:
            return ""
        self.store.note(GOOD_ROUND, now)
        heartbeat, last = configuration.heartbeat, self.store.noted().get(PINGED)
        if heartbeat is None or standing.failing or not is_due(last, heartbeat.every, now):
            return ""
        from include.alerts.channels.webhook import ping  # noqa: PLC0415 - as `_send`

        variables = self.credentials.variables([heartbeat.connection])
        if trouble := ping(heartbeat.connection, variables):
            return trouble
        self.store.note(PINGED, now)
        return ""

    def _alarm(
        self, configuration: AlertConfiguration, error: Exception, found: tuple[Finding, ...]
    ) -> int:
        """Send at once that nothing can be kept; return how many channels took it."""
        now = self._clock()
        if not self._is_time_for_alarm(now):
            return 0
        language = Language(configuration.general.language)
        lines = [str(error)]
        if told := [one.facts["what"] for one in found if "what" in one.facts][:FINDINGS_SHOWN]:
            lines += [language.say(texts.MEANWHILE), *(f"{ITEM}{what}" for what in told)]
        message = Message(language.say(texts.NOT_KEPT), tuple(lines))

        async def everywhere() -> int:
            sent = (
                self._send(language.name, channel, replace(message, mention=tuple(channel.mention)))
                for channel in configuration.channels.values()
            )
            results = await asyncio.gather(*sent, return_exceptions=True)
            return sum(isinstance(one, Receipt) and one.delivered for one in results)

        return asyncio.run(everywhere()) if configuration.channels else 0

    def _is_time_for_alarm(self, now: datetime) -> bool:
        """Return whether it was not said of late; a file's time can be set on a full disk, too."""
        path, last = self._site.var / ALARM, self._alarm_at
        with suppress(OSError):
            last = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
        if not is_due(last, ALARM_EVERY, now):
            return False
        self._alarm_at = now
        with suppress(OSError):
            path.touch()
            os.utime(path, (now.timestamp(), now.timestamp()))
        return True
