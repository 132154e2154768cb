"""Which values of an environment are secrets."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from include.registry.airflow_objects import connections
from include.secrets.masking import Masker
from include.secrets.values import secrets_in


def test_password_and_every_text_in_extra_are_secrets() -> None:
    """Nested values count, also those of JSON that is written in a text."""
    extra = {
        "access_token": "tok-12345",
        "nested": {"list": ["deep-secret", 7, None]},
        "keyfile": json.dumps({"private_key": "line one\nline two"}),
        "verify": "true",
        "pin": "123",
    }
    connection = {"conn_type": "http", "host": "gw.example", "login": "app", "password": "s3cret!"}
    environment = {"AIRFLOW_CONN_ERP": json.dumps({**connection, "extra": extra})}
    assert secrets_in(environment) == {"tok-12345", "deep-secret", "line one\nline two", "s3cret!"}


@pytest.mark.parametrize("extra", ['{"token": "abcdef"}', {"token": "abcdef"}])
def test_extra_may_be_an_object_or_its_text(extra: object) -> None:
    """Airflow writes `extra` either way."""
    assert secrets_in({"AIRFLOW_CONN_X": json.dumps({"extra": extra})}) == {"abcdef"}


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"auth": "bearer", "more": "abcdef"}, {"abcdef"}),
        ({"auth": "header", "header": "X-Api-Key"}, set()),
        ('{"auth": "cookie", "cookie": "session", "header": "abcdef"}', {"abcdef"}),
        ({"auth": "some-secret", "header": "abcdef"}, {"some-secret", "abcdef"}),
        ({"auth": ["bearer"]}, {"bearer"}),
        ({"auth": "bearr", "token": "abcdef"}, {"abcdef"}),
    ],
)
def test_how_a_password_is_sent_is_no_secret(extra: object, expected: set[str]) -> None:
    """Words like bearer, cookie and session would be masked in every message."""
    assert secrets_in({"AIRFLOW_CONN_X": json.dumps({"extra": extra})}) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("http://127.0.0.1:8083", set()),
        ("https://open-oauth.jd.com/", set()),
        ("https://jd:s3cret@oauth.example", {"https://jd:s3cret@oauth.example", "s3cret"}),
        ("pasted-token", {"pasted-token"}),
    ],
)
def test_a_host_is_a_secret_only_with_a_password_in_it(host: str, expected: set[str]) -> None:
    """A message must be able to name the host that does not answer."""
    extra = {"oauth_host": host, "expires_at": "1767225600", "sandbox": True}
    fields = {"host": host if "://" in host else "", "extra": extra}
    assert secrets_in({"AIRFLOW_CONN_JD": json.dumps(fields)}) == expected
    for query in ({"oauth_host": host}, {"__extra__": json.dumps(extra)}):
        uri = f"http://gw.example/?{urlencode(query)}"
        assert secrets_in({"AIRFLOW_CONN_JD": uri}) == expected


@pytest.mark.parametrize("conn_id", ["jd_3", "pdd_feed"])
def test_the_delivered_connections_do_not_hide_their_host(conn_id: str) -> None:
    """Nor the words that every other message has."""
    fields = connections("http://127.0.0.1:8083")[conn_id]
    found = secrets_in({f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(fields)})
    told = "no answer from http://127.0.0.1:8083/routerjson: check host, bearer, true"
    assert Masker(found).mask(told) == told
    assert fields["password"] in found


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        (
            "WAREHOUSE_URL",
            "postgresql+psycopg2://u:p%40ssword@db:5432/w",
            {"p%40ssword", "p@ssword"},
        ),
        ("WAREHOUSE_URL", "mysql://u:pa/ss#word@db/w", {"pa/ss#word"}),
        ("WAREHOUSE_URL", "postgresql://db/w?user=u&password=hidden", {"hidden"}),
        ("WAREHOUSE_URL", "sqlite:////var/warehouse.db", set()),
        ("AIRFLOW_CONN_X", "http://u:hunter22@host/?token=abcdef", {"hunter22", "abcdef"}),
        ("AIRFLOW_CONN_X", "http://[broken", set()),
        (
            "AIRFLOW_CONN_X",
            '{"password": "mysql://u:hunter22@db/a"}',
            {"mysql://u:hunter22@db/a", "hunter22"},
        ),
        ("OTHER", "http://u:hunter22@host/", set()),
    ],
)
def test_passwords_in_urls_are_secrets(name: str, url: str, expected: set[str]) -> None:
    """In the form they are written in and in the one they stand for."""
    assert secrets_in({name: url}) == expected


def test_white_space_around_a_secret_hides_nothing() -> None:
    """Clients strip what was pasted; a number is a password too; so is a parameter of a URL."""
    environment = {
        "AIRFLOW_CONN_A": '{"password": " s3cret42\\n", "extra": {"token": "tok-1234 "}}',
        "AIRFLOW_CONN_B": '{"password": 12345678}',
        "WAREHOUSE_URL": "postgresql://host/db?sslpassword=topsecret1",
    }
    assert {"s3cret42", "tok-1234", "12345678", "topsecret1"} <= secrets_in(environment)
