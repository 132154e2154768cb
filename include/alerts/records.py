"""What is kept of alerts, as plain values: what was found, what was said of it, and to whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from include.alerts.findings import Finding, Missing, Resolution
    from include.alerts.messages import Message
    from include.registry.alerts import Mute


Key: TypeAlias = tuple[str, str, int]  # contract, period and revision


class What(str, Enum):
    """What a message says of an alert."""

    OPENING = "opening"
    REPEAT = "repeat"
    RECOVERY = "recovery"

    __hash__ = str.__hash__
    __str__ = str.__str__


class Purpose(str, Enum):
    """What a message is for."""

    ALERTS = "alerts"
    DIGEST = "digest"
    ALL_LANDED = "all_landed"
    COMPLETE = "complete"

    __hash__ = str.__hash__
    __str__ = str.__str__


@dataclass(frozen=True)
class Told:
    """One thing that one message says of an alert.

    Attributes:
        channel: where.
        what: that it is wrong, wrong still, or right again.
        message: the number of the message.
        delivered: when the channel took it; none until then.
    """

    channel: str
    what: What
    message: int
    delivered: datetime | None = None


@dataclass(frozen=True)
class Alert:
    """Something that is wrong, or was, and is not done with.

    Attributes:
        number: as people call it: `#A123`.
        finding: as it was found last, without muted units.
        first_seen: when it was found first.
        opened: when it became an alert; none while it is held, or all of it is muted.
        missed: the units that were concerned when it became one.
        gone: when it was not found any more; none while it is.
        recovered: when it had been gone long enough to be over.
        closed: when nothing was left to say of it.
        silent: nothing is said of it now: it is muted, or another alert stands for it.
        resolution: how it came to be right, where that is known.
        acked: when somebody took it on; it is not repeated or escalated any more.
        acked_by: who did.
        said: what was said of it, or is about to be.
    """

    number: int
    finding: Finding
    first_seen: datetime
    opened: datetime | None = None
    missed: tuple[Missing, ...] = ()
    gone: datetime | None = None
    recovered: datetime | None = None
    closed: datetime | None = None
    silent: bool = False
    resolution: Resolution | None = None
    acked: datetime | None = None
    acked_by: str = ""
    said: tuple[Told, ...] = ()

    @property
    def arrived(self) -> tuple[Missing, ...]:
        """The units that were concerned when it became an alert, and are not any more."""
        missing = {(unit.job_id, unit.shop_id) for unit in self.finding.units}
        return tuple(one for one in self.missed if (one.job_id, one.shop_id) not in missing)

    @property
    def is_dropped(self) -> bool:
        """Whether nothing of it has landed: it is not expected, or not alerted of, any more."""
        return self.resolution is not None and not self.resolution.expected

    @property
    def label(self) -> str:
        """Its number as messages show it."""
        return f"#A{self.number}"


@dataclass(frozen=True)
class Outgoing:
    """A message that is to be sent to one channel.

    Attributes:
        number: of the message.
        channel: where to.
        purpose: what it is for.
        message: what it says.
        written: when it was written down.
        covers: the alerts that it speaks of, by number, and what it says of each.
        day: of a digest: the day, as 2026-11-29.
        is_doubtful: an attempt was made of which it is not known whether the channel took it.
    """

    number: int
    channel: str
    purpose: Purpose
    message: Message
    written: datetime
    covers: tuple[tuple[int, What], ...] = ()
    day: str = ""
    is_doubtful: bool = False


@dataclass(frozen=True)
class Health:
    """How sending to a channel goes.

    Attributes:
        channel: its id.
        failing_since: when sending to it failed first since it last did not; none when it works.
        attempts: how often it has failed since.
        next_attempt: not before then is it tried again.
        is_refusal: the channel said no, which waiting does not change.
        code: what it answered last, or what went wrong in a word.
        answer: the same at length.
        remedy: what a person has to do about it.
        delivered: when it took a message last.
    """

    channel: str
    failing_since: datetime | None = None
    attempts: int = 0
    next_attempt: datetime | None = None
    is_refusal: bool = False
    code: str = ""
    answer: str = ""
    remedy: str = ""
    delivered: datetime | None = None


class KeptMute(NamedTuple):
    """A mute that a command has made: its number, from when on, and what a file would say."""

    number: int
    since: datetime
    mute: Mute


class Stop(NamedTuple):
    """A stop of the service that somebody wanted: who, when, and when it was started again."""

    by: str
    at: datetime
    started: datetime | None = None


@dataclass(frozen=True)
class State:
    """What is kept, as far as a round needs it.

    Attributes:
        alerts: those that are not closed.
        waiting: messages that are written and neither delivered nor given up.
        health: of the channels that anything was sent to.
        attempts: when something was sent to a channel of late, whatever became of it.
        last_days: the day of the last digest (and the like) of each channel and purpose.
        announced: of which revisions of contracts each channel was told of late, as `Message.event`
            names them.
        mutes: those that commands have made, and were not taken back.
        stops: of the last days.
        next_alert: the number of the next alert.
        next_message: the number of the next message.
    """

    alerts: tuple[Alert, ...] = ()
    waiting: tuple[Outgoing, ...] = ()
    health: Mapping[str, Health] = field(default_factory=dict)
    attempts: Mapping[str, tuple[datetime, ...]] = field(default_factory=lambda: defaultdict(tuple))
    last_days: Mapping[tuple[str, Purpose], date] = field(default_factory=dict)
    announced: Mapping[str, frozenset[Key]] = field(default_factory=dict)
    mutes: tuple[KeptMute, ...] = ()
    stops: tuple[Stop, ...] = ()
    next_alert: int = 1
    next_message: int = 1


@dataclass(frozen=True)
class Changes:
    """What a round writes, all of it or nothing.

    Attributes:
        alerts: those that are new or have changed.
        dropped: numbers of alerts that never became ones.
        outgoing: messages to be sent.
        abandoned: numbers of messages to channels that are not there any more.
    """

    alerts: tuple[Alert, ...] = ()
    dropped: tuple[int, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    abandoned: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(self.alerts or self.dropped or self.outgoing or self.abandoned)
