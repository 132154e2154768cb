"""Masking secrets in what is shown, also when they come in several pieces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.secrets.forms import SHORTEST, forms_of

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = b"***"


class Masker:
    """Knows the secrets, in all their forms.

    Args:
        secrets: the values, in their plain form.
    """

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
        """Mask the secrets in a whole text."""
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
        """Take the next piece of the stream.

        Returns:
            what can be shown: all but an end that may turn out to be the beginning of a secret.
        """
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
                    pieces += data[end:start], MASK
                end = max(end, stop)
        pieces.append(data[end:cut])
        self._held = data[cut:]
        self._covered = max(end - cut, 0)
        return b"".join(pieces)

    def finish(self) -> bytes:
        """End the stream.

        Returns:
            what was held back; masked if it is a good part of a secret that was cut off.
        """
        rest, self._held, self._covered = self._held[self._covered :], b"", 0
        return MASK if len(rest) >= SHORTEST else rest

    def _unfinished(self, data: bytes) -> int:
        """Return the place from which on the data may be the beginning of a longer secret."""
        start = max(0, len(data) - len(self._masker.forms[0]) + 1)
        for first in self._masker.any_first.finditer(data, start):
            end = data[first.start() :]
            if any(len(form) > len(end) and form.startswith(end) for form in self._masker.forms):
                return first.start()
        return len(data)
