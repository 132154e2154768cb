"""What the group robots of DingTalk, Feishu and WeCom share: their addresses, their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from include.alerts.channels.posting import post
from include.alerts.channels.remedies import advice
from include.alerts.channels.settings import is_address
from include.alerts.messages import Receipt, fitted
from include.language import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from include.alerts.channels.posting import Answer
    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message

ALL = "all"  # in `mention`: everybody in the group
PHONE = re.compile(r"\+?[\d-]{5,}")


class Platform(NamedTuple):
    """Where a platform's robots are."""

    address: str  # of a robot, but for its token
    parameter: str  # of the query, that holds the token; empty where it ends the path
    codes: tuple[str, ...]  # fields of an answer that hold its code, the first that is there counts
    said: str  # field of an answer that says it in words


PLATFORMS = {
    "dingtalk": Platform(
        "https://oapi.dingtalk.com/robot/send", "access_token", ("errcode",), "errmsg"
    ),
    "feishu": Platform(
        "https://open.feishu.cn/open-apis/bot/v2/hook", "", ("code", "StatusCode"), "msg"
    ),
    "lark": Platform(
        "https://open.larksuite.com/open-apis/bot/v2/hook", "", ("code", "StatusCode"), "msg"
    ),
    "wecom": Platform(
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "key", ("errcode",), "errmsg"
    ),
}


@dataclass(frozen=True)
class Robot:
    """A robot as its connection says."""

    url: str = field(repr=False)  # its address, with the token
    token: str = field(repr=False)  # what the address holds that is secret
    # What requests are signed with; empty where the robot wants no signature
    secret: str = field(repr=False)


def robot_of(kind: str, credentials: Credentials) -> Robot:
    """Read a robot's connection, wherever in it its address or token was put.

    The host, or the password, holds the robot's whole address as the platform shows it; or the
    password the token alone, and the host, if any, a relay. The secret is the password where that
    is free, else `extra.secret`.

    Raises:
        ConfigurationError: it holds no token, or no address that can be one.
    """
    host, password, secret = credentials.url(), *map(credentials.text, ("password", "extra.secret"))
    if token := _token_in(kind, host):
        signs = "" if "://" in password else password  # an older address, left where it was
        return Robot(_checked(kind, host, credentials), token, secret or signs)
    if token := _token_in(kind, password):
        return Robot(_checked(kind, password, credentials), token, secret)
    raw = credentials.text("host")
    if raw and not re.search(r"[./:]|^localhost$", raw):  # no name of a host: the token alone
        host, token, secret = "", raw, secret or password
    elif named := credentials.text("extra.token"):
        token, secret = named, secret or password
    elif "://" in password:
        host, token = _checked(kind, password, credentials), ""
    else:
        token = password
    address = _checked(kind, _with_token(kind, host, token), credentials)
    if not token:
        raise credentials.problem(
            _(
                "it holds no robot: it wants the robot's whole webhook address, as the chat "
                "group's settings show it, which ends with its token"
            )
        )
    return Robot(address, token, secret)


async def delivered(
    channel: Channel,
    credentials: Credentials,
    robot: Robot,
    body: bytes,
    *,
    patience: float,
    sign: str = "",
) -> Receipt:
    """Send a body to a robot and judge the answer: HTTP 200 **and** the robot's code 0.

    Args:
        channel: its settings.
        credentials: whose secrets are kept out of the receipt.
        robot: where to.
        body: the JSON.
        patience: how many seconds it may take.
        sign: what it is signed with, which no receipt shows.

    Raises:
        UnansweredError: nothing came back.
        ConfigurationError: this machine's network is set up wrong.
    """
    answer = await post(robot.url, body, patience)
    platform = PLATFORMS[channel.kind]
    found = answer.json()
    code = next((found[name] for name in platform.codes if name in found), None)
    if answer.status == HTTPStatus.OK and _is_zero(code):
        return Receipt(delivered=True, code="0", answer="ok")
    shown = _code_of(answer, code)
    said = str(found.get(platform.said) or answer.text)
    text = credentials.masked(said, robot.token, robot.secret, sign, quote(sign, safe=""))
    return advice(channel, credentials.id, shown, text)


def fitted_body(
    message: Message, limit: int, body: Callable[[Message], bytes], language: str
) -> bytes:
    """Return the body of a message, with lines left out until it has no more bytes than allowed."""
    return body(fitted(message, lambda one: len(body(one)) <= limit, language))


def with_keyword(text: str, keyword: str) -> str:
    """Return a text that has the robot's keyword: without it the robot takes nothing."""
    return text if keyword in text else f"{text}\n{keyword}"


def phones_and_ids(mention: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return whom a message mentions by phone, and whom by the platform's id; all is neither."""
    people = [one.strip() for one in mention if one.strip() not in ("", ALL)]
    phones = [one for one in people if PHONE.fullmatch(one)]
    return phones, [one for one in people if one not in phones]


def _is_zero(code: Any) -> bool:
    return code in (0, "0") and not isinstance(code, bool)


def _code_of(answer: Answer, code: Any) -> str:
    """Return the code of what was not delivered: the robot's, else that of HTTP."""
    if re.fullmatch(r"-?\d+", str(code), re.ASCII) and not _is_zero(code):
        return str(code)
    return "unreadable" if answer.status == HTTPStatus.OK else f"HTTP {answer.status}"


def _token_in(kind: str, address: str) -> str:
    """Return the token of a robot's whole address; empty where there is none."""
    try:
        place = urlsplit(address)
    except ValueError:
        return ""
    if "://" not in address or not place.netloc:
        return ""
    if parameter := PLATFORMS[kind].parameter:
        return parse_qs(place.query).get(parameter, [""])[0].strip()
    last = place.path.rstrip("/").rpartition("/")[2]
    return "" if last in ("", "hook") else last


def _with_token(kind: str, base: str, token: str) -> str:
    """Return a robot's address, made of where the platform or a relay is, and the token."""
    platform = PLATFORMS[kind]
    usual = urlsplit(platform.address)
    place = urlsplit(base)
    if not base:
        address = platform.address
    elif place.path.strip("/"):
        address = base.rstrip("/")
    else:
        address = f"{place.scheme}://{place.netloc}{usual.path}"
    parted = f"?{platform.parameter}=" if platform.parameter else "/"
    return f"{address}{parted}{quote(token, safe='')}"


def _checked(kind: str, address: str, credentials: Credentials) -> str:
    """Return an address that a request can go to, and of the right platform."""
    address = address.strip()
    if not is_address(address):
        # The value is not shown: its token is the robot.
        raise credentials.problem(
            _(
                "it holds no address such as {address}…; copy it again, as a whole",
                address=PLATFORMS[kind].address,
            )
        )
    host = urlsplit(address).hostname
    for other, platform in PLATFORMS.items():
        if host == urlsplit(platform.address).hostname and {kind, other} not in (
            {kind},
            {"feishu", "lark"},
        ):
            raise credentials.problem(
                _(
                    "it holds the address of a robot of {other}, but the channel's kind is {kind}",
                    other=other,
                    kind=kind,
                )
            )
    return address
