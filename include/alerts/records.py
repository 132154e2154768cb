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


# What a channel is told once, where it is no alert: contract, period and revision; source, `new` or
# `missing`, and the path or value
Key: TypeAlias = tuple[str, str, int | str]


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
    DRIFT = "drift"

    __hash__ = str.__hash__
    __str__ = str.__str__


@dataclass(frozen=True)
class Told:
    """One thing that one message says of an alert."""

    channel: str
    what: What  # that it is wrong, wrong still, or right again
    message: int  # the number of the message
    delivered: datetime | None = None  # when the channel took it; none until then


@dataclass(frozen=True)
class Alert:
    """Something that is wrong, or was, and is not done with."""

    number: int  # as people call it: `#A123`
    finding: Finding  # as it was found last, without muted units
    first_seen: datetime  # when it was found first
    # When it became an alert; none while it is held, or all of it is muted
    opened: datetime | None = None
    missed: tuple[Missing, ...] = ()  # the units that were concerned when it became one
    gone: datetime | None = None  # when it was not found any more; none while it is
    recovered: datetime | None = None  # when it had been gone long enough to be over
    closed: datetime | None = None  # when nothing was left to say of it
    silent: bool = False  # nothing is said of it now: it is muted, or another alert stands for it
    resolution: Resolution | None = None  # how it came to be right, where that is known
    # When somebody took it on; it is not repeated or escalated any more
    acked: datetime | None = None
    acked_by: str = ""  # who did
    said: tuple[Told, ...] = ()  # what was said of it, or is about to be

    @property
    def arrived(self) -> tuple[Missing, ...]:
        """The units that were concerned when it became an alert, and are not any more."""
        missing = {(unit.job_id, unit.shop_id) for unit in self.finding.units}
        return tuple(one for one in self.missed if (one.job_id, one.shop_id) not in missing)

    @property
    def is_open(self) -> bool:
        """Whether it became an alert and is not over; it may be muted by now."""
        return self.opened is not None and self.recovered is None

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
    """A message that is to be sent to one channel."""

    number: int  # of the message
    channel: str  # where to
    purpose: Purpose  # what it is for
    message: Message  # what it says
    written: datetime  # when it was written down
    # The alerts that it speaks of, by number, and what it says of each
    covers: tuple[tuple[int, What], ...] = ()
    day: str = ""  # of a digest: the day, as 2026-11-29
    # An attempt was made of which it is not known whether the channel took it
    is_doubtful: bool = False


@dataclass(frozen=True)
class Health:
    """How sending to a channel goes."""

    channel: str  # its id
    # When sending to it failed first since it last did not; none when it works
    failing_since: datetime | None = None
    attempts: int = 0  # how often it has failed since
    next_attempt: datetime | None = None  # not before then is it tried again
    is_refusal: bool = False  # the channel said no, which waiting does not change
    code: str = ""  # what it answered last, or what went wrong in a word
    answer: str = ""  # the same at length
    remedy: str = ""  # what a person has to do about it
    delivered: datetime | None = None  # when it took a message last


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
    """What is kept, as far as a round needs it."""

    alerts: tuple[Alert, ...] = ()  # those that are not closed
    # Messages that are written and neither delivered nor given up
    waiting: tuple[Outgoing, ...] = ()
    # Of the channels that anything was sent to
    health: Mapping[str, Health] = field(default_factory=dict)
    # When something was sent to a channel of late, whatever became of it
    attempts: Mapping[str, tuple[datetime, ...]] = field(default_factory=lambda: defaultdict(tuple))
    # The day of the last digest (and the like) of each channel and purpose
    last_days: Mapping[tuple[str, Purpose], date] = field(default_factory=dict)
    # What each channel was told of late that is no alert, as `Message.event` names it
    announced: Mapping[str, frozenset[Key]] = field(default_factory=dict)
    mutes: tuple[KeptMute, ...] = ()  # those that commands have made, and were not taken back
    stops: tuple[Stop, ...] = ()  # of the last days
    next_alert: int = 1  # the number of the next alert
    next_message: int = 1  # the number of the next message


@dataclass(frozen=True)
class Changes:
    """What a round writes, all of it or nothing."""

    alerts: tuple[Alert, ...] = ()  # those that are new or have changed
    dropped: tuple[int, ...] = ()  # numbers of alerts that never became ones
    outgoing: tuple[Outgoing, ...] = ()  # messages to be sent
    abandoned: tuple[int, ...] = ()  # numbers of messages to channels that are not there any more

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(self.alerts or self.dropped or self.outgoing or self.abandoned)
