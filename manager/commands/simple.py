"""What the simple commands do; the larger ones have a module each."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentError, ArgumentParser
from typing import TYPE_CHECKING, NoReturn

from include.errors import ConfigurationError
from include.running.asked import VARIABLES, Asked
from manager import connections
from manager.lifecycle.locks import exclusive
from manager.lifecycle.ports import RESTART, check_free, chosen, remembered
from manager.lookup import find_job

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from manager.layout import Layout

# Tests of services mostly wait, so there are more workers than cores. More than four would
# wait for each other's services and databases.
WORKERS = min(2 * (os.cpu_count() or 1), 4)
SIDE_BY_SIDE = ("-n", str(WORKERS), "--dist", "loadgroup", "--no-loadscope-reorder")

MANAGER = "python3 scheduler_manager.py"
SECRET_OPTIONS = ("--conn-password", "--conn-extra", "--conn-json", "--conn-uri")

# Imports stand in the functions where they cost time that other commands should not pay.
# ruff: noqa: PLC0415


def start(layout: Layout, arguments: Namespace) -> int:
    """`start`: return when the service works."""
    from manager.lifecycle import starting

    return starting.start(layout, arguments.port, arguments.host, as_json=arguments.json)


def stop(layout: Layout, arguments: Namespace) -> int:
    """`stop`: return when nothing is left."""
    from manager.lifecycle import stopping

    return stopping.stop(layout, now=arguments.now, as_json=arguments.json)


def restart(layout: Layout, arguments: Namespace) -> NoReturn:
    """`restart`: stop with what is installed, then start with what should be.

    Raises:
        ConfigurationError: it could not listen where it should; then it is not stopped.
    """
    from manager.lifecycle import stopping
    from manager.lifecycle.processes import service_processes

    asked = chosen(layout, arguments.port, arguments.host, command=RESTART)
    ours = {process.pid for process in service_processes(layout)}
    check_free(asked, ours, command=RESTART)
    stopping.stop(layout, now=arguments.now, command="restart")
    given = {"--port": arguments.port, "--host": arguments.host}
    options = [word for option, value in given.items() if value for word in (option, str(value))]
    command = [str(layout.root / "scheduler_manager.py"), "start", *options]
    _become(layout, command, dict(os.environ))


def status(layout: Layout, arguments: Namespace) -> int:
    """`status`: print it; the exit code says it too."""
    from manager.commands.status import status as print_status

    return print_status(layout, as_json=arguments.json)


def check(layout: Layout, arguments: Namespace) -> int:
    """`check`: hand over to its own command, or write docs/jobs.md."""
    if not arguments.write_docs:
        command = ["-m", "include.registry.checks", "--lang", arguments.lang]
        _become(layout, command, os.environ | {"PYTHONPATH": str(layout.root)})
    from manager.jobs_page import write_page

    return write_page(layout.root)


def test(layout: Layout, arguments: Namespace) -> NoReturn:
    """`test`: hand over to pytest, on all cores, without the caller's Airflow settings."""
    words = arguments.rest
    if words[:1] == ["--airflow"]:
        from manager.commands.other_airflow import installed, tests_of

        layout = installed(layout, "".join(words[1:2]))
        words = tests_of(layout, words[2:])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    kept.pop("SCHEDULER_VAR", None)
    _become(layout, ["-m", "pytest", *SIDE_BY_SIDE, *words], kept)


def airflow(layout: Layout, arguments: Namespace) -> NoReturn:
    """`airflow`: hand over to Airflow's command with the components' environment."""
    _refuse_secrets(arguments.rest)
    _refuse_test_without_date(arguments.rest)
    _become(layout, ["-m", "airflow", *arguments.rest], prepared_environment(layout))


def _refuse_secrets(words: Sequence[str]) -> None:
    """Keep passwords off a command line, which Airflow writes into its audit log, too."""
    if list(words[:2]) != ["connections", "add"]:
        return
    for option in (word.partition("=")[0] for word in words if word.startswith("--conn-")):
        if any(known.startswith(option) for known in SECRET_OPTIONS):
            raise ConfigurationError(
                f"{option}: a command line is shown in process lists, in the shell's history and, "
                "to every web user, in Airflow's audit log: make the connection in the web UI "
                "under Admin > Connections, or write it into a file and run "
                "`python3 scheduler_manager.py airflow connections import FILE`"
            )


def _refuse_test_without_date(words: Sequence[str]) -> None:
    """Keep `tasks test` from deleting a run: for one without a date Airflow takes the oldest."""
    if list(words[:2]) != ["tasks", "test"] or {"-h", "--help"} & set(words):
        return
    parser = ArgumentParser(add_help=False, exit_on_error=False)
    for option in (("-B", "--bundle-name"), ("--env-vars",), ("--map-index",), ("-t",)):
        parser.add_argument(*option)
    parser.add_argument("--task-params")
    for name in ("job", "task", "date"):
        parser.add_argument(name, nargs="?")
    try:
        known, _ = parser.parse_known_args(words[2:])
    except ArgumentError:
        return  # Airflow's own parser says what is wrong
    if known.job and known.task and not known.date:
        command = f"tasks test {known.job} {known.task}"
        raise ConfigurationError(
            f"{command}: without a date Airflow deletes the oldest run of the job: give the day "
            f"that it is to cover, as in `{MANAGER} airflow {command} 2025-10-02`, or run the "
            f"script here: `{MANAGER} run {known.job}`"
        )


def run(layout: Layout, arguments: Namespace) -> NoReturn:
    """`run`: hand over to the runner with the connections that the job may see."""
    job = find_job(layout, arguments.job)
    asked = Asked.from_words(arguments, os.environ)  # refuses before anything is prepared
    connections.adopt(prepared_environment(layout))
    variables = connections.script_variables(job.connection_ids, of_shops=bool(job.platform))
    _warn_about_sandbox(layout, variables)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("AIRFLOW_") and key not in VARIABLES
    }
    command = ["-m", "include.running", job.id]
    _become(layout, command, kept | variables | asked.to_environment())


def _warn_about_sandbox(layout: Layout, variables: dict[str, str]) -> None:
    """Say why a script that was pointed at the sandbox will reach nobody."""
    from manager.lifecycle.health import answers

    ports = remembered(layout)
    wanted = any(ports.sandbox_url in value for value in variables.values())
    if wanted and not answers(ports.sandbox):
        print(
            f"the sandbox at {ports.sandbox_url}, which this job pulls from, is not running: "
            "`python3 scheduler_manager.py start` starts it",
            file=sys.stderr,
            flush=True,
        )


def prepared_environment(layout: Layout) -> dict[str, str]:
    """Return the components' environment, with databases that are in order."""
    from manager.lifecycle.locks import service_lock
    from manager.lifecycle.preparing import prepare
    from manager.lifecycle.settings import service_environment

    layout.make_var()
    with exclusive(service_lock(layout), "starting or stopping the service"):
        environment = service_environment(layout, remembered(layout))
        prepare(layout, environment)
    return environment


def _become(layout: Layout, command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    """Turn this process into another Python, in the project's folder."""
    os.chdir(layout.root)
    os.execve(layout.python, [str(layout.python), *command], environment)  # noqa: S606 -- no shell is the point
