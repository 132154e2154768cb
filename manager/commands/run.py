"""`run`: a job's script, here and now."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from include import MANAGER
from manager.commands.options import Command, add_job, add_period, add_shops_and_again

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add job, periods and shops."""
    add_job(parser)
    add_period(parser)
    parser.add_argument(
        "--from", dest="first", metavar="KEY", help="first of several periods, written as above"
    )
    parser.add_argument("--to", dest="last", metavar="KEY", help="last of several periods")
    add_shops_and_again(parser)


def run(layout: Layout, arguments: Namespace) -> NoReturn:
    """Hand over to the runner with the connections that the job may see."""
    from include.running.asked import VARIABLES, Asked
    from manager import connections
    from manager.handover import become
    from manager.lifecycle.starting import prepared_environment
    from manager.lookup import find_job

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
    become(layout, command, kept | variables | asked.to_environment())


COMMAND = Command("run a job's script here and now, without Airflow", run, add_arguments)


def _warn_about_sandbox(layout: Layout, variables: dict[str, str]) -> None:
    """Warn when a script is pointed at the sandbox and that is not running."""
    from manager.lifecycle.health import answers
    from manager.lifecycle.ports import remembered

    ports = remembered(layout)
    wanted = any(ports.sandbox_url in value for value in variables.values())
    if wanted and not answers(ports.sandbox):
        print(
            f"the sandbox at {ports.sandbox_url}, which this job pulls from, is not running: "
            f"`{MANAGER} start` starts it",
            file=sys.stderr,
            flush=True,
        )
