"""The runner, for tests that ask how a run ends: forked from a Python that has imported it already.

It has an environment and an output of its own, as under the operator, and its script is a process
as always, or is forked in turn. Tests that kill or signal the runner start it as it really is, with
`command`.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
import time
import traceback
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from include import PROJECT_ROOT
from include.running import attempt
from include.running.__main__ import main
from include.running.script_process import CHUNK_BYTES, ScriptProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.running.script_process import Output
    from include.running.script_supervisor import Settings

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "include.pulling"])


def command(*words: str) -> list[str]:
    """Return the command that starts the runner as a process of its own."""
    return [sys.executable, "-m", "include.running", *words]


class ForkedScript:
    """A script of the project as a fork of its runner, which has imported what it imports.

    Arguments and methods are those of `ScriptProcess`; without a supervisor.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._output, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os._exit(_code_of(settings.command, settings.cwd, environment, writing))
        os.close(writing)

    def end(self) -> None:
        """Ask for its end."""
        os.kill(self._pid, signal.SIGTERM)

    def wait(self, output: Output) -> int:
        """Pass its output on until it has ended; return its exit code."""
        while data := os.read(self._output, CHUNK_BYTES):
            output.feed(data)
        output.end_of_script()
        os.close(self._output)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def run(
    *words: str,
    environment: Mapping[str, str],
    script: type[ScriptProcess | ForkedScript] = ScriptProcess,
) -> tuple[int, str]:
    """Run the runner to its end; return its exit code and what it and its script printed."""
    return _forked(_become_runner, words, dict(environment), script)


def run_script(
    script: Path, *words: str, environment: Mapping[str, str], folder: Path = PROJECT_ROOT
) -> tuple[int, str]:
    """Run a script of the project to its end as if it had been started without a runner."""
    return _forked(_become_script, ["-u", str(script), *words], folder, dict(environment))


def _forked(work: Callable[..., None], *arguments: Any) -> tuple[int, str]:
    """Work in a fork, whose last argument is its output; return its exit code and what it said."""
    with NamedTemporaryFile("r", encoding="utf-8") as output:
        fork = FORKS.Process(target=work, args=(*arguments, output.name))
        fork.start()
        try:
            fork.join()
        finally:
            fork.kill()  # where pytest ends a test that takes too long
        assert fork.exitcode is not None
        return fork.exitcode, output.read()


def _become_runner(
    words: tuple[str, ...],
    environment: Mapping[str, str],
    script: type[ScriptProcess],
    output: str,
) -> None:
    attempt.ScriptProcess = script  # type: ignore[misc]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):  # as `nohup` may have left them
        signal.signal(number, signal.SIG_DFL)
    _take_over(environment, PROJECT_ROOT, os.open(output, os.O_WRONLY | os.O_APPEND))
    sys.exit(main(list(words)))


def _become_script(
    command: list[str], folder: Path, environment: Mapping[str, str], output: str
) -> None:
    fd = os.open(output, os.O_WRONLY | os.O_APPEND)
    sys.exit(_code_of(command, folder, environment, fd))


def _code_of(
    command: list[str], folder: str | Path, environment: Mapping[str, str], output: int
) -> int:
    """Run a script to its end as if Python had been started with its command; return its code."""
    _take_over(environment, folder, output)
    sys.argv = command[command.index("-u") + 1 :]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    code: Any = 1
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:  # noqa: BLE001 - as Python itself ends
        traceback.print_exc()
    sys.stdout.flush()
    return code if isinstance(code, int) else 1


def _take_over(environment: Mapping[str, str], folder: str | Path, output: int) -> None:
    """Replace what this process has been forked with."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
