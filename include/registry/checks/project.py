"""What a project's config/ holds, and everything that is wrong with it, each part and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include import PROJECT_ROOT
from include.registry import Problem, Registry, load_registry
from include.registry.checks.jobs import column_problems, feed_problems, pool_problems
from include.registry.feeds import Feeds, load_feeds
from include.registry.paths import CONFIG, POOLS_FILE
from include.registry.problems import costing_only
from include.registry.user_files import stray_files

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry import Job


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
    """Read and check a project; neither what is written there nor a fault of ours raises."""
    registry, feeds = load_registry(root), load_feeds(root)
    problems = [*registry.problems, *feeds.problems]
    taken: dict[tuple[str | None, ...], Job] = {}
    for job in registry.jobs.values():
        with costing_only(job.file, job.line, job.id, problems):
            problems.extend(feed_problems(job, feeds, taken))
            problems.extend(column_problems(job))
    with costing_only(CONFIG, 1, None, problems):
        problems.extend(stray_files(root))
    with costing_only(POOLS_FILE, 1, None, problems):
        problems.extend(pool_problems(root, list(registry.jobs.values())))
    problems.sort(key=lambda problem: (problem.file, problem.line, problem.column))
    return Checked(registry, feeds, problems)
