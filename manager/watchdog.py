"""`python -m manager.watchdog`: looks every 30 s at what is wrong, and says it.

It imports none of Airflow's own code and depends on no run and no callback. On one machine it is
supervisord's; in containers, and beside an Airflow of the team's own, a process by itself. It is
also the command `watch`: from a crontab, `watch --once` is a second eye on the same installation.
"""

import gc
import json
import os
import signal
import sys
import threading
import traceback
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from types import FrameType

from include.alerts.catalogue import kind_in_words
from include.alerts.findings import Finding
from include.alerts.rounds import Made, Rounds
from include.alerts.store import STARTED
from include.alerts.watching import health
from include.alerts.watching.scope import WATCHDOG, Look, Scope, Site, UndecidedError
from include.language import N_, _, clauses
from include.periods import PUNCTUAL
from include.registry import load_registry
from manager.journal import log_line
from manager.layout import Layout, current_layout
from manager.lifecycle.health import OFTEN, deaths_lately, running
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment
from manager.lifecycle.supervisor_client import MARKER, SupervisorGoneError, components

EVERY = timedelta(seconds=30)
# A start has both processors to itself until the web UI answers.
FIRST_AFTER = timedelta(seconds=20)
# A machine that slept, or a clock that was set: all signs of life are old then.
ASLEEP = timedelta(minutes=2)
QUIET = timedelta(minutes=20)
ALIVE = N_("the watchdog has made no round for 20 minutes: nobody says what goes wrong")
RESTART = N_(
    "`python3 scheduler_manager.py restart`, and see `python3 scheduler_manager.py logs watchdog`"
)


class Supervised:
    """Looks at the components by way of supervisord.

    Args:
        layout: the installation.
        down: how long one is down before that is told.
    """

    def __init__(self, layout: Layout, down: timedelta = health.DOWN) -> None:
        self._layout, self._down = layout, down
        self._gone_since: datetime | None = None

    def __call__(self, scope: Scope) -> Iterator[Finding]:
        """Yield what is wrong with them; raises UndecidedError while that is not known yet."""
        try:
            found = components(self._layout)
        except SupervisorGoneError:
            self._gone_since = self._gone_since or scope.now
            if scope.now - self._gone_since < self._down:
                raise UndecidedError from None
            yield health.supervisor_finding(scope)
            return
        self._gone_since = None
        deaths = deaths_lately(self._layout, scope.now.timestamp())
        judged = [
            health.Component(
                one.name,
                None if one.up else min(_moment(one.stopped or one.now), scope.now),
                one.state.lower(),
                deaths.get(one.name, 0),
                deaths.get(one.name, 0) >= OFTEN,
            )
            for one in found
            if one.name != WATCHDOG
        ]
        yield from health.component_findings(scope, judged, self._down)


