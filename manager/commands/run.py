"""`run`: a job's script, here and now."""

import os
import sys
from argparse import Namespace
from typing import NoReturn

from include.language import _
from include.running.asked import VARIABLES, Asked
from manager import connections
from manager.layout import Layout
from manager.lifecycle.health import answers
from manager.lifecycle.ports import remembered
from manager.lifecycle.preparing import prepared_environment
from manager.lookup import find_job


def run(layout: Layout, arguments: Namespace) -> NoReturn:
    """Hand over to the runner with the connections that the job may see."""
    job = find_job(layout, arguments.job)
    asked = Asked.from_words(arguments, os.environ)  # refuses before anything is prepared
    connections.adopt(prepared_environment(layout))
    variables = connections.script_variables(job.connection_ids, of_shops=bool(job.platform))
    warn_about_sandbox(layout, variables)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("AIRFLOW_") and key not in VARIABLES
    }
    command = ["-m", "include.running", job.id]
    layout.become(command, kept | variables | asked.to_environment())


def warn_about_sandbox(layout: Layout, variables: dict[str, str]) -> None:
    """Warn when a script is pointed at the sandbox and that is not running."""
    ports = remembered(layout)
    wanted = any(ports.sandbox_url in value for value in variables.values())
    if wanted and not answers(ports.sandbox):
        print(
            _(
                "the sandbox at {sandbox_url}, which this job pulls from, is not running: "
                "`{manager} start` starts it",
                sandbox_url=ports.sandbox_url,
            ),
            file=sys.stderr,
            flush=True,
        )
