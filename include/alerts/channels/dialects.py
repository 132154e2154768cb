"""How each kind of group robot signs, and what its messages look like.

DingTalk (钉钉), Feishu (飞书) with Lark, which is the same outside of China, and WeCom (企业微信).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.alerts.channels.posting import as_json
from include.alerts.channels.robots import (
    ALL,
    delivered,
    fitted_body,
    phones_and_ids,
    robot_of,
    with_keyword,
)
from include.alerts.messages import ADDRESS, fitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message, Receipt

# DingTalk refuses more than 20,000 bytes (460101), Feishu more than 20 KB.
DINGTALK_BYTES, FEISHU_BYTES = 19_000, 20_000
# Of a text. WeCom's Markdown may have 4,096, but can call nobody by phone, and does not show in
# WeChat.
WECOM_BYTES = 2_048


def dingtalk_sign(milliseconds: int, secret: str) -> str:
    """Return the sign of a moment, in base64: what is signed is the moment and the secret."""
    text = f"{milliseconds}\n{secret}"
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256)).decode()


async def send_dingtalk(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; raises as `robots.delivered` and `robots.robot_of` do."""
    robot, made = robot_of(channel.kind, credentials), ""
    if robot.secret:
        now = time.time_ns() // 1_000_000
        made = dingtalk_sign(now, robot.secret)
        joined = "&" if "?" in robot.url else "?"
        signed = f"{robot.url}{joined}timestamp={now}&sign={quote(made, safe='')}"
        robot = replace(robot, url=signed)

    def body(one: Message) -> bytes:
        return _dingtalk_body(one, channel.keyword)

    content = fitted_body(message, DINGTALK_BYTES, body, channel.language)
    return await delivered(channel, credentials, robot, content, patience=patience, sign=made)


def _dingtalk_body(message: Message, keyword: str) -> bytes:
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


def feishu_sign(seconds: int, secret: str) -> str:
    """Return the sign of a moment, in base64: moment and secret are the key, nothing is signed."""
    key = f"{seconds}\n{secret}"
    return base64.b64encode(hmac.digest(key.encode(), b"", hashlib.sha256)).decode()


async def send_feishu(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; raises as `robots.delivered` and `robots.robot_of` do."""
    robot = robot_of(channel.kind, credentials)
    signature: dict[str, str] = {}
    if robot.secret:
        now = int(time.time())
        signature = {"timestamp": str(now), "sign": feishu_sign(now, robot.secret)}

    def body(one: Message) -> bytes:
        return as_json({**signature, **_feishu_content(one, channel.keyword)})

    content = fitted_body(message, FEISHU_BYTES, body, channel.language)
    made = signature.get("sign", "")
    return await delivered(channel, credentials, robot, content, patience=patience, sign=made)


def _feishu_content(message: Message, keyword: str) -> dict[str, Any]:
    """Return a message of the type *post*: a title, and lines that are shown as they are."""
    lines = [list(_runs(line)) for line in message.text_lines()]
    # Whether it looks for the keyword in the title, too, is written nowhere.
    if keyword and all(keyword not in line for line in message.text_lines()):
        lines.append([_run(keyword)])
    if called := list(_called(message.mention)):
        lines.append(called)
    post = {"title": message.headline(), "content": lines or [[_run(message.headline())]]}
    return {"msg_type": "post", "content": {"post": {"zh_cn": post}}}


def _runs(line: str) -> Iterator[dict[str, str]]:
    """Yield a line's pieces: text, and addresses as links."""
    for piece in re.split(f"({ADDRESS.pattern})", line):
        if ADDRESS.fullmatch(piece):
            yield {"tag": "a", "text": piece, "href": piece}
        elif piece:
            yield _run(piece)


def _called(mention: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield who is called: these robots know no phone numbers, which are shown as text."""
    phones, ids = phones_and_ids(mention)
    if ALL in mention:
        yield {"tag": "at", "user_id": ALL}
    yield from ({"tag": "at", "user_id": one} for one in ids)
    if phones:
        yield _run(" ".join(f"@{phone}" for phone in phones))


def _run(text: str) -> dict[str, str]:
    return {"tag": "text", "text": text}


async def send_wecom(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; raises as `robots.delivered` and `robots.robot_of` do."""
    robot = robot_of(channel.kind, credentials)

    def text(one: Message) -> str:
        return with_keyword(one.plain(), channel.keyword)

    said = fitted(message, lambda one: len(text(one).encode()) <= WECOM_BYTES, channel.language)
    phones, ids = phones_and_ids(message.mention)
    everybody = [f"@{ALL}"] if ALL in message.mention else []
    content = {
        "content": text(said),
        "mentioned_list": [*ids, *everybody],
        "mentioned_mobile_list": phones,
    }
    body = as_json({"msgtype": "text", "text": content})
    return await delivered(channel, credentials, robot, body, patience=patience)
