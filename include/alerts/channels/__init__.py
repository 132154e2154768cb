"""The channels that messages go out by; sending never raises what a person can repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from include.alerts.channels import dingtalk, email, feishu, webhook, wecom
from include.alerts.channels.posting import UnansweredError
from include.alerts.channels.remedies import advice
from include.alerts.channels.robots import one_line
from include.alerts.channels.settings import Channel, ChannelSettings, Credentials
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.alerts.messages import Message, Receipt

__all__ = ["CHANNELS", "Channel", "ChannelSettings", "Credentials", "Sender", "send", "send_by"]

# How long an answer may take, as a whole.
SECONDS, SECONDS_OF_MAIL = 10.0, 30.0


class Sender(Protocol):
    """Sends by one kind of channel."""

    async def __call__(
        self, channel: Channel, credentials: Credentials, message: Message, patience: float
    ) -> Receipt:
        """Send a message, and return what the channel said; raises what `send` catches."""


CHANNELS: dict[str, Sender] = {
    "dingtalk": dingtalk.send,
    "feishu": feishu.send,
    "lark": feishu.send,
    "wecom": wecom.send,
    "email": email.send,
    "webhook": webhook.send,
}


async def send_by(
    settings: ChannelSettings,
    connection: str,
    variables: Mapping[str, str],
    message: Message,
    *,
    language: str = "zh",
) -> Receipt:
    """Send a message once, as `send`, with a connection that an environment's variables hold."""
    try:
        credentials = Credentials.from_env(connection, variables)
    except ConfigurationError as error:
        channel = Channel(settings.id, str(settings.kind), language=language)
        return advice(channel, connection, "configuration", one_line(str(error)))
    return await send(settings, credentials, message, language=language)


async def send(
    settings: ChannelSettings,
    credentials: Credentials,
    message: Message,
    *,
    language: str = "zh",
    patience: float | None = None,
) -> Receipt:
    """Send a message once.

    Args:
        settings: the channel's.
        credentials: its connection.
        message: what to say.
        language: of what is added to the message, and of the remedy: `zh` or `en`.
        patience: how many seconds it may take; without, 10, and 30 for an e-mail.

    Returns:
        whether it was taken, what was answered, and what to do; no secret in any of it.
    """
    keyword, to = settings.keyword or "", tuple(settings.to)
    channel = Channel(settings.id, str(settings.kind), keyword, to, language)
    usual = SECONDS_OF_MAIL if channel.kind == "email" else SECONDS
    try:
        return await CHANNELS[channel.kind](channel, credentials, message, patience or usual)
    except UnansweredError as error:
        said = one_line(credentials.masked(str(error)))
        return advice(channel, credentials.id, error.code, said)
    except ConfigurationError as error:
        said = one_line(credentials.masked(str(error)))
        return advice(channel, credentials.id, "configuration", said)
