"""What a channel is set up with: its settings of config/alerts.yaml, and its Airflow connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from include.gateways.connection import Fields, is_loopback, read_fields
from include.language import _
from include.secrets.masking import concealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.errors import ConfigurationError

EXAMPLE = (
    '{"conn_type": "http", "host": "the robot\'s webhook address", '
    '"password": "the secret it signs with, if it has one"}'
)
# What an extra holds that messages may show.
READABLE = ("from_email", "header", "disable_ssl", "disable_tls")
LONG_ENOUGH = 12  # for a part of an address to be a token


@dataclass(frozen=True)
class Channel:
    """A channel as senders read it."""

    id: str  # what routes call it
    kind: str  # one of `CHANNELS`
    keyword: str = ""  # a word that the robot wants in each message; empty for none
    to: tuple[str, ...] = ()  # whom an e-mail goes to
    language: str = "zh"  # of what senders add and advise, `zh` or `en`


@dataclass(frozen=True)
class Credentials:
    """An Airflow connection as senders read it; nothing shows what it holds."""

    fields: Fields = field(repr=False)

    @classmethod
    def from_env(cls, conn_id: str, environ: Mapping[str, str]) -> Credentials:
        """Read `AIRFLOW_CONN_<ID>`, in Airflow's JSON or URI form.

        Raises:
            ConfigurationError: it is not set, or is neither.
        """
        return cls(read_fields(conn_id, environ, EXAMPLE))

    @property
    def id(self) -> str:
        """The connection id."""
        return self.fields.conn_id

    def text(self, name: str) -> str:
        """Return a field, such as `host` or `extra.secret`; an empty text where it is missing.

        Raises:
            ConfigurationError: it holds no text.
        """
        return self.fields.text(name, "a text", required=False)

    def flag(self, name: str) -> bool:
        """Return whether a field is set, as a form's tick or as a word."""
        value = self.fields.extra.get(name)
        return value is True or str(value).lower() in ("true", "1", "yes")

    def url(self) -> str:
        """Return the address that its host, schema and port make; empty where it has no host.

        A host alone stands for HTTPS, but on this machine, where tests and relays are.

        Raises:
            ConfigurationError: they make none.
        """
        host, scheme = self.text("host"), self.text("schema").lower()
        port = self.fields.values.get("port")
        try:
            place = urlsplit(host if "://" in host else f"//{host}")
            missing = port and place.port is None
        except ValueError:  # the value is not shown: it may hold a token
            raise self.problem(_("host is not an address such as https://example.com")) from None
        if not host or "://" in host:
            return host
        if missing:
            host = f"{place.netloc}:{port}{host.removeprefix(place.netloc)}"
        if scheme not in ("http", "https"):
            scheme = "http" if is_loopback(place.hostname or "") else "https"
        return f"{scheme}://{host}"

    def masked(self, text: str, *more: str) -> str:
        """Return a text without what the connection and `more` hold that is secret."""
        return concealed(text, {*self._secrets(), *more})

    def problem(self, text: str) -> ConfigurationError:
        """Return the error that says what is wrong with the connection, and where to fix it."""
        return self.fields.problem(text)

    def _secrets(self) -> Iterator[str]:
        extra = (value for name, value in self.fields.extra.items() if name not in READABLE)
        host = self.fields.values.get("host")
        for text in (self.fields.values.get("password"), host, *extra):
            if isinstance(text, str) and text.strip():
                yield from secret_parts(text.strip())
                if text != host or re.search(r"[^/]/[^/]|\?", text):
                    yield text.strip()


def is_address(text: str) -> bool:
    """Return whether a request can go to an address, which itself lets nobody in."""
    try:
        place = urlsplit(text)
        valid = place.scheme in ("http", "https") and bool(place.hostname) and place.port != 0
    except ValueError:
        return False
    return valid and place.username is None and bool(re.fullmatch("[!-~]+", text))


def secret_parts(address: str) -> Iterator[str]:
    """Yield what may be secret in an address: the long parts of its path and query.

    The short ones are the platform's, such as `robot/send`, and words of its answers besides.
    """
    _, _, rest = address.partition("//")
    for part in re.split(r"[/?&=]", rest.partition("/")[2]):
        if len(part) >= LONG_ENOUGH:
            yield from (part, unquote(part))
