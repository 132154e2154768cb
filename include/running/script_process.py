"""The runner's side of a script: starting its keeper, passing its output on, asking for its end."""

from __future__ import annotations

import codecs
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.language import _
from include.running.process_tree import ProcessTree, become_subreaper
from include.secrets.masking import MaskedStream, Masker
from include.units.exit_codes import of_signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.running.script_supervisor import Settings

CHUNK_BYTES = 65_536
SECONDS_BETWEEN_LOOKS = 0.5
# How long after the grace a keeper that does not answer (it was stopped, say) is replaced.
SECONDS_FOR_THE_KEEPER = 3.0
TAIL_CHARACTERS = 16_000
TAIL_LINES = 20
LINE_CHARACTERS = 500


class ScriptProcess:
    """A script that runs under a keeper, whose settings get their `life_line` here."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        become_subreaper()  # what a killed keeper leaves behind falls to this process
        self._grace = settings.grace_seconds
        self._give_up_at: float | None = None
        reading, life_line = os.pipe()
        # A file object closes once only, also when a signal handler comes in between.
        self._life_line = os.fdopen(life_line, "wb", buffering=0)
        self._output, writing = os.pipe()
        settings = settings._replace(life_line=reading)
        module = ["-S", "-E", "-m", "include.running.script_supervisor"]
        self._keeper = subprocess.Popen(
            [sys.executable, *module, json.dumps(settings._asdict())],
            cwd=PROJECT_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            pass_fds=(reading, settings.lock),
            start_new_session=True,  # a signal to the runner's group must not reach it
        )
        os.close(reading)
        os.close(writing)

    def end(self) -> None:
        """Ask for the end of the script and of everything below it; does not wait for it."""
        if not self._life_line.closed:
            self._life_line.close()
            self._give_up_at = time.monotonic() + self._grace + SECONDS_FOR_THE_KEEPER

    def wait(self, output: Output) -> int:
        """Pass the script's output on until nothing is left of it; return its exit code."""
        while self._keeper.poll() is None:
            self._pass_on(output, SECONDS_BETWEEN_LOOKS)
            if self._give_up_at and time.monotonic() > self._give_up_at:
                self._keeper.kill()
        survivors = ProcessTree().end(self._grace)
        while not survivors and self._pass_on(output, 0):
            pass
        output.end_of_script()
        code = self._keeper.returncode
        if code < 0:
            output.say(
                _(
                    "the keeper was killed by {signal}; ended its script",
                    signal=signal.Signals(-code).name,
                )
            )
        if survivors:
            output.say(_("these may not be ended from here: {names}", names=[*map(str, survivors)]))
        self.end()
        os.close(self._output)
        return code if code >= 0 else of_signal(-code)

    def _pass_on(self, output: Output, seconds: float) -> bool:
        """Pass one piece of output on; false when none came in time, or none will come."""
        if not select.select([self._output], [], [], seconds)[0]:
            return False
        data = os.read(self._output, CHUNK_BYTES)
        output.feed(data)
        return bool(data)


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
