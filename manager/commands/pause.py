"""`pause` and `resume`: whether a job makes runs."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from include.errors import ExpectedError
from manager.commands.options import Command, add_job, add_json

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add the job."""
    add_job(parser)
    add_json(parser)


def set_paused(layout: Layout, arguments: Namespace, *, paused: bool) -> int:
    """Pause a job, or let it run again; the periods it missed then run, as after an outage.

    Raises:
        ConfigurationError: unknown job.
        ExpectedError: the job is not a DAG yet, or the service does not run.
    """
    from manager.airflow.rest import NotThereError
    from manager.airflow.starting_runs import service_api
    from manager.lookup import find_job

    job_id, word = arguments.job, "paused" if paused else "resumed"
    try:
        with service_api(layout) as api:
            before = api.dag(job_id)["is_paused"]
            api.pause(job_id, paused=paused)
    except NotThereError:
        find_job(layout, job_id)  # raises with the name that was meant
        raise ExpectedError(
            f"job {job_id!r} is not a DAG yet: try again in a few seconds"
        ) from None
    changed = before != paused
    if arguments.json:
        print(json.dumps({"job": job_id, "paused": paused, "changed": changed}))
    elif changed:
        print(f"{job_id} {word}")
    else:
        print(f"{job_id} was {'paused' if paused else 'not paused'} already")
    return 0


PAUSE = Command(
    "let a job make no more runs", partial(set_paused, paused=True), add_arguments, needs="as is"
)
RESUME = Command(
    "let a paused job run again", partial(set_paused, paused=False), add_arguments, needs="as is"
)
