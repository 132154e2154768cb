"""The runner's side of a script: starting its keeper, passing its output on, asking for its end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.running.process_tree import ProcessTree, become_subreaper
from include.units.exit_codes import of_signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.running.output import Output
    from include.running.script_supervisor import Settings

CHUNK_BYTES = 65_536
SECONDS_BETWEEN_LOOKS = 0.5
# How long after the grace a keeper that does not answer (it was stopped, say) is replaced.
SECONDS_FOR_THE_KEEPER = 3.0


class ScriptProcess:
    """A script that runs under a keeper.

    Args:
        settings: for the keeper; its `life_line` is filled in here.
        environment: the script's whole environment.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        become_subreaper()  # what a killed keeper leaves behind falls to this process
        self._grace = settings.grace_seconds
        self._give_up_at: float | None = None
        reading, life_line = os.pipe()
        # A file object closes once only, also when a signal handler comes in between.
        self._life_line = os.fdopen(life_line, "wb", buffering=0)
        self._output, writing = os.pipe()
        settings = settings._replace(life_line=reading)
        module = [
            sys.executable,
            "-S",
            "-E",
            "-m",
            "include.running.script_supervisor",
            settings.to_json(),
        ]
        self._keeper = subprocess.Popen(
            module,
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
        """Pass the script's output on until it has ended and nothing is left of it.

        Returns:
            its exit code.
        """
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
            output.say(f"the keeper was killed by {signal.Signals(-code).name}; ended its script")
        if survivors:
            output.say(f"these may not be ended from here: {', '.join(map(str, survivors))}")
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
