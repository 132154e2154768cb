"""How this machine reaches a gateway: connections, certificates, proxies."""

from __future__ import annotations

import os
import re
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
from yarl import URL

from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.gateways.bodies import ACCEPTED
from include.language import N_, _

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession

# A proxy of the environment is for the outside world, never for this machine.
NEVER_PROXIED = ("127.0.0.1", "localhost", "::1")
CONNECTIONS = 100
# Servers close what was idle for 5 s or more; a call that is sent just then would be lost.
KEPT_SECONDS = 3
# What a head's line may have; some gateways put long traces into theirs.
LONGEST_LINE = 100 * 1024
CERTIFICATE = N_(
    "its certificate is not one to trust ({said}): where the company's network or a relay has one "
    "of its own, name the file of its root in the environment variable SSL_CERT_FILE"
)
# What goes out as it was built: a signature may be part of it.
AS_BUILT = re.compile(r"[!-~]+")


class LostError(aiohttp.ClientError):
    """A request whose fate is not known; its text says what happened."""


def session(base_url: str) -> ClientSession:
    """Return what makes the requests to a gateway; there must be an event loop.

    Raises:
        ConfigurationError: the environment names certificates or a proxy that are of no use.
    """
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS, ssl=certificates()
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers=ACCEPTED,
        skip_auto_headers=("Content-Type",),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy_of(base_url),
        # The time of a call is watched as a whole, by the client.
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        auto_decompress=False,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
        middlewares=(_once,),
    )


async def _once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from sending a request again by itself, which no rate limit would count.

    It does so after these errors, of a connection that was kept open; all others it passes on.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise LostError(reason(error)) from None


def reason(error: Exception) -> str:
    """Return what went wrong, on one line, without a URL's query, where tokens may stand."""
    if isinstance(error, LostError):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = getattr(error.certificate_error, "verify_message", "")
        return _(CERTIFICATE, said=said or type(error.certificate_error).__name__)
    if isinstance(error, aiohttp.ClientResponseError):
        said = f"{error.status} {error.message}"
    elif isinstance(error, aiohttp.InvalidURL):
        said = ""
    else:
        said = str(error)
    return explained(" ".join([type(error).__name__, *said.split()]))


def address(url: str) -> URL:
    """Return a URL as aiohttp takes it: as it was built, unless it has what no URL may have.

    Raises:
        ValueError: it is none.
    """
    return URL(url, encoded=AS_BUILT.fullmatch(url) is not None)


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, if any.

    Raises:
        ConfigurationError: it is one that cannot be spoken to.
    """
    parts = urlsplit(url)
    host, proxies = parts.hostname or "", getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or host in NEVER_PROXIED or proxy_bypass(host):
        return None
    proxy = found if "://" in found else f"http://{found}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        # The rest is not shown: somebody may have put a password there.
        raise ConfigurationError(
            "the proxy for {url} is '{scheme}://…', which cannot be spoken to; set "
            "{kind}_PROXY to one such as http://proxy.example.com:3128",
            url=url,
            scheme=proxy.partition("://")[0],
            kind=parts.scheme.upper(),
        )
    return proxy


def certificates(protocol: str | None = "http/1.1") -> ssl.SSLContext:
    """Return the certificates to trust: those the environment names, else Mozilla's roots.

    Args:
        protocol: what will be spoken, as TLS negotiates it; None for one that has no such name.

    Raises:
        ConfigurationError: the environment names a file that cannot be used.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        return _context(file or None, None if file else folder or None, protocol)
    except OSError as error:
        raise ConfigurationError(
            "SSL_CERT_FILE is '{file}', which cannot be used ({error}); set it to a file "
            "of certificates in PEM, or unset it",
            file=file,
            error=explained(error),
        ) from None


@lru_cache
def _context(file: str | None, folder: str | None, protocol: str | None) -> ssl.SSLContext:
    """Make it once for all clients: it takes longer than many calls."""
    own = file or folder
    context = ssl.create_default_context(cafile=file if own else certifi.where(), capath=folder)
    if protocol is not None:
        context.set_alpn_protocols([protocol])
    return context
