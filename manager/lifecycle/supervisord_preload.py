"""`python -m manager.lifecycle.supervisord_preload -c FILE`: supervisord with Airflow imported.

Airflow's components import the same hundred megabytes of modules. Here supervisord imports them
once, and each component is a fork of it instead of a new Python: they share the memory, and none
has to import again. So are the sandbox, which needs a part of them, and the listener. All else is
supervisord's own. The rooms of the project that components share are imported, too: one that ends
and is started again works by the same code as all others, until `restart` takes up what is new.

Only on Linux: on macOS a process that has forked may not use the system's frameworks.
"""

import gc
import importlib
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import NoReturn

from setproctitle import getproctitle, setproctitle
from supervisor import supervisord
from supervisor.options import ServerOptions

from manager.lifecycle import run_component

COMPONENT = "manager.lifecycle.run_component"
# What at least two components import. Importing them so starts no thread and opens no database.
PRELOADED = (
    "airflow.__main__",
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.jobs.dag_processor_job_runner",
    "airflow.executors.local_executor",
    "airflow.cli.commands.daemon_utils",
    "airflow.dag_processing.dagbag",
    "airflow.utils.log.file_task_handler",
    "airflow.api_fastapi.app",
    # The dag-processor and the triggerer answer their children as the api-server answers tasks.
    "airflow.api_fastapi.execution_api.routes",
    "airflow.api_fastapi.execution_api.versions",
    "a2wsgi",
    "aiosqlite",
    "httpcore",
    "tabulate",
    "uvicorn",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "cryptography.fernet",
    "jmespath",
    # The project's own: each Airflow component loads its plugin, and others read the same files.
    "include.scheduling.factory",
    "manager.contract_events",
    "manager.watchdog",
)
ONLY_IMPORT = "_AIRFLOW__AS_LIBRARY"  # Airflow's own word for: set nothing up yet
SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGCHLD", "SIGUSR2")


class Options(ServerOptions):  # type: ignore[misc] # supervisor has no types
    """Supervisord's options, which are also its door to the system."""

    def execve(self, filename: str, argv: list[str], env: Mapping[str, str]) -> None:
        """Become what is to be started: a Python module by going on as it, all else by exec.

        Supervisord has forked already, and made the pipes standard input and output.
        """
        if argv[1] == "-m" and PRELOADED[0] in sys.modules:
            _become(argv, env)
        os.execve(filename, argv, env)  # noqa: S606 -- no shell is the point


def _become(argv: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Run a module in this process and end it; supervisord's own code must not go on here."""
    code = 1
    try:
        for name in SIGNALS:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = list(argv[2:])
        _open_streams()
        if sys.argv[0] == COMPONENT:
            run_component.main(preloaded=True)
        else:
            setproctitle(" ".join(argv))
            sys.modules.pop(sys.argv[0], None)  # which it is to be itself, as `__main__`
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException:  # noqa: BLE001 -- as Python does with what nobody catches
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _open_streams() -> None:
    """Write lines at once to the pipes; the streams of a daemon lead nowhere."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- a descriptor
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = open(  # noqa: SIM115 -- the same
            number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def preload() -> None:
    """Import what the components share; one that cannot be imported fails in its component."""
    gc.set_threshold(run_component.OBJECTS_BETWEEN_LOOKS, 20, 100)
    os.environ[ONLY_IMPORT] = "1"
    try:
        for module in PRELOADED:
            importlib.import_module(module)
        _prepare_models()
    except Exception:  # noqa: BLE001 -- Airflow is broken, and each component says so in its log
        sys.modules.pop(PRELOADED[0], None)
    finally:
        del os.environ[ONLY_IMPORT]
    gc.collect()
    gc.freeze()  # looking through them for garbage would copy their memory


def _prepare_models() -> None:
    """Make SQLAlchemy relate Airflow's tables; each component would at its first query: 24 MB."""
    from airflow.models import import_all_models  # noqa: PLC0415 -- loads Airflow
    from sqlalchemy.orm import configure_mappers  # noqa: PLC0415 -- the same

    import_all_models()
    configure_mappers()


def main() -> None:
    """Be supervisord."""
    getproctitle()  # finds the place of the title as long as the environment is the original one
    if sys.platform == "linux":
        preload()
    supervisord.ServerOptions = Options
    supervisord.main()


if __name__ == "__main__":
    main()
