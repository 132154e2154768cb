"""Connections are read from the environment as Airflow writes them, and keep their secrets."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.pulling.clients import own_connection
from include.registry import Shop

ROOT = Path(__file__).parents[2]

EXTRA = {"access_token": "t0ken"}
GOOD = {
    "conn_type": "http",
    "host": "http://127.0.0.1:8083",
    "login": "key",
    "password": "s3cret",
    "extra": EXTRA,
}
ERP = Connection("erp", "http://127.0.0.1:8083", "key", "s3cret", "t0ken")


def read(value: object) -> Connection:
    """Read a value of the variable, given as text or as what its JSON says."""
    text = value if isinstance(value, str) else json.dumps(value)
    return Connection.from_env("erp", {"AIRFLOW_CONN_ERP": text})


@pytest.mark.parametrize(
    "value",
    [
        GOOD,
        {**GOOD, "extra": '{"access_token": "t0ken"}'},
        {**GOOD, "host": "127.0.0.1", "port": 8083},
        {**GOOD, "host": "127.0.0.1", "port": 8083, "schema": "http"},
        {**GOOD, "host": "http://127.0.0.1:8083/", "port": None, "schema": ""},
        "http://key:s3cret@127.0.0.1:8083/?access_token=t0ken",
        "http://key:s3cret@127.0.0.1:8083/http?access_token=t0ken",
        "http://http://key:s3cret@127.0.0.1:8083/?access_token=t0ken",
        "http://key:s3cret@127.0.0.1:8083/?__extra__=%7B%22access_token%22%3A+%22t0ken%22%7D",
        "jushuitan://key:s3cret@http%3A%2F%2F127.0.0.1:8083/?access_token=t0ken",
    ],
)
def test_every_form_that_airflow_writes_gives_the_same_connection(value: object) -> None:
    """JSON with an object or a text as extra, and URIs with and without protocol, are one."""
    assert read(value) == ERP


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("openapi.jushuitan.com", "https://openapi.jushuitan.com"),
        ("https://openapi.jushuitan.com", "https://openapi.jushuitan.com"),
        ("localhost", "http://localhost"),
        ("127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_only_loopback_is_spoken_to_in_the_clear(host: str, base_url: str) -> None:
    """A host without a scheme is reached by https unless it is this machine."""
    assert read({**GOOD, "host": host}).base_url == base_url


@pytest.mark.parametrize(
    "value",
    [
        {**GOOD, "host": "https://relay.example.cloud:8443/pdd/"},
        {**GOOD, "host": "relay.example.cloud/pdd", "port": 8443},
        {**GOOD, "host": "https://relay.example.cloud/pdd", "port": 8443},
        {**GOOD, "host": "relay.example.cloud:8443/pdd", "schema": "https"},
        "http://https://key:s3cret@relay.example.cloud%3A8443%2Fpdd%2F/?access_token=t0ken",
        "http://https://key:s3cret@relay.example.cloud:8443/pdd/?access_token=t0ken",
    ],
)
def test_a_host_may_hold_the_path_of_a_relay(value: object) -> None:
    """In each form that Airflow writes; the gateway's own path follows it."""
    connection = read(value)
    assert connection.base_url == "https://relay.example.cloud:8443/pdd"
    assert connection.address("/api/router") == "https://relay.example.cloud:8443/pdd/api/router"


@pytest.mark.parametrize(
    "host", ["https://api.jd.com/routerjson", "https://api.jd.com/routerjson/"]
)
def test_a_gateways_whole_address_is_what_its_host_is(host: str) -> None:
    """Platforms' own pages write the gateway with its path: nobody needs to cut that off."""
    assert read({**GOOD, "host": host}).address("/routerjson") == "https://api.jd.com/routerjson"


def test_percent_encoded_parts_of_a_uri_are_decoded() -> None:
    """A secret with reserved characters arrives as it is."""
    connection = read("http://key:p%40ss%2Fw%3Aord@127.0.0.1:1/?access_token=a%2Bb")
    assert (connection.app_secret, connection.access_token) == ("p@ss/w:ord", "a+b")


