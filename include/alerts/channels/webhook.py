"""Addresses of the team's own: one that takes messages as JSON, and one that is called.

The former is a relay, a ticket system, another chat. The latter is called while all is watched:
whoever waits there notices when the calls end.
"""

from __future__ import annotations

import base64
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from include.alerts.channels.posting import as_json, post
from include.alerts.channels.remedies import advice, one_line
from include.alerts.channels.settings import Credentials, is_address
from include.alerts.messages import Receipt
from include.errors import ConfigurationError
from include.gateways.network import certificates, proxy_of
from include.language import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.alerts.channels.settings import Channel
    from include.alerts.messages import Message

HEADER = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
VALUE = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
PING_SECONDS = 10.0


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
        "event": dict(message.event) or None,
    }
    answer = await post(url, as_json(body), patience, headers)
    said = credentials.masked(answer.text, url, *headers.values())
    code = f"HTTP {answer.status}"
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Receipt(delivered=True, code=code, answer=one_line(said))
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
    if not is_address(url):
        raise credentials.problem(_("host is no address such as https://alerts.example.com/hook"))
    if not password:
        return url, {}
    if login := credentials.text("login"):
        pair = base64.b64encode(f"{login}:{password}".encode()).decode()
        return url, {"Authorization": f"Basic {pair}"}
    if not VALUE.fullmatch(password):
        raise credentials.problem(_("password has signs that no HTTP header may have"))
    if name := credentials.text("extra.header"):
        if not HEADER.fullmatch(name):
            raise credentials.problem(_("extra.header is no name of an HTTP header"))
        return url, {name: password}
    return url, {"Authorization": f"Bearer {password}"}


def ping(connection_id: str, variables: Mapping[str, str]) -> str:
    """Call the address of a connection; return why it did not work, without the address.

    Args:
        connection_id: the connection; its host is the whole address.
        variables: holds it, as an environment does.
    """
    try:
        url = check_address(Credentials.from_env(connection_id, variables).url(), connection_id)
        client = httpx.Client(
            timeout=PING_SECONDS, verify=certificates(), proxy=proxy_of(url), trust_env=False
        )
        with client:
            answer = client.get(url)
    except ConfigurationError as error:
        return str(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # its own text may hold the address
        return _(
            "the address of connection {connection_id} is not reached: {name}",
            connection_id=connection_id,
            name=type(error).__name__,
        )
    if answer.is_success:
        return ""
    return _(
        "the address of connection {connection_id} answers HTTP {status_code}",
        connection_id=connection_id,
        status_code=answer.status_code,
    )


def check_address(text: str, connection_id: str) -> str:
    """Return an address to call; raises ConfigurationError where it is none."""
    if not text.startswith(("http://", "https://")):
        raise ConfigurationError(
            "connection {connection_id}: host is not an address like https://hc-ping.com/…",
            connection_id=connection_id,
        )
    return text
