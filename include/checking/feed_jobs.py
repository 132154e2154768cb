"""Holds jobs that read a feed against config/feeds.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.feeds import Feeds
    from include.registry import Job

# The scripts whose `--feed` names a feed; that of another script may mean anything.
FEED_SCRIPTS = ("pdd/pdd_feed.py",)
OPTION = "--feed"


def feed_problems(jobs: Iterable[Job], feeds: Feeds) -> Iterator[Problem]:
    """Say which jobs name no feed, or one that they cannot read."""
    for job in jobs:
        if job.script in FEED_SCRIPTS and (problem := _problem(job, feeds)):
            yield Problem(job.file, job.line, 1, job.id, problem)


def feed_of(job: Job) -> str | None:
    """Give the id of the feed that a job reads; None when it reads none."""
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
    return ""
