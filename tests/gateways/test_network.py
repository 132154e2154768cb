"""A request reaches the gateway as it was built, once, by the way the environment names."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.gateways.dialect import Call, Request
from include.gateways.errors import Misdirected, Temporary
from include.gateways.network import certificates, proxy_of
from tests.alerts.mail_server import make_certificate
from tests.gateways.asking import Plain, using
from tests.gateways.scripted_gateway import RESET, answer, scripted

if TYPE_CHECKING:
    from pathlib import Path

    from include.gateways.client import GatewayClient

CALL = Call("/some", shop=1)
OK = answer('{"a": 1}')


class Getting(Plain):
    """Asks with GET, what stands in `path`."""

    path = "/some"

    def request(self, call: Call, access_token: str) -> Request:
        """Build what is sent."""
        del call, access_token
        return Request(f"{self.connection.base_url}{self.path}", {}, verb="GET")


def getting(base_url: str, path: str = "/some") -> Getting:
    """Speak for a shop to whoever is there."""
    dialect = Getting(Connection("shop_1", base_url, "key", "s3cret", "t0ken"))
    dialect.path = path
    return dialect


async def ask(client: GatewayClient) -> Any:
    """Ask once."""
    return await client.call(CALL)


def test_no_request_is_sent_that_was_not_counted() -> None:
    """When a connection that was kept open is lost, nothing asks again behind the limits' back."""

    async def asking(client: GatewayClient) -> int:
        await client.call(CALL)
        with pytest.raises(Temporary, match="no answer from"):
            await client.call(CALL)
        return client.calls

    with scripted(OK, RESET) as gateway:
        assert using(getting(gateway.base_url), asking) == 2
    assert len(gateway.requests) == 2


@pytest.mark.parametrize(
    "path", ["/a%2Fb%7e/c?x=%E4%BD%A0+b%20c&sign=A%2bB&x=1&empty=", "/a//b/../c?y=[1]&z='|'"]
)
def test_a_url_goes_out_as_it_was_built(path: str) -> None:
    """A signature may be made of it."""
    with scripted(OK) as gateway:
        using(getting(gateway.base_url, path), ask)
    assert gateway.requests[0].startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_what_no_url_may_have_is_encoded() -> None:
    """A path of a team's own may be written as it is read."""
    with scripted(OK) as gateway:
        using(getting(gateway.base_url, "/评价 一"), ask)
    assert gateway.requests[0].startswith(b"GET /%E8%AF%84%E4%BB%B7%20%E4%B8%80 HTTP/1.1\r\n")


def test_neither_cookies_are_kept_nor_redirects_followed() -> None:
    """Each request is what was built, whatever the answer before it wanted."""
    moved = answer("", 302, "Location: /other", "Set-Cookie: a=1")

    async def asking(client: GatewayClient) -> None:
        for _ in range(2):
            with pytest.raises(Misdirected, match="HTTP 302"):
                await client.call(CALL)

    with scripted(moved) as gateway:
        using(getting(gateway.base_url), asking)
    assert len(gateway.requests) == 2
    assert b"cookie" not in b"".join(gateway.requests).lower()


def test_an_answer_that_is_no_http_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """The query of a URL stands in no message and no log."""
    caplog.set_level(logging.DEBUG)
    junk = b"HTTP/1.1 abc\r\n\r\n"
    with scripted(junk) as gateway, pytest.raises(Temporary, match="no answer from") as raised:
        using(getting(gateway.base_url, "/some?token=hidden"), ask)
    assert "hidden" not in f"{raised.value}{caplog.text}"


def test_a_head_with_a_long_line_is_read() -> None:
    """Up to 100 KB; what is longer is no answer."""
    with scripted(answer('{"a": 1}', 200, f"X-Trace: {'x' * 50_000}")) as gateway:
        assert using(getting(gateway.base_url), ask) == {"a": 1}
    with (
        scripted(answer('{"a": 1}', 200, f"X-Trace: {'x' * 200_000}")) as gateway,
        pytest.raises(Temporary, match="no answer from"),
    ):
        using(getting(gateway.base_url), ask)


def test_a_host_that_cannot_be_is_told() -> None:
    """No machine's name has more than 63 letters between two dots."""
    with pytest.raises(Temporary, match=r"no answer from http://xxx.*; run it again"):
        using(getting(f"http://{'x' * 64}.example"), ask)


def test_the_outside_world_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the credentials in its address."""
    with scripted(OK) as proxy:
        address = proxy.base_url.replace("://", "://user:pass@")
        monkeypatch.setenv("HTTP_PROXY", address)
        assert using(getting("http://gateway.example"), ask) == {"a": 1}
    assert proxy.requests[0].startswith(b"GET http://gateway.example/some HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in proxy.requests[0]


def test_the_environment_says_which_proxy_is_for_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each scheme or for all, and none for this machine nor for what NO_PROXY names."""
    monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://secure.example:3128")
    monkeypatch.setenv("NO_PROXY", "intranet.example, 192.0.2.1")
    assert proxy_of("http://api.example") == "http://proxy.example:3128"
    assert proxy_of("https://api.example") == "http://secure.example:3128"
    for host in ("127.0.0.1:80", "localhost", "[::1]", "erp.intranet.example", "192.0.2.1"):
        assert proxy_of(f"https://{host}") is None
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:pass@proxy.example:1080")
    with pytest.raises(ConfigurationError, match=r"'socks5://…'.* set HTTPS_PROXY to") as raised:
        proxy_of("https://api.example")
    assert "pass@" not in str(raised.value)


def test_all_clients_believe_the_same_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are read once; SSL_CERT_FILE names others, and is told when it is of no use."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert certificates() is certificates()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE is '.*none.pem'.*unset it"):
        certificates()


def test_a_certificate_that_nobody_vouches_for_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever replaces certificates on the way has a root, which can be named."""
    made = make_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made.file)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with scripted(OK, tls=tls) as gateway:
        with pytest.raises(Temporary, match=r"not one to trust \(.+\): .*SSL_CERT_FILE; run it"):
            using(getting(gateway.base_url), ask)
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
        assert using(getting(gateway.base_url), ask) == {"a": 1}
