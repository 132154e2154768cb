"""`airflow`: Airflow's own command, with the project's settings."""

from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from include.errors import ConfigurationError
from manager.layout import Layout
from manager.lifecycle.preparing import prepared_environment

SECRET_OPTIONS = ("--conn-password", "--conn-extra", "--conn-json", "--conn-uri")


def airflow(layout: Layout, arguments: Namespace) -> NoReturn:
    """Hand over to Airflow's command with the components' environment."""
    _refuse_secrets(arguments.rest)
    _refuse_test_without_date(arguments.rest)
    layout.become(["-m", "airflow", *arguments.rest], prepared_environment(layout))


def _refuse_secrets(words: Sequence[str]) -> None:
    """Keep passwords off a command line, which Airflow writes into its audit log, too."""
    if list(words[:2]) != ["connections", "add"]:
        return
    for option in (word.partition("=")[0] for word in words if word.startswith("--conn-")):
        if any(known.startswith(option) for known in SECRET_OPTIONS):
            raise ConfigurationError(
                "{option}: a command line is shown in process lists, in the shell's "
                "history and, to every web user, in Airflow's audit log: make the "
                "connection in the web UI under Admin > Connections, or write it into a "
                "file and run `{manager} airflow connections import FILE`",
                option=option,
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
        known, _more = parser.parse_known_args(words[2:])
    except ArgumentError:
        return  # Airflow's own parser says what is wrong
    if known.job and known.task and not known.date:
        command = f"tasks test {known.job} {known.task}"
        raise ConfigurationError(
            "{command}: without a date Airflow deletes the oldest run of the job: give "
            "the day that it is to cover, as in `{manager} airflow {command} "
            "2025-10-02`, or run the script here: `{manager} run {job}`",
            command=command,
            job=known.job,
        )
