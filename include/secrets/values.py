"""Which values of an environment are secrets.

Values of fewer than 4 characters and words like `true` are none: they protect nothing, and masking
them would garble the output.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from include.secrets.masking import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAIN_WORDS = frozenset({"true", "false", "none", "null"})
CONNECTION_PREFIX = "AIRFLOW_CONN_"
URI_EXTRA = "__extra__"  # the parameter of a connection's URI that holds its extra as JSON
# As SQLAlchemy reads it: a password may hold anything but an @.
URL_PASSWORD = re.compile(r"://[^:/]*:([^@]*)@")
# Where a feed's extra names what its password is sent in, as {"auth": "header", "header": "X-Key"}.
CARRIERS = frozenset({"header", "cookie"})
# What keys of an `extra` hold that is no secret, while it looks like this: a message must be able
# to name the host that does not answer, and the word that is misspelt.
READABLE = {
    "auth": re.compile(r"[A-Za-z]{1,12}"),
    "oauth_host": re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/?"),
    "expires_at": re.compile(r"\d+"),
}
SECRET_PARAMETER = re.compile(r"passw|pwd|secret|token|key", re.IGNORECASE)


def variable_of(connection_id: str) -> str:
    """Return the name of the variable that holds a connection, as Airflow reads it."""
    return f"{CONNECTION_PREFIX}{connection_id.upper()}"


def secrets_in(environment: Mapping[str, str]) -> set[str]:
    """Collect the secrets in an environment.

    Args:
        environment: its `AIRFLOW_CONN_*` (JSON or URI) and `WAREHOUSE_URL` are looked at.

    Returns:
        the passwords, and every text in the `extra` of a connection that is not known to be none.
    """
    found = set(_of_url(environment.get("WAREHOUSE_URL", "")))
    for name, value in environment.items():
        if name.startswith(CONNECTION_PREFIX):
            found.update(_of_connection(value))
    found |= {text.strip() for text in found}  # clients leave white space around a secret out
    return {text for text in found if len(text) >= SHORTEST and text.lower() not in PLAIN_WORDS}


def _of_connection(value: str) -> Iterator[str]:
    fields = _json_or_none(value)
    if isinstance(fields, dict):
        yield from _of_url(str(fields.get("host") or ""))
        yield from _secret_texts(fields.get("password"))
        yield from _of_extra(fields.get("extra"))
    else:
        yield from _of_url(value)
        for name, text in parse_qsl(_split(value).query):
            yield from _of_extra(text if name == URI_EXTRA else {name: text})


def _of_extra(extra: Any) -> Iterator[str]:
    """Return every text of an extra, but for what is known to be none of its secrets."""
    found = _json_or_none(extra) if isinstance(extra, str) else extra
    if isinstance(found, dict):
        auth = found.get("auth")
        extra = {name: one for name, one in found.items() if not _is_readable(name, one, auth)}
    yield from _secret_texts(extra)


def _is_readable(name: str, value: Any, auth: Any) -> bool:
    if name in CARRIERS:
        return bool(name == auth)
    return name in READABLE and isinstance(value, str) and bool(READABLE[name].fullmatch(value))


def _secret_texts(value: Any) -> Iterator[str]:
    for text in _texts(value):
        yield text
        yield from _of_url(text)  # such as a database's, with a password inside


def _texts(value: Any) -> Iterator[str]:
    """Return every text inside a JSON value, and inside JSON that is written in a text."""
    if isinstance(value, str):
        inner = _json_or_none(value)
        if not isinstance(inner, (dict, list)):
            yield value
            return
        value = inner
    if isinstance(value, int) and not isinstance(value, bool):
        yield str(value)  # a password that somebody wrote without quotes
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, (str, dict, list)):
                yield from _texts(item)


def _of_url(url: str) -> Iterator[str]:
    for written in (_split(url).password, *URL_PASSWORD.findall(url)):
        if written:
            yield from (written, unquote(written))
    for name, text in parse_qsl(_split(url).query):
        if SECRET_PARAMETER.search(name):
            yield text


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # such as a host with a bracket that is never closed
        return urlsplit("")


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
