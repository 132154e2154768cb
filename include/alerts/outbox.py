"""Sends what is in the outbox: each message is noted before it is sent, and marked after.

A process that is killed in between leaves a message of which it is not known whether it arrived:
it is sent again, with a mark that says so.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from include.alerts.configuration import is_for_programs
from include.alerts.messages import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from include.alerts.messages import Message
    from include.alerts.records import Outgoing
    from include.alerts.store import Store
    from include.registry.alerts import AlertConfiguration, Channel

    Send: TypeAlias = Callable[[Channel, Message], Awaitable[Receipt]]


async def deliver(
    store: Store, configuration: AlertConfiguration, send: Send, clock: Callable[[], datetime]
) -> int:
    """Send what waits, to all channels side by side; return how many messages were delivered.

    Args:
        store: where they wait.
        configuration: config/alerts.yaml.
        send: sends one, with the channel's credentials, and returns what became of it.
        clock: returns the moment; aware. Sending takes time, so it is asked for each message.
    """
    by_channel: dict[str, list[Outgoing]] = defaultdict(list)
    for outgoing in store.waiting():
        by_channel[outgoing.channel].append(outgoing)
    channels = [one for one in configuration.channels.values() if one.id in by_channel]
    budget, language = configuration.storm.budget, configuration.general.language

    async def to(channel: Channel) -> int:
        """Send to one channel, in order, until a message is not taken."""
        count = 0
        for outgoing in by_channel[channel.id]:
            limit = None if is_for_programs(channel, outgoing.purpose) else budget
            if not store.begin(outgoing, limit, clock()):
                continue  # what programs wait for is not held up by what is
            said = outgoing.message
            message = said.repeated(language) if outgoing.is_doubtful else said
            receipt = await _receipt(send, channel, message)
            store.settle(outgoing, receipt, clock())
            if not receipt.delivered:
                break
            count += 1
        return count

    return sum(await asyncio.gather(*map(to, channels)))


async def _receipt(send: Send, channel: Channel, message: Message) -> Receipt:
    try:
        return await send(channel, message)
    except Exception as error:  # noqa: BLE001 - a fault of one sender must not stop the others
        # Its text may hold an address or a token: its name is enough.
        return Receipt(delivered=False, code="error", answer=type(error).__name__, temporary=True)
