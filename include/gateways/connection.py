"""Where a gateway is and who we are there, from the environment that a script is started with."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from include.errors import ConfigurationError, missing_connection
from include.language import N_, _
from include.secrets.masking import concealed
from include.secrets.values import variable_of
from include.text import storable_json

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = (
    '{"conn_type": "http", "host": "%s", "login": "the app key", "password": "the app secret", '
    '"extra": {"access_token": "the token", "refresh_token": "the refresh token"}}'
)
MISSING = N_("{name} is missing: it holds {meaning}")
NO_HOST = N_("host is not an address like https://host:port or https://host/path, and nothing more")
NO_TEXT = N_("{name} is not a text: it holds {meaning}")
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f.]*:[0-9a-f:.]*")  # DNS, IPv4, IPv6
# No step up and no step that is empty: a proxy might take another path than the one that is shown.
PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~%+-]+)*")
TOKEN_FIELDS = ("access_token", "refresh_token", "expires_at")


@dataclass(frozen=True)
class Connection:
    """An Airflow connection as a gateway's client reads it."""

    id: str
    base_url: str  # scheme, host, port and perhaps a path, without a slash at the end
    app_key: str  # who we are (the connection's login)
    app_secret: str = field(repr=False)  # what requests are signed with (its password)
    # What the shop's owner has granted (its `extra.access_token`)
    access_token: str = field(repr=False)
    # Buys the next tokens (its `extra.refresh_token`); empty for none
    refresh_token: str = field(default="", repr=False)
    # When the access token ends (its `extra.expires_at`, epoch seconds), if known
    expires_at: datetime | None = None
    # What else its extra holds
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    _concealed: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def from_env(
        cls,
        conn_id: str,
        environ: Mapping[str, str] = os.environ,
        host: str = "https://gateway.example.com",
    ) -> Connection:
        """Read `AIRFLOW_CONN_<ID>`, in Airflow's JSON or URI form; `host`: what a message names.

        Raises:
            ConfigurationError: names the connection and the field that is missing or invalid.
        """
        fields = read_fields(conn_id, environ, EXAMPLE % host)
        return cls(
            conn_id,
            base_url(fields),
            fields.text("login", N_("the app key")),
            fields.text("password", N_("the app secret")),
            fields.text("extra.access_token", N_("the access token")),
            fields.text("extra.refresh_token", "the refresh token", required=False),
            fields.moment("extra.expires_at"),
            {name: value for name, value in fields.extra.items() if name not in TOKEN_FIELDS},
        )

    @property
    def where(self) -> dict[str, str]:
        """What messages say of it: the values `address` and `connection` of their templates."""
        return {"address": self.base_url, "connection": self.id}

    def address(self, path: str) -> str:
        """Return the URL of one of the gateway's paths; a base_url that ends with it is whole."""
        return self.base_url if self.base_url.endswith(path) else f"{self.base_url}{path}"

    def conceal(self, *secrets: str) -> None:
        """Count more texts among the secrets, such as tokens that have been refreshed."""
        self._concealed.update(secrets)

    def masked(self, text: str) -> str:
        """Return a text of the gateway's without the secrets that it may repeat."""
        own = self.app_secret, self.access_token, self.refresh_token
        return concealed(text, {*own, *self._concealed})


@dataclass(frozen=True)
class Fields:
    """What `AIRFLOW_CONN_<ID>` says, whichever of Airflow's forms it has."""

    conn_id: str
    # Its conn_type, host, port, schema, login, password; what is not given is missing
    values: Mapping[str, Any] = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)  # its extra, decoded
    example: str  # what the variable may hold, for messages

    def text(self, name: str, meaning: str, *, required: bool = True) -> str:
        """Return a field that is a text; empty when it is not required and not there.

        Args:
            name: of the field, such as `login` or `extra.access_token`.
            meaning: what it holds, for the message: its template.
            required: whether it must be there.

        Raises:
            ConfigurationError: it is missing or not a text.
        """
        value = self._get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        missing = value is None or isinstance(value, str)
        if missing and not required:
            return ""
        raise self.problem(_(MISSING if missing else NO_TEXT, name=name, meaning=_(meaning)))

    def moment(self, name: str) -> datetime | None:
        """Return a field that holds epoch seconds, if it is there.

        Raises:
            ConfigurationError: it holds something else.
        """
        value = self._get(name)
        if value in (None, ""):
            return None
        try:
            return datetime.fromtimestamp(int(str(value)), timezone.utc)
        except (ValueError, OverflowError, OSError):
            # The value is not shown: somebody may have put a token there.
            problem = _("{name} is not a moment in epoch seconds such as 1767225600", name=name)
            raise self.problem(problem) from None

    def problem(self, text: str) -> ConfigurationError:
        """Return the error that says what is wrong with this connection, and where to fix it."""
        return _problem(self.conn_id, text, self.example)

    def _get(self, name: str) -> Any:
        inner = name.removeprefix("extra.")
        return (self.values if inner == name else self.extra).get(inner)


