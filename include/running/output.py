"""What a run prints: the script's output and the runner's own lines, masked, as they come."""

from __future__ import annotations

import codecs
import os
import threading
from typing import TYPE_CHECKING

from include.secrets.masking import MaskedStream

if TYPE_CHECKING:
    from include.secrets.masking import Masker

TAIL_CHARACTERS = 16_000
TAIL_LINES = 20
LINE_CHARACTERS = 500


class Output:
    r"""A stream that masks secrets, writes what is not UTF-8 as `\xNN`, and remembers its end.

    Args:
        fd: where to write, usually 1, standard output; when its reader is gone, the output is
            dropped and the run goes on.
        masker: knows the secrets.
    """

    def __init__(self, fd: int, masker: Masker) -> None:
        self.masker = masker
        self._masked = MaskedStream(masker)
        self._fd = fd
        self._is_read = True
        self._lock = threading.Lock()  # the heartbeat speaks from a thread of its own
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._tail = ""
        self._in_line = False

    def feed(self, data: bytes) -> None:
        """Write the next piece of the script's output."""
        self._show(self._decoder.decode(self._masked.feed(data)))

    def end_of_script(self) -> None:
        """Write what was held back until more of the script's output came."""
        self._show(self._decoder.decode(self._masked.finish(), final=True))
        self._decoder.reset()

    def say(self, text: str) -> None:
        """Write a line of the runner's own."""
        with self._lock:
            self._write("\n" * self._in_line + f"runner: {self.masker.mask(text)}\n")

    def last_lines(self) -> list[str]:
        """Return the last lines that the script wrote since `forget`; masked, and cut when long."""
        lines = [line.rstrip() for line in self._tail[-TAIL_CHARACTERS:].splitlines()]
        return [line[:LINE_CHARACTERS] for line in lines if line][-TAIL_LINES:]

    def forget(self) -> None:
        """Start afresh for another script."""
        self._tail = ""

    def _show(self, text: str) -> None:
        self._tail = self._tail[-TAIL_CHARACTERS:] + text[-TAIL_CHARACTERS:]
        if text:
            with self._lock:
                self._write(text)

    def _write(self, text: str) -> None:
        self._in_line = not text.endswith("\n")
        data = text.encode(errors="backslashreplace")
        try:
            while data and self._is_read:
                data = data[os.write(self._fd, data) :]
        except BrokenPipeError:
            self._is_read = False
