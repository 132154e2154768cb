"""The channels that messages go out by; sending never raises what a person can repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from include.alerts.channels import dialects, email, webhook
from include.alerts.channels.posting import UnansweredError
from include.alerts.channels.remedies import advice
from include.alerts.channels.settings import Channel, Credentials
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from include.alerts.messages import Message, Receipt
    from include.registry.alerts import Channel as Configured

    Sender: TypeAlias = Callable[[Channel, Credentials, Message, float], Awaitable[Receipt]]

__all__ = ["CHANNELS", "Channel", "Credentials", "send", "send_by"]

# How long an answer may take, as a whole.
SECONDS, SECONDS_OF_MAIL = 10.0, 30.0


# What sends by each kind, with at most so many seconds; raises what `send` catches.
CHANNELS: dict[str, Sender] = {
    "dingtalk": dialects.send_dingtalk,
    "feishu": dialects.send_feishu,
    "lark": dialects.send_feishu,
    "wecom": dialects.send_wecom,
    "email": email.send,
    "webhook": webhook.send,
}


async def send_by(
    settings: Configured, variables: Mapping[str, str], message: Message, language: str = "zh"
) -> Receipt:
    """Send a message once, as `send`, by a channel of config/alerts.yaml.

    Args:
        settings: the channel.
        variables: hold its connection, as an environment does.
        message: what to say.
        language: of what is added to the message, and of the remedy: `zh` or `en`.
    """
    kind, to = str(settings.kind), tuple(settings.to)
    channel = Channel(settings.id, kind, settings.keyword, to, language)
    try:
        credentials = Credentials.from_env(settings.connection, variables)
    except ConfigurationError as error:
        return advice(channel, settings.connection, "configuration", str(error))
    return await send(channel, credentials, message)


async def send(
    channel: Channel, credentials: Credentials, message: Message, patience: float | None = None
) -> Receipt:
    """Send a message once.

    Args:
        channel: its settings.
        credentials: its connection.
        message: what to say.
        patience: how many seconds it may take; without, 10, and 30 for an e-mail.

    Returns:
        whether it was taken, what was answered, and what to do; no secret in any of it.
    """
    usual = SECONDS_OF_MAIL if channel.kind == "email" else SECONDS
    try:
        return await CHANNELS[channel.kind](channel, credentials, message, patience or usual)
    except (UnansweredError, ConfigurationError) as error:
        code = error.code if isinstance(error, UnansweredError) else "configuration"
        return advice(channel, credentials.id, code, credentials.masked(str(error)))
