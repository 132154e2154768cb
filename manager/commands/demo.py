"""`demo`: land the last period of every job as a DAG run, and show every shop's row."""

from argparse import Namespace
from datetime import datetime, timezone

from include.errors import ConfigurationError
from include.language import _
from include.registry import Job, load_registry
from include.running.asked import named_period
from include.units.exit_codes import ExitCode
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.starting import start_service
from manager.lookup import find_job
from manager.run_follower import Follower
from manager.table import print_units

# Scripts of jobs that land nothing of any shop.
OF_THE_SERVICE = "service/"


def demo(layout: Layout, arguments: Namespace) -> int:
    """Start the service, trigger the jobs, follow them and show what landed.

    Returns:
        0 when everything landed, 1 when something failed or had no shop to ask.

    Raises:
        ConfigurationError: unknown job or period.
        ExpectedError: the service does not start.
    """
    asked = _asked(layout, arguments)
    start_service(layout, arguments.port, arguments.host)
    follower = Follower.of(layout)
    runs = [follower.begin(job, key) for job, key in asked]
    follower.follow(runs)
    print_units((run.job.id, run.key, follower.rows(run)) for run in runs)
    for run in runs:
        if not run.landed:
            follower.explain(run)
    outcomes = [follower.outcome(run) for run in runs]
    for run, outcome in zip(runs, outcomes, strict=True):
        if outcome.exit_code == ExitCode.NOTHING_TO_DO:
            print(_("{run} did not land: {reason}", run=run.title, reason=outcome.reason))
        elif run.landed and outcome.reason and not follower.nothing_new(run):
            print(_("{run}: {reason}", run=run.title, reason=outcome.reason))
    done = sum(outcome.exit_code == ExitCode.LANDED for outcome in outcomes)
    print(_("{done} of {count} jobs landed", done=done, count=len(runs)))
    if all(map(follower.nothing_new, runs)):
        print(_("all of it had landed before; nothing was loaded twice"))
    url, passwords = remembered(layout).url, layout.shown(layout.passwords)
    print(_("web UI: {url}  (user admin, password in {passwords})", url=url, passwords=passwords))
    return 0 if done == len(runs) else 1


def _asked(layout: Layout, arguments: Namespace) -> list[tuple[Job, str]]:
    """Return the jobs to run with the key of the period that each shall cover."""
    now, key = datetime.now(timezone.utc), named_period("--period", arguments.period)
    if arguments.job:
        jobs = [find_job(layout, job_id) for job_id in dict.fromkeys(arguments.job)]
    elif key:
        raise ConfigurationError(
            _(
                "--period {key} is of one kind of job only: name the job, as in `demo --job "
                "erp_store --period {key}`",
                key=key,
            )
        )
    else:
        every = load_registry(layout.root).jobs.values()
        jobs = [job for job in every if job.enabled and not job.script.startswith(OF_THE_SERVICE)]
    ended = [job.schedule.ended(key, now) if key else job.schedule.last_ended(now) for job in jobs]
    return [(job, period.key) for job, period in zip(jobs, ended, strict=True)]
