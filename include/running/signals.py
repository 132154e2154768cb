"""Signals that end a run: remembered at once, acted upon where it is safe."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.running.process_tree import die_with_parent
from include.units.exit_codes import ExitCode, of_signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interruption:
    """Whether, and by what, the run was told to end."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None  # the signal that told so, or None
        self.timed_out = False  # whether the script's time is over; holds for one script
        self._end: Callable[[], None] | None = None
        for number in SIGNALS:
            # Ignored from the start means: started with nohup, or in a shell's background.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        signal.signal(signal.SIGALRM, self._on_alarm)

    def __bool__(self) -> bool:
        """Return whether a signal ended the run; a script's timeout does not."""
        return self.signal is not None

    def watch(self, seconds: float, end: Callable[[], None]) -> None:
        """End a script when a signal comes, or has come, or its seconds from now are over.

        `end` asks it to; it is called from a signal handler, perhaps more than once.
        """
        self.timed_out = False
        self._end = end
        signal.setitimer(signal.ITIMER_REAL, seconds)
        if self.signal:
            end()

    def rest(self) -> None:
        """Stop watching: the script has ended."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._end = None

    def exit_code(self) -> int | None:
        """Return the exit code of a script that was ended this way; None for one that was not."""
        if self.timed_out:
            return int(ExitCode.TEMPORARY)
        return of_signal(self.signal) if self.signal else None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number)
        if self._end:
            self._end()

    def _on_alarm(self, _number: int, _frame: FrameType | None) -> None:
        if self._end and not self.signal:
            self.timed_out = True
            self._end()


def stop_with_parent(wanted: str) -> None:
    """Have the kernel send this process TERM when its parent dies (Linux).

    Args:
        wanted: `1` for whoever is the parent now, or the pid that the parent must have; empty for
            no such bond.

    Raises:
        ConfigurationError: it is not a number.
    """
    if not wanted:
        return
    if not wanted.isdecimal():
        raise ConfigurationError(
            "STOP_WITH_PARENT {wanted!r} is not a pid: write 1 or a pid", wanted=wanted
        )
    parent = os.getppid()
    die_with_parent(signal.SIGTERM)
    expected = int(wanted) if int(wanted) > 1 else parent
    if os.getppid() != expected:  # it died before the kernel was asked
        os.kill(os.getpid(), signal.SIGTERM)