def read_fields(conn_id: str, environ: Mapping[str, str], example: str) -> Fields:
    """Read `AIRFLOW_CONN_<ID>`, in Airflow's JSON or URI form.

    Raises:
        ConfigurationError: it is not set, or is neither.
    """
    text = environ.get(variable_of(conn_id), "").strip()
    if not text:
        raise missing_connection(conn_id)
    try:
        values = _from_json(text) if text.startswith("{") else _from_uri(text)
        extra = storable_json(_extra(values))
        return Fields(conn_id, storable_json(values), extra, example)
    except ValueError as error:
        raise _problem(conn_id, str(error), example) from None


def base_url(fields: Fields) -> str:
    """Return the address of a connection, without a slash at the end.

    It may have a path: of a relay that passes on what it is sent to a gateway.

    Raises:
        ConfigurationError: its host is missing, or no address like https://host:port/path.
    """
    host = fields.text("host", "the gateway's address")
    if "://" not in host:
        host = f"{_scheme(fields.values, host)}://{host}"
    port = fields.values.get("port")
    try:
        parts = urlsplit(host.rstrip("/"))
        if port is not None and parts.port is None:
            parts = parts._replace(netloc=f"{parts.netloc}:{int(port)}")
        host = parts.geturl()
    except (ValueError, TypeError):
        host = ""
    if not is_address(host):
        # The value is not shown: somebody may have put a password or a token there.
        raise fields.problem(_(NO_HOST))
    return host


def is_address(text: str) -> bool:
    """Return whether a text is scheme, host, perhaps a port and a path, and nothing more."""
    try:
        parts = urlsplit(text)
        named = parts.port != 0 and HOST.fullmatch(parts.hostname or "")
    except ValueError:
        return False
    bare = text == f"{parts.scheme}://{parts.netloc}{parts.path}" and parts.username is None
    return bool(parts.scheme in ("http", "https") and named and bare and PATH.fullmatch(parts.path))


def is_loopback(name: str) -> bool:
    """Return whether a host's name or address is this machine's own."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _problem(conn_id: str, text: str, example: str) -> ConfigurationError:
    # Neither the variable nor a cause is shown: they contain the secrets.
    return ConfigurationError(
        "connection {connection}: {problem}; edit it in the UI under Admin > Connections, or "
        "set {variable} to {example}",
        connection=conn_id,
        problem=text,
        variable=variable_of(conn_id),
        example=example,
    )


def _from_json(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        raise ValueError(_("its value starts with { but is not JSON")) from None
    if not isinstance(fields, dict):
        raise ValueError(_("its JSON is not an object"))  # noqa: TRY004 - one class for all that is invalid
    return fields


def _from_uri(text: str) -> dict[str, Any]:
    """Read `type://key:secret@host:port/schema?access_token=…`, or with `type://https://key:…`.

    In the second form what follows the host may be its path.
    """
    kind, found, rest = text.partition("://")
    if not found:
        raise ValueError(_("its value is neither JSON nor a URI"))
    protocol, found, after = rest.partition("://")
    try:
        parts = urlsplit(f"//{after if found else rest}")
        port = parts.port
    except ValueError:
        problem = _(
            "its URI cannot be read; write / : @ [ ] inside a part percent-encoded, as in %2F"
        )
        raise ValueError(problem) from None
    extra: dict[str, Any] = dict(parse_qsl(parts.query))
    host = unquote(_host_as_written(parts.netloc))
    path = parts.path.strip("/")
    if found and path and host:
        host, path = f"{host if port is None else f'{host}:{port}'}/{path}", ""
    return {
        "conn_type": kind,
        "host": f"{protocol}://{host}" if found and host else host,
        "port": port,
        "schema": unquote(path),
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "extra": extra.get("__extra__", extra),
    }


def _host_as_written(netloc: str) -> str:
    """Return the host in the letters it has: a whole address may stand for it, with its token."""
    place = netloc.rpartition("@")[2]
    return place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]


def _extra(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    extra = fields.get("extra") or {}
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            raise ValueError(_("extra is not JSON")) from None
    if not isinstance(extra, dict):
        raise ValueError(_('extra is not a JSON object such as {"access_token": "…"}'))  # noqa: TRY004 - one class for all that is invalid
    return extra


def _scheme(fields: Mapping[str, Any], host: str) -> str:
    """Secrets travel in the body, so nothing but a loopback address is spoken to in the clear."""
    given = str(fields.get("schema") or "").lower()
    if given in ("http", "https"):
        return given
    return "http" if is_loopback(urlsplit(f"//{host}").hostname or "") else "https"
