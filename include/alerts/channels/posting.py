"""One POST to a robot or a webhook: answered in time, or an error that says why not."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import anyio
from yarl import URL

from include.gateways.network import certificates, proxy_of
from include.language import _

if TYPE_CHECKING:
    from collections.abc import Mapping

# How much of an answer is read; robots say a line.
MOST_BYTES = 64 * 1024
# Of a message of which nothing was sent, and of one that may have been taken for all that is known.
UNREACHED, BROKEN = "unreached", "broken"


class UnansweredError(Exception):
    """A message whose fate is not known, or that cannot be sent; its text holds no secret."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code  # what went wrong, in a word


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int  # of HTTP
    text: str  # the beginning of its body

    def json(self) -> Mapping[str, Any]:
        """Return the object that it is; an empty one where it is none."""
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def as_json(body: Mapping[str, Any]) -> bytes:
    """Return what is sent: its size is that of the text in UTF-8, by which robots measure."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def post(
    url: str, body: bytes, patience: float, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send JSON and return what is answered; a redirect is an answer, and not followed.

    Args:
        url: where to, as it was signed.
        body: the JSON.
        patience: how many seconds it may take as a whole.
        headers: what else the request says.

    Raises:
        UnansweredError: nothing came back.
        ConfigurationError: the environment names certificates or a proxy that are of no use.
    """
    place = urlsplit(url)
    where, begun = place.hostname or "", anyio.Event()
    proxy = proxy_of(f"{place.scheme}://{place.netloc}")
    given = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=certificates()),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=given,
        proxy=proxy,
        trace_configs=[_noting(begun)],
    )
    try:
        with anyio.fail_after(patience):
            async with (
                session,
                session.post(URL(url, encoded=True), data=body, allow_redirects=False) as response,
            ):
                content = await _beginning(response.content)
                return Answer(response.status, content.decode("utf-8", "replace"))
    except TimeoutError:
        said = _("no answer from {where} in {patience:g} s", where=where, patience=patience)
        raise UnansweredError("timeout" if begun.is_set() else UNREACHED, said) from None
    except (aiohttp.ClientError, OSError) as error:
        raise _unanswered(where, error, begun=begun.is_set()) from None


def _noting(begun: anyio.Event) -> aiohttp.TraceConfig:
    """Return what notes that a request is being sent: from then on it may have been taken."""
    trace = aiohttp.TraceConfig()

    async def note(*_: object) -> None:
        begun.set()

    trace.on_request_headers_sent.append(note)
    return trace


async def _beginning(stream: aiohttp.StreamReader) -> bytes:
    content = b""
    while len(content) < MOST_BYTES and (piece := await stream.read(MOST_BYTES - len(content))):
        content += piece
    return content


def _unanswered(where: str, error: Exception, *, begun: bool) -> UnansweredError:
    """Return what went wrong, without an error's own text, in which the address may stand."""
    untrusted = aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError
    if isinstance(error, untrusted):
        return UnansweredError(
            "certificate", _("the certificate of {where} is not one to trust", where=where)
        )
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        said = _(
            "the proxy of this machine does not answer, so {where} cannot be reached", where=where
        )
        return UnansweredError(UNREACHED, said)
    if isinstance(error, aiohttp.ClientConnectorError):
        return UnansweredError(
            UNREACHED,
            _(
                "{where} cannot be reached: {os_error}",
                where=where,
                os_error=reason(error.os_error),
            ),
        )
    said = _("the connection to {where} broke: {name}", where=where, name=type(error).__name__)
    return UnansweredError(BROKEN if begun else UNREACHED, said)


def reason(error: Exception) -> str:
    """Return why a connection could not be made, as the system says it."""
    number = getattr(error, "errno", None) or 0
    # Names that cannot be looked up have negative numbers, and a text of their own.
    return os.strerror(number) if number > 0 else getattr(error, "strerror", "") or str(error)
