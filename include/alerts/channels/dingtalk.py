"""Sends to a group robot of DingTalk (钉钉)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

from include.alerts.channels.posting import as_json
from include.alerts.channels.robots import (
    ALL,
    delivered,
    fitted_body,
    phones_and_ids,
    robot_of,
    with_keyword,
)

if TYPE_CHECKING:
    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message, Receipt

# It refuses more than 20,000 bytes (460101).
MOST_BYTES = 19_000


def sign(milliseconds: int, secret: str) -> str:
    """Return the sign of a moment, in base64: what is signed is the moment and the secret."""
    text = f"{milliseconds}\n{secret}"
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256)).decode()


async def send(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; raises as `robots.delivered` and `robots.robot_of` do."""
    robot = robot_of(channel.kind, credentials)
    signature: dict[str, str] = {}
    if robot.secret:
        now = time.time_ns() // 1_000_000
        signature = {"timestamp": str(now), "sign": sign(now, robot.secret)}

    def body(one: Message) -> bytes:
        return _body(one, channel.keyword)

    content = fitted_body(message, MOST_BYTES, body, channel.language)
    return await delivered(
        channel,
        credentials,
        robot,
        content,
        patience=patience,
        sign=signature.get("sign", ""),
        parameters=signature,
    )


def _body(message: Message, keyword: str) -> bytes:
    """Return a message of the type *markdown*: its title is what a phone's list of chats shows."""
    phones, ids = phones_and_ids(message.mention)
    text = with_keyword(message.markdown(), keyword)
    # Who is called must stand in the text, too; DingTalk shows the name in place of the number.
    if called := " ".join(f"@{one}" for one in (*phones, *ids)):
        text += f"  \n{called}"
    at: dict[str, Any] = {"atMobiles": phones, "isAtAll": ALL in message.mention}
    if ids:
        at["atUserIds"] = ids
    markdown = {"title": message.headline(), "text": text}
    return as_json({"msgtype": "markdown", "markdown": markdown, "at": at})
