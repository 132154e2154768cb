"""How a secret may look where it is shown."""

from __future__ import annotations

import base64
import html
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 4  # what is shorter protects nothing, and masking it would garble what is shown


def forms_of(secret: str) -> set[bytes]:
    """Return the forms in which a secret may show up.

    As it is, percent-encoded, escaped in JSON, Python or HTML, in base64, and inside the base64 of
    something longer, as the `login:password` of an HTTP Basic header is. Percent-encoded and
    escaped also twice: a connection is JSON, and who prints its environment escapes that again.
    """
    raw = set(_raw(secret))
    secret = secret.encode(errors="backslashreplace").decode()
    escaped = _in_json(secret)
    slashed = {text.replace("/", r"\/") for text in escaped}  # as PHP writes JSON
    twice = {again for text in escaped for again in (*_in_json(text), *_in_python(text))}
    percent = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    percent |= {quote(text, safe=safe) for text in percent for safe in ("/", "")}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), text) for text in percent}
    texts = {secret, *escaped, *slashed, *twice, *percent, *lower, *_in_python(secret)}
    texts |= {repr(secret.encode())[2:-1], html.escape(secret), html.escape(secret, quote=False)}
    return {text.encode() for text in texts} | raw | set(_base64_forms(secret.encode()))


def _raw(secret: str) -> Iterator[bytes]:
    """Yield it in bytes, also where it holds half characters, or bytes that are no text."""
    for halves in ("backslashreplace", "surrogateescape", "surrogatepass"):
        with suppress(UnicodeEncodeError):
            yield secret.encode(errors=halves)


def _in_json(text: str) -> set[str]:
    return {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _in_python(text: str) -> set[str]:
    """Return it as Python writes it alone, and inside a text with either quote."""
    alone = {repr(text)[1:-1], ascii(text)[1:-1]}
    quotes = (str.maketrans({"\\": r"\\", "'": r"\'"}), str.maketrans({"\\": r"\\"}))
    return alone | {text.translate(table) for table in quotes}


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw)
        yield encode(raw).rstrip(b"=")
        for before in range(3):
            # Characters that also hold bits of the neighbours differ each time: leave them out.
            first = (0, 2, 3)[before]
            last = (before + len(raw)) * 8 // 6
            yield encode(bytes(before) + raw)[first:last]
