"""The guard before a script that takes no period: it runs for the one that ended last, only.

What such a script brings is the day that it works out itself, whatever it was started for. An older
period can therefore not be pulled again: it is neither run nor landed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.registry.dated_scripts import dating_of

if TYPE_CHECKING:
    from datetime import datetime

    from include.periods import Period
    from include.registry import Job

# What a script may need until it has asked the clock which day it is; of a short tick, a tenth.
START_UP, SHARE_OF_A_TICK = timedelta(seconds=60), 0.1
REMEDY = (
    "if the script can bring any period, let it read PERIOD_KEY, put {first_day} into args, or "
    "write 'dated: true' in the entry"
)


def refuse_past(job: Job, period: Period, now: datetime) -> None:
    """Allow a script that takes no period to run for the period that ended last, and for no other.

    Args:
        job: whose script.
        period: what it is about to be run for.
        now: aware; the moment at which it is about to begin.

    Raises:
        ConfigurationError: it would bring another period than that.
    """
    dating = dating_of(job)
    last = period if dating.dated else job.schedule.last_ended(now)
    if last != period:
        raise ConfigurationError(
            f"{period.key} cannot be pulled again: the script takes no period, so that it brings "
            f"the one that ended last, {last.key}, whatever it is run for ({dating.because}); "
            f"{REMEDY}"
        )


def check_clock(job: Job) -> None:
    """Check that a script that takes no period goes by its job's clock.

    Raises:
        ConfigurationError: its entry gives it another one.
    """
    dating = dating_of(job)
    clock = job.env.get("TZ", job.timezone)
    if clock != job.timezone and not dating.dated:
        raise ConfigurationError(
            f"env sets TZ to {clock!r}, and timezone is {job.timezone!r}: the script, which takes "
            f"no period ({dating.because}), would work out another day: remove TZ from env"
        )


def why_not_known(job: Job, period: Period, began: datetime, ended: datetime) -> str:
    """Return why it is unknown which period a script without one has brought; empty if it is known.

    It is the one that had ended last when the script asked the clock, soon after it began.

    Args:
        job: whose script.
        period: what it was run for.
        began: aware; when the script was started.
        ended: aware; when it ended.
    """
    following = job.schedule.following(period)
    length = following.end.timestamp() - following.start.timestamp()
    over = following.end.timestamp()
    margin = min(START_UP.total_seconds(), SHARE_OF_A_TICK * length)
    if ended.timestamp() < over or began.timestamp() < over - margin or dating_of(job).dated:
        return ""
    return (
        f"it began just before {following.key} was over and ended after that: "
        f"it is unknown whether it has pulled {period.key} or {following.key}; let it run earlier"
    )
