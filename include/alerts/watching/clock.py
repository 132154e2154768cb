"""Whether this machine's clock is right: by its jumps, and by what other machines say it is.

Airflow starts jobs by it, and gateways refuse what was signed minutes ago. A jump is known by a
clock that nobody can set; whether it made the clock wrong or right, only others can tell.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx

from include.errors import ConfigurationError
from include.gateways.answers import date_of
from include.gateways.network import certificates, proxy_of
from include.language import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from include.alerts.findings import Finding
    from include.alerts.watching.scope import Scope

CLOCK = "clock"
HOST_TIMEOUT = 10.0
# JD refuses from 6 minutes on, the others from 10.
TOLERATED_SECONDS = 60.0
ASKED_EVERY = timedelta(hours=1)
# Whoever set the clock on purpose has seen the alert by then.
JUMP_TOLD = timedelta(hours=24)

AHEAD, BEHIND = N_("ahead of"), N_("behind")
DIFFERS = N_(
    "this machine's clock is about {minutes} min {way} {host}: jobs run at the wrong time, and "
    "platforms refuse what it signs"
)
FORWARD, BACK = N_("forward"), N_("back")
JUMPED = N_(
    "this machine's clock jumped {way} by about {minutes} min at {at} (as it says now), and "
    "there is no other one to compare it with"
)
KEEP_TIME = N_("set it right: `sudo timedatectl set-ntp true`")


def steady() -> float:
    """Return seconds of a clock that nobody can set, and that goes on while the machine sleeps."""
    try:
        clock = time.CLOCK_BOOTTIME
    except AttributeError:  # macOS has none
        clock = time.CLOCK_MONOTONIC
    return time.clock_gettime(clock)


def difference_to(host: str, wall: Callable[[], float] = time.time) -> float | None:
    """Return how many seconds a host is ahead of this machine; None when it does not say.

    Args:
        host: scheme, host and port.
        wall: this machine's clock.
    """
    try:
        verify, proxy = certificates(), proxy_of(host)
        with httpx.Client(
            timeout=HOST_TIMEOUT, verify=verify, proxy=proxy, trust_env=False
        ) as client:
            before = wall()
            response = client.head(f"{host}/")
            after = wall()
    except (httpx.HTTPError, ConfigurationError):
        return None
    said = date_of(response.headers.get("date", ""))
    if said is None:
        return None
    told = said.timestamp()
    # It tells whole seconds, cut off.
    return 0.0 if before - 1 <= told <= after else told + 0.5 - (before + after) / 2


class ClockWatch:
    """Watches the clock from round to round.

    Args:
        elapsed: seconds of a clock that nobody can set.
        difference: how far a host is ahead of this machine, in seconds; None when it does not say.
    """

    def __init__(
        self,
        elapsed: Callable[[], float] = steady,
        difference: Callable[[str], float | None] = difference_to,
    ) -> None:
        self._elapsed, self._difference = elapsed, difference
        self._offset: float | None = None
        self._jump = 0.0
        self._jumped_at: datetime | None = None
        self._asked_at: float | None = None
        self._differs: tuple[str, float] | None = None
        # Whether what it said last tells anything of a jump that another process has seen.
        self.can_tell = False

    def look(self, scope: Scope, hosts: Iterable[str]) -> Iterator[Finding]:
        """Yield that the clock is wrong, or may be.

        Args:
            scope: of the round; its moment is what the clock shows.
            hosts: whom to ask, scheme, host and port; none of this machine.
        """
        now, elapsed = scope.now.timestamp(), self._elapsed()
        offset = now - elapsed
        self.can_tell = self._offset is not None
        step = offset - self._offset if self._offset is not None else 0.0
        self._offset = offset
        if abs(step) > TOLERATED_SECONDS:
            self._jump += step
            self._jumped_at = scope.now
        is_time = self._asked_at is None or elapsed - self._asked_at >= ASKED_EVERY.total_seconds()
        if is_time or abs(step) > TOLERATED_SECONDS:
            self._asked_at = elapsed
            self._ask(hosts)
        yield from self._findings(scope)

    def _ask(self, hosts: Iterable[str]) -> None:
        """Ask until one answers."""
        self._differs = None
        for host in hosts:
            seconds = self._difference(host)
            if seconds is not None:
                self._jump, self._jumped_at = 0.0, None  # it is known now what came of it
                self.can_tell = True
                if abs(seconds) > TOLERATED_SECONDS:
                    self._differs = host, seconds
                return

    def _findings(self, scope: Scope) -> Iterator[Finding]:
        remedy = scope.say(KEEP_TIME)
        if self._differs is not None:
            host, seconds = self._differs
            way = scope.say(BEHIND if seconds > 0 else AHEAD)
            place = host.partition("://")[2]
            what = scope.say(DIFFERS, host=place, way=way, minutes=_minutes(seconds))
            yield scope.service(CLOCK, what, remedy)
        elif self._jumped_at is not None and self._is_to_tell(scope, self._jumped_at):
            way = scope.say(FORWARD if self._jump > 0 else BACK)
            at = scope.clock(self._jumped_at)
            what = scope.say(JUMPED, at=at, way=way, minutes=_minutes(self._jump))
            yield scope.service(CLOCK, what, remedy, self._jumped_at)

    def _is_to_tell(self, scope: Scope, jumped_at: datetime) -> bool:
        """Return whether a jump was neither taken back nor is long known."""
        lately = abs(scope.now - jumped_at) < JUMP_TOLD
        return lately and abs(self._jump) > TOLERATED_SECONDS


def _minutes(seconds: float) -> int:
    return max(1, round(abs(seconds) / 60))