class Process:
    """The watchdog, round after round.

    Args:
        layout: the installation.
        rounds: makes them.
        every: how long it waits after one.
    """

    def __init__(self, layout: Layout, rounds: Rounds, every: timedelta = EVERY) -> None:
        self._layout, self._rounds, self._every = layout, rounds, every
        self._ended = threading.Event()
        self._began = self._last = datetime.now(timezone.utc)
        self._said = ""

    def end(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End it after the round that it makes, if it does."""
        self._ended.set()

    def run(self) -> None:
        """Make rounds until it is ended; whatever one meets, the next is made."""
        self._beat()
        gc.freeze()  # what was made until now stays; only what a round leaves is looked through
        self._ended.wait(min(FIRST_AFTER, self._every).total_seconds())
        while not self._ended.is_set():
            try:
                self._make()
            except Exception:  # noqa: BLE001 -- it must survive anything
                self._say(traceback.format_exc())
            gc.collect()
            self._ended.wait(self._pause())

    def _make(self) -> None:
        now = datetime.now(timezone.utc)
        if not timedelta() <= now - self._last < self._every + ASLEEP:
            self._began = now
        made = self._rounds.make(self._began)
        self._last = datetime.now(timezone.utc)
        self._beat(made)
        self._say(in_words(made))

    def _pause(self) -> float:
        """Return the seconds until the next round: until the next deadline, if that is sooner."""
        now = datetime.now(timezone.utc)
        ends = [now + self._every]
        for job in load_registry(self._layout.root).jobs.values():
            schedule = job.schedule
            last = schedule.last_ended(now)
            for period in (last, schedule.following(last)):
                due = job.deadline_of(period).astimezone(timezone.utc)
                ends += [due] if due > now else []
        return max(0.0, (min(ends) - now).total_seconds())

    def _beat(self, made: Made | None = None) -> None:
        """Leave a sign of life, and for `status` what is open."""
        file = self._layout.watchdog_heartbeat
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()  # which can be done on a full disk, too
        if made is not None and (standing := made.standing):
            told = {
                "open": [alert.number for alert in standing.alerts],
                "failing_channels": {
                    one.channel: f"{one.code} {one.answer}".strip() for one in standing.failing
                },
            }
            draft = file.with_suffix(".draft")
            with suppress(OSError):  # there is worse to tell
                draft.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
                draft.replace(file)

    def _say(self, text: str) -> None:
        """Write what is new into the log."""
        if text != self._said:
            at = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"
            log_line(f"{at} {text}")
        self._said = text


def in_words(made: Made) -> str:
    """Return what a round did, in a line."""
    if made.is_silent:
        return _("the service was stopped on purpose: nothing is said of it")
    found = (
        f"{kind_in_words(one.kind)} {one.subject} {one.period_key}".strip() for one in made.found
    )
    return clauses(
        _(", ").join(found) or _("nothing is wrong"),
        _("could not be read: {unread}", unread=made.unread) if made.unread else "",
        _("messages delivered: {count}", count=made.delivered) if made.delivered else "",
        made.trouble,
    )


def rounds_of(
    layout: Layout, environment: Mapping[str, str], down: timedelta, **looks: Look
) -> Rounds:
    """Return what makes the rounds of an installation.

    Args:
        layout: the installation.
        environment: its components'.
        down: how long a part is down before that is told.
        looks: further parts of it.
    """
    if not _is_ours(layout):
        return Rounds(Site(layout.root, layout.var, environment, contained=True), looks, down=down)
    looks["components"] = Supervised(layout, down)
    site = Site(layout.root, layout.var, environment)
    return Rounds(site, looks, lambda: running(layout), down=down)


def watch(layout: Layout, arguments: Namespace) -> int:
    """Make one round with `--once`, else rounds until Ctrl-C.

    Returns:
        0; 1 when something is wrong.
    """
    layout.make_var()
    environment = component_environment(layout, remembered(layout))
    os.environ |= {name: environment[name] for name in ("NO_PROXY", "no_proxy")}
    if not arguments.once:
        return _run(Process(layout, rounds_of(layout, environment, health.DOWN)))
    rounds = rounds_of(layout, environment, timedelta(), watchdog=_look_at_watchdog(layout))
    started = rounds.store.noted().get(STARTED)
    made = rounds.make(started)
    print(in_words(made))
    settled = started + PUNCTUAL if started else None
    if settled and datetime.now(timezone.utc) < settled and not made.is_silent:
        at = f"{settled.astimezone():%H:%M}"
        print(_("catching up since the start: what is missing is late from {at} on", at=at))
    return 1 if made.found or made.trouble else 0


def _look_at_watchdog(layout: Layout) -> Look:
    def look(scope: Scope) -> Iterator[Finding]:
        try:
            beat = _moment(layout.watchdog_heartbeat.stat().st_mtime)
        except OSError:
            beat = None
        if running(layout) and (beat is None or scope.now - beat >= QUIET):
            yield scope.service(WATCHDOG, scope.say(ALIVE), scope.say(RESTART), beat)

    return look


def _run(process: Process) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, process.end)
    process.run()
    return 0


def _is_ours(layout: Layout) -> bool:
    """Return whether supervisord keeps the components, or did: not those of containers."""
    return MARKER in os.environ or layout.state.exists()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def main(words: list[str]) -> int:
    """Be the watchdog; `words` may hold the seconds between two rounds."""
    layout = current_layout()
    every = timedelta(seconds=float(words[0])) if words else EVERY
    return _run(Process(layout, rounds_of(layout, os.environ, health.DOWN), every))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
