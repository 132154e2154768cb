"""The Python of a copied project, as forks of one that has imported Airflow, as supervisord makes.

What is started as `.venv/bin/python` is as it would be, with its arguments, environment, folder and
streams, but for the seconds that it takes to import Airflow. Of the project nothing is imported
before: it is the copy's own.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

PRELOADED = (
    *("airflow.models.connection", "airflow.models.pool", "airflow.utils.session"),
    *("airflow.utils.db", "airflow.utils.providers_configuration_loader"),
    *("airflow.api_fastapi.app", "airflow.sdk.execution_time.task_runner"),
    "airflow.providers.fab.auth_manager.models.db",
    *("aiohttp", "aiosmtplib", "aiosqlite", "alembic.command", "alembic.config"),
    *("anyio._backends._asyncio", "cronsim", "httpcore", "httpx", "jmespath", "psutil"),
    *("pydantic", "tenacity", "xmlrpc.client", "yaml"),
)
ONLY_IMPORT = "_AIRFLOW__AS_LIBRARY"  # Airflow's own word for: set nothing up yet
CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"."], [0, 1, 2])
server.sendall(json.dumps([sys.argv, dict(os.environ), os.getcwd()]).encode())
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(8) or b"1"))
"""


@contextmanager
def forking_python(folder: Path) -> Iterator[Path]:
    """Return a program that is a Python like the tests' own; a folder is for it and its socket."""
    address, program = str(folder / "socket"), folder / "python"
    program.write_text(CLIENT.format(python=os.path.realpath(sys.executable), address=address))
    program.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, __file__, address],
        env={name: value for name, value in os.environ.items() if not name.startswith("SCHEDULER")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"listening\n"
            yield program
        finally:
            server.kill()


def _serve(address: str) -> None:
    os.environ[ONLY_IMPORT] = "1"
    for module in PRELOADED:
        importlib.import_module(module)
    importlib.import_module("airflow.models").import_all_models()
    importlib.import_module("sqlalchemy.orm").configure_mappers()
    del os.environ[ONLY_IMPORT]
    gc.freeze()  # no fork looks through what was there before it, which would copy its memory too
    sys.path.pop(0)  # the folder of this file
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while True:
            caller, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(caller)
            caller.close()


def _reap(*_: object) -> None:
    """Take note of what has ended, and so of the processor time that it took."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(caller: socket.socket) -> NoReturn:
    """Fork what was asked for, and pass on how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, *_ = socket.recv_fds(caller, 1, 3)
    words, environment, folder = json.loads(b"".join(iter(lambda: caller.recv(65536), b"")))
    pid = os.fork()
    if pid == 0:
        caller.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _become(words, environment, folder)
    caller.sendall(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def _become(words: list[str], environment: dict[str, str], folder: str) -> NoReturn:
    code: Any = 1
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.executable = words[0]
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
        for name, number in (("stdout", 1), ("stderr", 2)):
            stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
            setattr(sys, name, stream)
        _run(words[1:], folder)
        code = 0
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException:  # noqa: BLE001 - as Python itself ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(words: list[str], folder: str) -> None:
    """Run `-m MODULE` or a script; Airflow is set up once its settings are there."""
    initialize = importlib.import_module("airflow.settings").initialize
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, folder)
        initialize()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = words
    sys.path[:0] = [str(Path(words[0]).parent), folder]
    connections = importlib.import_module("manager.connections")
    adopt = connections.adopt

    def adopt_and_initialize(environment: dict[str, str]) -> None:
        adopt(environment)
        initialize()

    connections.adopt = adopt_and_initialize
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    _serve(sys.argv[1])
