"""The runner, for tests that ask how a run ends: forked from a Python that has imported it already.

It has an environment and an output of its own, as under the operator, and its script is a process
as always, or is forked in turn. A test that kills or signals a runner starts one with `Runner`.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import select
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
    from multiprocessing.connection import Connection as Pipe

    from include.running.script_process import Output
    from include.running.script_supervisor import Settings

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "include.pulling"])


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


class Runner:
    """A runner at work, with its script below it; what it has of `Popen` is as there.

    Args:
        words: of its command line.
        environment: all of it.
        output: the file for what it prints; else a pipe, `stdout`.
    """

    def __init__(
        self, *words: str, environment: Mapping[str, str], output: Path | None = None
    ) -> None:
        reading, writing = FORKS.Pipe(duplex=False)
        arguments = words, dict(environment), ScriptProcess, str(output) if output else writing
        self._fork = FORKS.Process(target=_become_runner, args=arguments)
        self._fork.start()
        assert self._fork.pid is not None
        self.pid: int = self._fork.pid
        self.stdout = os.fdopen(os.dup(reading.fileno()), "rb")
        for end in (reading, writing):
            end.close()

    @property
    def returncode(self) -> int | None:
        """Return its exit code once it has ended; -n where signal n ended it."""
        return self._fork.exitcode

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self._fork.exitcode

    def wait(self, seconds: float) -> int:
        """Wait for its end; return its exit code."""
        self._fork.join(seconds)
        assert self._fork.exitcode is not None, f"it runs for more than {seconds} s"
        return self._fork.exitcode

    def communicate(self, seconds: float) -> str:
        """Wait for its end; return what it and its script printed."""
        said = b""
        with self.stdout:
            while select.select([self.stdout], [], [], seconds)[0]:
                if not (data := self.stdout.read1()):
                    break
                said += data
        self.wait(seconds)
        return said.decode()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


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
    output: str | Pipe,
) -> None:
    attempt.ScriptProcess = script  # type: ignore[misc]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):  # as `nohup` may have left them
        signal.signal(number, signal.SIG_DFL)
    if isinstance(output, str):
        fd = os.open(output, os.O_WRONLY | os.O_APPEND)
    else:
        with output:
            fd = os.dup(output.fileno())
    _take_over(environment, PROJECT_ROOT, fd)
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