@pytest.mark.parametrize("moment", [1767225600, "1767225600"])
def test_tokens_come_with_what_renews_them(moment: object) -> None:
    """The refresh token, the moment at which the first token ends, and the rest of the extra."""
    more = {"refresh_token": "r3fresh", "expires_at": moment, "mall": 7}
    connection = read({**GOOD, "extra": {**EXTRA, **more}})
    assert (connection.access_token, connection.refresh_token) == ("t0ken", "r3fresh")
    assert connection.expires_at == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert connection.extra == {"mall": 7}
    assert "r3fresh" not in repr(connection)
    assert connection.masked("r3fresh") == "***"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({**GOOD, "host": ""}, "host"),
        ({**GOOD, "host": "ftp://there"}, "host"),
        ({**GOOD, "host": "https://"}, "host"),
        ({**GOOD, "host": "http://there/with path"}, "host is not an address"),
        ({**GOOD, "host": "http://there/up/../s3cret"}, "host is not an address"),
        ({**GOOD, "host": "http://there/./s3cret"}, "host is not an address"),
        ({**GOOD, "host": "http://there//s3cret"}, "host is not an address"),
        ({**GOOD, "host": "http://there/店/s3cret"}, "host is not an address"),
        ({**GOOD, "host": "http://there/user:s3cret@host"}, "host is not an address"),
        ({**GOOD, "host": "不是地址"}, "host is not an address"),
        ({**GOOD, "host": "https://s3cret here"}, "host is not an address"),
        ({**GOOD, "host": "https://there..com"}, "host is not an address"),
        ({**GOOD, "host": "http://there", "port": "many"}, "host"),
        ({**GOOD, "host": 5}, "host"),
        ({**GOOD, "host": "https://user:s3cret@there"}, "host is not an address"),
        ({**GOOD, "host": "https://s3cret@there"}, "host is not an address"),
        ({**GOOD, "host": "https://there?token=s3cret"}, "host is not an address"),
        ({**GOOD, "host": "https://there#s3cret"}, "host is not an address"),
        ({**GOOD, "host": "https://there:s3cret"}, "host is not an address"),
        ({**GOOD, "host": "ftp://s3cret"}, "host is not an address"),
        ({**GOOD, "login": None}, "login"),
        ({**GOOD, "password": " "}, "password"),
        ({**GOOD, "password": 17}, "password"),
        ({**GOOD, "extra": {}}, "extra.access_token"),
        ({**GOOD, "extra": None}, "extra.access_token"),
        ({**GOOD, "extra": "{"}, "extra"),
        ({**GOOD, "extra": ["s3cret"]}, "extra"),
        ("{s3cret", "JSON"),
        ("s3cret", "URI"),
        ("http://key:s3cret@there:s3cret/", "URI"),
        ("http://key:s3/cret@there/", "URI"),
        ("http://[key:s3cret@there/?access_token=t0ken", "URI"),
        ("http://there?access_token=t0ken", "login"),
        ({**GOOD, "extra": {**EXTRA, "refresh_token": 7}}, "extra.refresh_token is not a text"),
        ({**GOOD, "extra": {**EXTRA, "expires_at": "t0ken"}}, "extra.expires_at is not a moment"),
        ({**GOOD, "extra": {**EXTRA, "expires_at": True}}, "extra.expires_at is not a moment"),
        ({**GOOD, "extra": {**EXTRA, "expires_at": 1e30}}, "extra.expires_at is not a moment"),
    ],
)
def test_what_is_missing_or_ill_is_named_without_secrets(value: object, field: str) -> None:
    """The message names the connection and the field, and shows no part of a secret."""
    with pytest.raises(ConfigurationError, match=rf"connection erp: .*({field})") as caught:
        read(value)
    assert "s3cret" not in str(caught.value)
    assert "t0ken" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_connection_that_is_nowhere_is_said_with_what_makes_it() -> None:
    """In the same words wherever it is noticed: docs/troubleshooting.md explains them once."""
    with pytest.raises(ConfigurationError, match=r"^connection 'erp' is missing: .*connect erp`"):
        read("")


@pytest.mark.parametrize(
    ("platform", "host"),
    [
        ("erp", "https://openapi.jushuitan.com"),
        ("jd", "https://api.jd.com"),
        ("pdd", "https://gw-api.pinduoduo.com"),
        ("own", "https://gateway.example.com"),
    ],
)
def test_the_example_has_the_host_of_the_shops_platform(
    monkeypatch: pytest.MonkeyPatch, platform: str, host: str
) -> None:
    """Nobody is sent to another platform's gateway; docs/go-live.md names the same hosts."""
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_1", json.dumps({**GOOD, "host": ""}))
    fields = {"id": "s-1", "name": "x", "connection": "shop_1", "platform_id": "1"}
    shop = Shop.model_validate({**fields, "platform": platform})
    with pytest.raises(ConfigurationError, match=rf'set AIRFLOW_CONN_SHOP_1 to .*"host": "{host}"'):
        own_connection(shop)
    if platform != "own":
        assert host in (ROOT / "docs/go-live.md").read_text("utf-8")


def test_secrets_are_not_shown() -> None:
    """The text of a connection holds neither secret nor token, and it masks them in other texts."""
    assert "s3cret" not in repr(ERP)
    assert "t0ken" not in repr(ERP)
    assert ERP.masked("t0ken and s3cret of key") == "*** and *** of key"


def test_secrets_that_come_later_are_masked_too() -> None:
    """A refreshed token is concealed as the first one is, also where it contains that one."""
    connection = read(GOOD)
    connection.conceal("t0ken2", "")
    assert connection.masked("t0ken2, t0ken") == "***, ***"
    assert connection == ERP
