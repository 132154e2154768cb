"""Keeping secrets out of messages, also where a message shows no more than a part of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.secrets.forms import SHORTEST, forms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
# Where what is quoted in a message was cut, at its end or in its middle.
CUT = re.compile(r"…|\.\.\.")


def concealed(text: str, secrets: Iterable[str]) -> str:
    """Return a text without some secrets, in whatever form it has them or one of their ends.

    Args:
        text: a message, or what it is to quote.
        secrets: in their plain form; those of fewer than 4 characters are none.
    """
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
