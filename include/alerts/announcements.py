"""What a channel is told of contracts besides alerts: each time that a period becomes complete."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.alerts import catalogue as texts
from include.alerts.catalogue import Language
from include.alerts.configuration import is_announced, is_quiet
from include.alerts.messages import Message
from include.alerts.records import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from include.alerts.configuration import AlertConfiguration, Channel
    from include.alerts.findings import Completed
    from include.alerts.records import Key


def is_for_programs(channel: Channel, purpose: Purpose) -> bool:
    """Return whether a message is one that a program waits for: no budget of a chat holds it up."""
    return channel.kind == "webhook" and purpose is Purpose.COMPLETE


def announcements(
    configuration: AlertConfiguration,
    channel: Channel,
    completed: Iterable[Completed],
    told: frozenset[Key],
    now: datetime,
) -> Iterator[Message]:
    """Yield a message for each revision that a channel was not told of.

    Args:
        configuration: a route of it has to ask for them.
        channel: which; a webhook, where programs wait, is told in quiet hours, too.
        completed: the revisions of late.
        told: those that it was told of.
        now: the moment; aware.
    """
    is_held = not is_for_programs(channel, Purpose.COMPLETE) and is_quiet(configuration, now)
    if is_held or not is_announced(configuration, channel):
        return
    language = Language(configuration.general.language)
    for one in completed:
        revision, zone = one.revision, ZoneInfo(one.zone)
        if (revision.contract_id, revision.period_key, revision.number) in told:
            continue
        title = language.say(
            texts.NOW_COMPLETE if revision.number == 1 else texts.NOW_RESTATED,
            name=one.name,
            period=revision.period_key,
            at=language.moment(revision.complete_at.astimezone(zone), now.astimezone(zone)),
            revision=revision.number,
        )
        rows = "?" if revision.row_count is None else f"{revision.row_count:,}"
        amount = language.say(texts.AMOUNT, units=revision.units, rows=rows)
        yield Message(title, (amount,), event=revision.as_event())
