"""`pause` and `resume`: whether a job makes runs."""

import json
from argparse import Namespace

from include.errors import ExpectedError
from include.language import _
from manager.airflow.rest import NotThereError
from manager.airflow.starting_runs import service_api
from manager.layout import Layout


def set_paused(layout: Layout, arguments: Namespace) -> int:
    """Pause a job, or let it run again; the periods it missed then run, as after an outage.

    Raises:
        ConfigurationError: unknown job.
        ExpectedError: the job is not a DAG yet, or the service does not run.
    """
    job_id, paused = arguments.job, arguments.command == "pause"
    try:
        with service_api(layout) as api:
            before = api.dag(job_id)["is_paused"]
            api.pause(job_id, paused=paused)
    except NotThereError:
        from manager.lookup import find_job  # noqa: PLC0415 -- takes its time, rarely needed

        find_job(layout, job_id)  # raises with the name that was meant
        raise ExpectedError(
            "job {job!r} is not a DAG yet: try again in a few seconds", job=job_id
        ) from None
    changed = before != paused
    if arguments.json:
        print(json.dumps({"job": job_id, "paused": paused, "changed": changed}))
    elif changed:
        print(_("{job} paused", job=job_id) if paused else _("{job} resumed", job=job_id))
    elif paused:
        print(_("{job} was paused already", job=job_id))
    else:
        print(_("{job} was not paused already", job=job_id))
    return 0
