"""The keeper: the process between the runner and the script that outlives the runner's death.

    runner  ->  keeper  ->  script  ->  whatever it starts

The runner holds the only writing end of a pipe, the *life line*. When it closes, because the
runner asks for the end or because it died at whatever moment, the keeper ends the whole tree: TERM,
the grace, KILL. The keeper shares the lock of the unit, so that the lock is held until then. If the
keeper itself is killed, the kernel kills the script with it, and the rest falls to the runner. Only
if both are killed within the same moment can something outlive them: what the script started.

It is started with `python -S -E -m include.running.script_supervisor SETTINGS`, so that it is
small, quick and untouched by what the script's environment says to Python. Its exit code is the
script's.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from typing import NamedTuple, NoReturn

from include.foreign_errors import explained
from include.language import _
from include.running import process_tree
from include.running.process_tree import LINUX, Process, ProcessTree
from include.units.exit_codes import ExitCode, of_signal

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# What a script's own helper processes may need to notice that it has ended.
SECONDS_TO_LEAVE = 0.5


class Settings(NamedTuple):
    """What the runner tells its keeper."""

    command: list[str]  # the script and its arguments
    cwd: str  # the script's working directory
    grace_seconds: float  # from TERM to KILL
    life_line: int  # the reading end of the pipe whose writing end only the runner holds
    lock: int  # the descriptor of the unit's lock
    lock_path: str  # the lock's file
    runner: int  # the runner's pid
    journal: str  # the journal's file
    subject: str  # the job and period, as the journal names them
    utc_offset_seconds: float  # of the journal's clock


class Keeper:
    """One script and everything below it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tree = ProcessTree()
        self.script = -1
        self.asked_to_stop = False

    def run(self) -> int:
        """Start the script, wait for its end or for the request to end it, leave nothing behind.

        Returns:
            the exit code of the script; 128 + n if signal n ended it.
        """
        process_tree.become_subreaper()
        wake = _wake_on_signals()
        self._wait(wake, seconds=0)
        if not self.asked_to_stop:
            self._start()
        while self.script not in self.tree.exit_codes and not self.asked_to_stop:
            self._wait(wake)
        self._let_leave(wake)
        survivors = self.tree.end(self.settings.grace_seconds)
        if survivors:
            say(_("these may not be ended from here: {names}", names=_names(survivors)))
        code = self.tree.exit_codes.get(self.script, -signal.SIGKILL)
        return code if code >= 0 else of_signal(-code)

    def _start(self) -> None:
        keeper = os.getpid()
        # A signal must find either the keeper's handlers or the script's own, never a mixture.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        self.script = os.fork()
        if self.script == 0:
            _become_script(self.settings, keeper)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        self.tree.group = None if LINUX else self.script

    def _wait(self, wake: int, seconds: float | None = None) -> None:
        """Wait for a child's end, a signal or the end of the life line."""
        ready, _, _ = select.select([self.settings.life_line, wake], [], [], seconds)
        told_to = wake in ready and set(os.read(wake, 4096)) & set(STOP_SIGNALS)
        if told_to or self.settings.life_line in ready:
            self.asked_to_stop = True
        self.tree.reap()

    def _let_leave(self, wake: int) -> None:
        """Wait a moment for what the script left behind to end."""
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        while self.tree.reap() and not self.asked_to_stop:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                say(
                    _(
                        "the script left processes behind; ending {names}",
                        names=_names(self.tree.living()),
                    )
                )
                return
            self._wait(wake, seconds)


def main() -> NoReturn:
    """Run as the keeper of the settings in the first argument."""
    settings = Settings(**json.loads(sys.argv[1]))
    for fd in (settings.life_line, settings.lock):
        os.set_inheritable(fd, False)  # noqa: FBT003 - positional only
    code = Keeper(settings).run()
    if os.getppid() != settings.runner:
        _speak_for_the_runner(settings)
    os._exit(code)


def say(text: str) -> None:
    """Add a line of the keeper's own to the output, if there is still someone to read it."""
    try:
        os.write(1, f"runner: {text}\n".encode())
    except OSError:
        return


def _become_script(settings: Settings, keeper: int) -> NoReturn:
    """Turn the forked child into the script; never returns into the keeper's code."""
    try:
        process_tree.die_with_parent(signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(of_signal(signal.SIGKILL))
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*STOP_SIGNALS, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.chdir(settings.cwd)
        os.execv(settings.command[0], settings.command)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        say(
            _(
                "the script cannot be started: {error}; command: {command}",
                error=explained(error),
                command=str(settings.command),
            )
        )
    finally:
        os._exit(ExitCode.CONFIGURATION)


def _speak_for_the_runner(settings: Settings) -> None:
    """Do what is left of the dead runner's duties; what fails here has no one left to report to."""
    # Loaded only now: a keeper must be there quickly, and hardly ever comes to this.
    from datetime import timedelta, timezone  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from include.running.journal import Journal  # noqa: PLC0415
    from include.running.locking import remove_lock_file  # noqa: PLC0415

    clock = timezone(timedelta(seconds=settings.utc_offset_seconds))
    event = _(
        "failed: its runner (pid {runner}) was killed; the script has been ended",
        runner=settings.runner,
    )
    try:
        Journal(Path(settings.journal), clock).write(settings.subject, event)
        remove_lock_file(Path(settings.lock_path), settings.lock)
    except OSError:
        return


def _wake_on_signals() -> int:
    """Turn signals into bytes, one per signal with its number, at the descriptor returned."""
    reading, writing = os.pipe()
    for fd in (reading, writing):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reading


def _names(processes: list[Process]) -> str:
    return ", ".join(str(process) for process in processes[:10]) or _("some that cannot be seen")


if __name__ == "__main__":
    main()
