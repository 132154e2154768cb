"""Sends to a group robot of WeCom (企业微信)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.alerts.channels.posting import as_json
from include.alerts.channels.robots import (
    ALL,
    delivered,
    phones_and_ids,
    robot_of,
    with_keyword,
)
from include.alerts.messages import fitted

if TYPE_CHECKING:
    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message, Receipt

# Of a text. Its Markdown may have 4,096, but can call nobody by phone, and does not show in WeChat.
MOST_BYTES = 2_048


async def send(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; raises as `robots.delivered` and `robots.robot_of` do."""
    robot = robot_of(channel.kind, credentials)

    def text(one: Message) -> str:
        return with_keyword(one.plain(), channel.keyword)

    said = fitted(message, lambda one: len(text(one).encode()) <= MOST_BYTES, channel.language)
    phones, ids = phones_and_ids(message.mention)
    everybody = [f"@{ALL}"] if ALL in message.mention else []
    content = {
        "content": text(said),
        "mentioned_list": [*ids, *everybody],
        "mentioned_mobile_list": phones,
    }
    body = as_json({"msgtype": "text", "text": content})
    return await delivered(channel, credentials, robot, body, patience=patience)
