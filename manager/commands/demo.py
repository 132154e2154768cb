"""`demo`: start the service, and show what its schedule lands of every job's last period."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime, timezone

import psutil

from include.errors import ConfigurationError
from include.language import CHINESE, _, language
from include.registry import Job, load_registry
from include.running.asked import named_period
from include.units.exit_codes import ExitCode
from manager.followed import Followed
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.starting import start_service
from manager.lookup import find_job
from manager.progress import Progress, clock_since
from manager.run_follower import Follower
from manager.scheduled_runs import ScheduledRuns

# Scripts of jobs that land nothing of any shop.
OF_THE_SERVICE = "service/"


def demo(layout: Layout, arguments: Namespace) -> int:
    """Start the service, follow the runs that it begins by itself, and show what landed.

    A run of another period than the last one that was due is triggered.

    Returns:
        0 when everything landed, 1 when something failed or had no shop to ask.

    Raises:
        ConfigurationError: unknown job or period.
        ExpectedError: the service does not start.
    """
    # Of the process, which first was another program: the one that installed the packages.
    began = datetime.fromtimestamp(psutil.Process().create_time(), timezone.utc)
    runs = _asked(layout, arguments)
    if not runs:
        raise ConfigurationError("no job is enabled: add one to config/tasks/")
    start_service(layout, arguments.port, arguments.host, brief=True)
    progress = Progress(began)
    scheduled = ScheduledRuns.of(layout, progress.show)
    with progress.shown():
        scheduled.follow(runs)
    done = _tell_ends(scheduled.follower, runs, began)
    print(
        _(
            "{done} of {all} jobs landed after {time}",
            done=done,
            all=len(runs),
            time=clock_since(began),
        )
    )
    _tell_what_next(layout, runs, is_good=done == len(runs))
    return 0 if done == len(runs) else 1


def _asked(layout: Layout, arguments: Namespace) -> list[Followed]:
    """Return what is to land: of each job the period that was due last, unless one is named."""
    now, key = datetime.now(timezone.utc), named_period("--period", arguments.period)
    if arguments.job:
        jobs = [find_job(layout, job_id) for job_id in dict.fromkeys(arguments.job)]
    elif key:
        raise ConfigurationError(
            "--period {key} is of one kind of job only: name the job, as in `demo --job "
            "erp_store --period {key}`",
            key=key,
        )
    else:
        every = load_registry(layout.root).jobs.values()
        jobs = [job for job in every if job.enabled and not job.script.startswith(OF_THE_SERVICE)]
    return [_last_of(job, key, now) for job in jobs]


def _last_of(job: Job, key: str | None, now: datetime) -> Followed:
    schedule = job.schedule
    if key:
        return Followed(job, schedule.ended(key, now).key, "")
    if not job.enabled or job.after:
        return Followed(job, schedule.last_ended(now).key, "")
    due = schedule.covered_by(schedule.latest_fire(now))
    return Followed(job, due.key, "", by_schedule=True)


def _tell_ends(follower: Follower, runs: Sequence[Followed], began: datetime) -> int:
    """Print what did not land, and what had landed before; return how many jobs have landed."""
    done, untouched = 0, []
    for run in runs:
        if not run.landed:
            follower.explain(run)
        outcome = follower.outcome(run)
        done += outcome.exit_code == ExitCode.LANDED
        rows = follower.rows(run)
        if not any(row.finished_at and row.finished_at >= began for row in rows):
            untouched.append(run)
        elif run.landed and outcome.reason:
            print(_("{run}: {reason}", run=run.title, reason=outcome.reason))
        if outcome.exit_code == ExitCode.NOTHING_TO_DO:
            print(_("{run} did not land: {reason}", run=run.title, reason=outcome.reason))
    if done == len(runs) == len(untouched):
        print(_("all of it had landed before; nothing was loaded twice"))
    return done


def _tell_what_next(layout: Layout, runs: Sequence[Followed], *, is_good: bool) -> None:
    ports = remembered(layout)
    print(_("the service runs on, until `{manager} stop`"))
    if not is_good:
        print(
            _(
                "`{manager} doctor` looks for the cause, `{manager} repair --yes` runs what is "
                "missing"
            )
        )
    guide = f"docs/add-a-job{'.zh-CN' if language() == CHINESE else ''}.md"
    example = next((run for run in runs if run.job.platform), runs[0])
    schedule = example.job.schedule
    print(_("three things to try next:"))
    print(
        _(
            "1. see every job, shop and day: {url} (user admin, password in {passwords})",
            url=f"{ports.url}/plugin/coverage",
            passwords=layout.shown(layout.passwords),
        )
    )
    print(
        _(
            "2. land an older period, and then the same again, which loads nothing twice: "
            "`{manager} trigger {job} --period {key} --wait`",
            job=example.job.id,
            key=schedule.preceding(schedule.parse_key(example.key)).key,
        )
    )
    print(_("3. add a job of your own while it runs: {guide}", guide=guide))
