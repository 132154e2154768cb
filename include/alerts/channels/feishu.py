"""Sends to a group robot of Feishu (飞书), and of Lark, which is the same outside of China."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from typing import TYPE_CHECKING, Any

from include.alerts.channels.posting import as_json
from include.alerts.channels.robots import ALL, delivered, fitted_body, phones_and_ids, robot_of
from include.alerts.messages import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message, Receipt

# It refuses more than 20 KB.
MOST_BYTES = 20_000


def sign(seconds: int, secret: str) -> str:
    """Return the sign of a moment, in base64: moment and secret are the key, nothing is signed."""
    key = f"{seconds}\n{secret}"
    return base64.b64encode(hmac.digest(key.encode(), b"", hashlib.sha256)).decode()


async def send(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; raises as `robots.delivered` and `robots.robot_of` do."""
    robot = robot_of(channel.kind, credentials)
    signature: dict[str, str] = {}
    if robot.secret:
        now = int(time.time())
        signature = {"timestamp": str(now), "sign": sign(now, robot.secret)}

    def body(one: Message) -> bytes:
        return as_json({**signature, **_content(one, channel.keyword)})

    content = fitted_body(message, MOST_BYTES, body, channel.language)
    made = signature.get("sign", "")
    return await delivered(channel, credentials, robot, content, patience=patience, sign=made)


def _content(message: Message, keyword: str) -> dict[str, Any]:
    """Return a message of the type *post*: a title, and lines that are shown as they are."""
    lines = [list(_runs(line)) for line in message.text_lines()]
    # Whether it looks for the keyword in the title, too, is written nowhere.
    if keyword and all(keyword not in line for line in message.text_lines()):
        lines.append([_text(keyword)])
    if called := list(_called(message.mention)):
        lines.append(called)
    post = {"title": message.headline(), "content": lines or [[_text(message.headline())]]}
    return {"msg_type": "post", "content": {"post": {"zh_cn": post}}}


def _runs(line: str) -> Iterator[dict[str, str]]:
    """Yield a line's pieces: text, and addresses as links."""
    for piece in re.split(f"({ADDRESS.pattern})", line):
        if ADDRESS.fullmatch(piece):
            yield {"tag": "a", "text": piece, "href": piece}
        elif piece:
            yield _text(piece)


def _called(mention: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield who is called: these robots know no phone numbers, which are shown as text."""
    phones, ids = phones_and_ids(mention)
    if ALL in mention:
        yield {"tag": "at", "user_id": ALL}
    yield from ({"tag": "at", "user_id": one} for one in ids)
    if phones:
        yield _text(" ".join(f"@{phone}" for phone in phones))


def _text(text: str) -> dict[str, str]:
    return {"tag": "text", "text": text}
