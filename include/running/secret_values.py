"""Which values of an environment are secrets.

Values of fewer than 4 characters and words like `true` are none: they protect nothing, and masking
them would garble the output.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from include.secret_forms import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAIN_WORDS = frozenset({"true", "false", "none", "null"})
CONNECTION_PREFIX = "AIRFLOW_CONN_"
# As SQLAlchemy reads it: a password may hold anything but an @.
URL_PASSWORD = re.compile(r"://[^:/]*:([^@]*)@")
# A feed's extra says how its password is sent, as in {"auth": "header", "header": "X-Api-Key"}.
WAYS_TO_SEND = frozenset({"none", "bearer", "header", "cookie"})
SECRET_PARAMETER = re.compile(r"passw|pwd|secret|token|key", re.IGNORECASE)


def secrets_in(environment: Mapping[str, str]) -> set[str]:
    """Collect the secrets in an environment.

    Args:
        environment: its `AIRFLOW_CONN_*` (JSON or URI) and `WAREHOUSE_URL` are looked at.

    Returns:
        the passwords, and every text in the `extra` of a connection.
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
        for password in _texts(fields.get("password")):
            yield password
            yield from _of_url(password)  # a database's URL, with a password inside
        yield from _texts(_secret_part(fields.get("extra")))
    else:
        yield from _of_url(value)
        yield from (text for _, text in parse_qsl(_split(value).query))


def _secret_part(extra: Any) -> Any:
    """Leave out the words that say how a password is sent: they are in every other message."""
    found = _json_or_none(extra) if isinstance(extra, str) else extra
    way = found.get("auth") if isinstance(found, dict) else None
    if not isinstance(way, str) or way not in WAYS_TO_SEND:
        return extra
    return {name: one for name, one in found.items() if name not in ("auth", way)}


def _texts(value: Any) -> Iterator[str]:
    """Give every text inside a JSON value, and inside JSON that is written in a text."""
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
