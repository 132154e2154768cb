"""What a project's config/ holds, and everything that is wrong with it, each part and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.checking.checked_tables import column_problems
from include.checking.feed_jobs import feed_problems
from include.checking.pools import pool_problems
from include.feeds import Feeds, load_feeds
from include.registry import PROJECT_ROOT, Problem, Registry, load_registry

if TYPE_CHECKING:
    from pathlib import Path


class Checked(NamedTuple):
    """A project's config/.

    Attributes:
        registry: its jobs and shops.
        feeds: its feeds.
        problems: everything that is wrong, by file and line.
    """

    registry: Registry
    feeds: Feeds
    problems: list[Problem]


def check_project(root: Path = PROJECT_ROOT) -> Checked:
    """Read and check a project; nothing that is written there makes it raise."""
    registry, feeds = load_registry(root), load_feeds(root)
    jobs = list(registry.jobs.values())
    problems = [
        *registry.problems,
        *feeds.problems,
        *feed_problems(jobs, feeds),
        *pool_problems(root, jobs),
        *column_problems(jobs),
    ]
    problems.sort(key=lambda problem: (problem.file, problem.line, problem.column))
    return Checked(registry, feeds, problems)
