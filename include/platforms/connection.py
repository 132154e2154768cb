"""Where a gateway is and who we are there, from the environment that a script is started with."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = (
    '{"conn_type": "http", "host": "https://openapi.jushuitan.com", "login": "the app key", '
    '"password": "the app secret", "extra": {"access_token": "the token"}}'
)


@dataclass(frozen=True)
class Connection:
    """An Airflow connection as a gateway's client reads it.

    Attributes:
        id: the connection id.
        base_url: scheme, host and port, without a slash at the end.
        app_key: who we are (the connection's login).
        app_secret: what requests are signed with (its password).
        access_token: what the shop's owner has granted (its `extra.access_token`).
    """

    id: str
    base_url: str
    app_key: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)

    @classmethod
    def from_env(cls, conn_id: str, environ: Mapping[str, str] = os.environ) -> Connection:
        """Read `AIRFLOW_CONN_<ID>`, in Airflow's JSON or URI form.

        Raises:
            ConfigurationError: names the connection and the field that is missing or ill.
        """
        variable = f"AIRFLOW_CONN_{conn_id.upper()}"
        text = environ.get(variable, "").strip()
        if not text:
            raise ConfigurationError(
                f"connection {conn_id}: {variable} is not set; add the connection in the UI under "
                f"Admin > Connections, or set {variable} to {EXAMPLE}"
            )
        try:
            fields = _from_json(text) if text.startswith("{") else _from_uri(text)
            return cls(
                conn_id,
                _base_url(fields),
                _text(fields, "login", "the app key"),
                _text(fields, "password", "the app secret"),
                _text(_extra(fields), "access_token", "the access token", prefix="extra."),
            )
        except ValueError as error:
            # Neither the text nor the cause is shown: they contain the secrets.
            raise ConfigurationError(
                f"connection {conn_id}: {error}; edit it in the UI under Admin > Connections, "
                f"or set {variable} to {EXAMPLE}"
            ) from None

    def masked(self, text: str) -> str:
        """Give a text of the gateway's without the secrets that it may repeat."""
        for secret in (self.app_secret, self.access_token):
            text = text.replace(secret, "***")
        return text


def _from_json(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        raise ValueError("its value starts with { but is not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("its JSON is not an object")  # noqa: TRY004 - one class for all that is ill
    return fields


def _from_uri(text: str) -> dict[str, Any]:
    """Read `type://key:secret@host:port/schema?access_token=…`, or with `type://https://key:…`."""
    kind, found, rest = text.partition("://")
    if not found:
        raise ValueError("its value is neither JSON nor a URI")
    protocol, found, after = rest.partition("://")
    try:
        parts = urlsplit(f"//{after if found else rest}")
        port = parts.port
    except ValueError:
        problem = "its URI cannot be read; write / : @ [ ] inside a part percent-encoded, as in %2F"
        raise ValueError(problem) from None
    extra: dict[str, Any] = dict(parse_qsl(parts.query))
    host = unquote(parts.hostname or "")
    return {
        "conn_type": kind,
        "host": f"{protocol}://{host}" if found and host else host,
        "port": port,
        "schema": unquote(parts.path.strip("/")),
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "extra": extra.get("__extra__", extra),
    }


def _extra(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    extra = fields.get("extra") or {}
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            raise ValueError("extra is not JSON") from None
    if not isinstance(extra, dict):
        raise ValueError('extra is not a JSON object such as {"access_token": "…"}')  # noqa: TRY004 - one class for all that is ill
    return extra


def _text(fields: Mapping[str, Any], name: str, meaning: str, prefix: str = "") -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        problem = "is missing" if value in (None, "") else "is not a text"
        raise ValueError(f"{prefix}{name} {problem}: it holds {meaning}")
    return value.strip()


def _base_url(fields: Mapping[str, Any]) -> str:
    host = _text(fields, "host", "the gateway's address")
    if "://" not in host:
        host = f"{_scheme(fields, host)}://{host}"
    host = host.rstrip("/")
    port = fields.get("port")
    try:
        parts = urlsplit(host)
        if port is not None and parts.port is None:
            host += f":{int(port)}"
            parts = urlsplit(host)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, TypeError):
        valid = False
    if not valid or parts.username is not None or parts.query or parts.path:
        raise ValueError(f"host {fields['host']!r} is not an address like https://host:port")
    return host


def _scheme(fields: Mapping[str, Any], host: str) -> str:
    """Secrets travel in the body, so nothing but a loopback address is spoken to in the clear."""
    given = str(fields.get("schema") or "").lower()
    if given in ("http", "https"):
        return given
    name = urlsplit(f"//{host}").hostname or ""
    try:
        loopback = ip_address(name).is_loopback
    except ValueError:
        loopback = name == "localhost"
    return "http" if loopback else "https"
