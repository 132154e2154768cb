"""Compares the jobs that read a feed with config/feeds.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.registry import Job
    from include.registry.feeds import Feed, Feeds

# The scripts whose `--feed` names a feed; that of another script may mean anything.
FEED_SCRIPTS = ("pdd/pdd_feed.py",)
OPTION = "--feed"


def feed_problems(
    job: Job, feeds: Feeds, taken: dict[tuple[str | None, ...], Job]
) -> Iterator[Problem]:
    """Return that a job names no feed or one that it cannot read, or takes another job's place.

    Args:
        job: any.
        feeds: what config/feeds.yaml says.
        taken: whose rows each job that was looked at before lands; this one is added.
    """
    if job.script not in FEED_SCRIPTS:
        return
    problem = _problem(job, feeds)
    scope = _scope(job, feeds)
    if not problem and scope and (other := taken.setdefault(scope, job)) is not job:
        problem = _clash(job, other, str(scope[0]))
    if problem:
        yield Problem(job.file, job.line, 1, job.id, problem)


def feed_of(job: Job) -> str | None:
    """Return the id of the feed that a job reads; None when it reads none."""
    if job.script not in FEED_SCRIPTS:
        return None
    for place, word in enumerate(job.args):
        if word == OPTION:
            return job.args[place + 1] if place + 1 < len(job.args) else None
        if word.startswith(f"{OPTION}="):
            return word.removeprefix(f"{OPTION}=")
    return None


def _problem(job: Job, feeds: Feeds) -> str:
    feed_id = feed_of(job)
    if feed_id is None:
        return f"script {job.script} reads a feed: add args: [{OPTION}, pdd_review]"
    if feed_id not in feeds.said:
        whole_file = any(problem.job_id is None for problem in feeds.problems)
        return "" if whole_file else feeds.unknown(feed_id)
    if feed_id not in feeds.by_id:  # its own problem is told
        return ""
    feed = feeds.by_id[feed_id]
    if problem := feed.landing.misfit(job.period):
        return f"feed {feed_id}: {problem}"
    if feed.connection not in job.connection_ids:
        seen = f"connections is {job.connection_ids}, without {feed.connection!r}"
        return f"{seen} of feed {feed_id}: write connections: [{feed.connection}]"
    return _missing_total(job, feed)


def _missing_total(job: Job, feed: Feed) -> str:
    if not job.checks or not job.checks.control_total or feed.paging.total is not None:
        return ""
    return (
        f"checks.control_total: feed {feed.id} names no total: add the path of one under its "
        f"paging ({feed.place}), or remove control_total"
    )


def _scope(job: Job, feeds: Feeds) -> tuple[str | None, ...]:
    """Return whose rows a job's replace; nothing for a job that does not run by itself."""
    feed = feeds.by_id.get(feed_of(job) or "")
    if feed is None or not job.enabled:
        return ()
    # Weeks that begin on different days have different keys.
    week_start = job.week_start if job.period == "week" else None
    return feed.table, job.platform, job.period, week_start


def _clash(job: Job, other: Job, table: str) -> str:
    return (
        f"its rows in {table} take the place of those of job {other.id} ({other.file}:"
        f"{other.line}), for the same shops and the same {job.period}: let one job read the feed "
        "that has all of them, or write 'enabled: false' in one"
    )
