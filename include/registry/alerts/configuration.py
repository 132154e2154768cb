"""What config/alerts.yaml says, as one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.registry.alerts.schema import Digest, General, Storm

if TYPE_CHECKING:
    from include.registry.alerts.schema import Channel, Heartbeat, Mute, Quiet, Route
    from include.registry.problems import Problem


@dataclass(frozen=True)
class AlertConfiguration:
    """What config/alerts.yaml says.

    Attributes:
        channels: the valid ones by id, in the file's order.
        routes: the valid ones, in the file's order; none: all goes to all channels.
        mutes: the valid ones.
        general: language, time zone, repetition.
        digest: when the daily message comes, and to whom.
        storm: how many messages there may be.
        quiet: the hours in which messages are held, if there are any.
        heartbeat: the address that is called, if there is one.
        problems: what is wrong in it.
        said: the ids of all channels, the invalid ones too, each with its line.
    """

    channels: dict[str, Channel] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    mutes: tuple[Mute, ...] = ()
    general: General = field(default_factory=General)
    digest: Digest = field(default_factory=Digest)
    storm: Storm = field(default_factory=Storm)
    quiet: Quiet | None = None
    heartbeat: Heartbeat | None = None
    problems: tuple[Problem, ...] = ()
    said: dict[str, int] = field(default_factory=dict)
