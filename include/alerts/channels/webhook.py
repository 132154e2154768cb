"""Sends JSON to an address of the team's own: a relay, a ticket system, another chat."""

from __future__ import annotations

import base64
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from include.alerts.channels.posting import as_json, post
from include.alerts.channels.remedies import advice
from include.alerts.channels.robots import one_line
from include.alerts.messages import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.alerts.channels.settings import Channel, Credentials
    from include.alerts.messages import Message

HEADER = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
VALUE = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)


async def send(
    channel: Channel, credentials: Credentials, message: Message, patience: float
) -> Receipt:
    """Send a message; any answer from 200 to 299 says that it was taken.

    Raises:
        UnansweredError: nothing came back.
        ConfigurationError: the connection, or this machine's network, is set up wrong.
    """
    url, headers = address_of(credentials)
    body = {
        "title": message.headline(),
        "text": message.plain(),
        "lines": message.text_lines(),
        "mention": list(message.mention),
        "number": message.number,
        "channel": channel.id,
    }
    answer = await post(url, as_json(body), patience, headers)
    said = one_line(credentials.masked(answer.text, url, *headers.values()))
    code = f"HTTP {answer.status}"
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Receipt(delivered=True, code=code, answer=said)
    return advice(channel, credentials.id, code, said)


def address_of(credentials: Credentials) -> tuple[str, Mapping[str, str]]:
    """Return where to, and the headers that let us in: the host, and login and password.

    An address that is itself a secret is the password, with the host left empty.

    Raises:
        ConfigurationError: it is none, or the rest cannot stand in a header.
    """
    url, password = credentials.url(), credentials.text("password")
    if not url:
        url, password = password, ""
    try:
        place = urlsplit(url)
        valid = place.scheme in ("http", "https") and bool(place.hostname) and place.port != 0
    except ValueError:
        valid = False
    if not valid or place.username is not None or not re.fullmatch("[!-~]+", url):
        raise credentials.problem("host is no address such as https://alerts.example.com/hook")
    if not password:
        return url, {}
    if login := credentials.text("login"):
        pair = base64.b64encode(f"{login}:{password}".encode()).decode()
        return url, {"Authorization": f"Basic {pair}"}
    if not VALUE.fullmatch(password):
        raise credentials.problem("password has signs that no HTTP header may have")
    if name := credentials.text("extra.header"):
        if not HEADER.fullmatch(name):
            raise credentials.problem("extra.header is no name of an HTTP header")
        return url, {name: password}
    return url, {"Authorization": f"Bearer {password}"}
