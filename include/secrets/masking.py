"""Masking secrets in what is shown: in all forms that they may have, and in several pieces."""

from __future__ import annotations

import base64
import html
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from include.language import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MASK = "***"
SHORTEST = 4  # what is shorter protects nothing, and masking it would garble what is shown
# Where what is quoted in a message was cut, at its end or in its middle.
CUT = re.compile(r"…|\.\.\.")


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


class Masker:
    """Knows the secrets, given in their plain form, in all their forms."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in forms_of(secret)}
        self.forms = sorted(forms, key=lambda form: (-len(form), form))
        firsts = sorted({form[:1] for form in forms})
        self.any_first = re.compile(b"|".join(map(re.escape, firsts)))

    def find(self, data: bytes) -> list[tuple[int, int]]:
        """Return the start and end of every secret in some data, in order; they may overlap."""
        # One search per form is many times faster than one regular expression for all of them.
        found: list[tuple[int, int]] = []
        for form in self.forms:
            start = data.find(form)
            while start >= 0:
                found.append((start, start + len(form)))
                start = data.find(form, start + 1)
        return sorted(found)

    def mask(self, text: str) -> str:
        """Mask the secrets in a whole text; a message stays one if its values can be masked."""
        if isinstance(text, Message):
            return _in_its_values(text, self.mask)
        stream = MaskedStream(self)
        data = stream.feed(text.encode(errors="backslashreplace")) + stream.finish()
        return data.decode(errors="backslashreplace")


class MaskedStream:
    """A stream of bytes in which secrets are masked.

    Holds back at most as much as the longest secret.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""
        self._covered = 0  # how much of what is held a mask already shown stands for

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; return all but an end that may be the beginning of a secret."""
        if not self._masker.forms:
            return data
        data = self._held + data
        cut = self._unfinished(data)
        pieces: list[bytes] = []
        end = self._covered
        for start, stop in self._masker.find(data):
            # What starts before the cut is complete, but may reach beyond the cut.
            if start < cut:
                if start >= end:
                    pieces += data[end:start], MASK.encode()
                end = max(end, stop)
        pieces.append(data[end:cut])
        self._held = data[cut:]
        self._covered = max(end - cut, 0)
        return b"".join(pieces)

    def finish(self) -> bytes:
        """End the stream; return what was held back, a good part of a secret masked."""
        rest, self._held, self._covered = self._held[self._covered :], b"", 0
        return MASK.encode() if len(rest) >= SHORTEST else rest

    def _unfinished(self, data: bytes) -> int:
        """Return the place from which on the data may be the beginning of a longer secret."""
        start = max(0, len(data) - len(self._masker.forms[0]) + 1)
        for first in self._masker.any_first.finditer(data, start):
            end = data[first.start() :]
            if any(len(form) > len(end) and form.startswith(end) for form in self._masker.forms):
                return first.start()
        return len(data)


def concealed(text: str, secrets: Iterable[str]) -> str:
    """Return a text without some secrets, in whatever form it has them or one of their ends.

    They are given in their plain form; those of fewer than 4 characters are none. A message stays
    one if its values can be masked.
    """
    if isinstance(text, Message):
        secrets = list(secrets)
        return _in_its_values(text, lambda part: concealed(part, secrets))
    known = (secret for secret in secrets if len(secret) >= SHORTEST)
    forms = {form.decode() for secret in known for form in forms_of(secret)}
    pieces: list[str] = []
    end = 0
    for start, stop in sorted([*_whole(text, forms), *_cut(text, forms)]):
        if start >= end:
            pieces += text[end:start], MASK
        end = max(end, stop)
    return "".join((*pieces, text[end:]))


def _whole(text: str, forms: set[str]) -> Iterator[tuple[int, int]]:
    for form in forms:
        for found in re.finditer(re.escape(form), text):
            yield found.span()


def _cut(text: str, forms: set[str]) -> Iterator[tuple[int, int]]:
    """Find what a cut has left of a secret: its beginning before it, its end behind it."""
    longest = max(map(len, forms), default=0)
    for mark in CUT.finditer(text):
        start, stop = mark.span()
        before, behind = text[max(0, start - longest) : start], text[stop : stop + longest]
        left = max((_begun(before, form) for form in forms), default=0)
        right = max((_begun(behind[::-1], form[::-1]) for form in forms), default=0)
        yield from ((start - left, start),) if left else ()
        yield from ((stop, stop + right),) if right else ()


def _begun(text: str, form: str) -> int:
    """Return how many characters at the end of a text are the beginning of a form."""
    start = text.find(form[:SHORTEST])
    while start >= 0 and not form.startswith(text[start:]):
        start = text.find(form[:SHORTEST], start + 1)
    return len(text) - start if start >= 0 else 0


def _in_its_values(message: Message, mask: Callable[[str], str]) -> str:
    """Return a message with its values masked; a text where a mask of the whole hides more."""

    def masked(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [masked(one) for one in value]
        return mask(value) if isinstance(value, str) else value

    values = {name: masked(value) for name, value in message.values.items()}
    again = Message(message.template, **values)
    whole = mask(message[:])  # a piece of a message is none
    return again if again == whole else whole
