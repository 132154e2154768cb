"""Loads config/feeds.yaml: every valid feed and every problem, whatever the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from include.registry import Problem
from include.registry.entries import Entry, read_entries, rivals
from include.registry.feeds.schema import Feed
from include.registry.paths import FEEDS_FILE
from include.registry.problems import costing_only
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.validation import validate
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from pathlib import Path


class Feeds(NamedTuple):
    """What config/feeds.yaml says.

    Attributes:
        by_id: the valid ones, in the file's order.
        problems: what is wrong in it.
        said: the ids of all of them, the invalid ones too, each with its line.
    """

    by_id: dict[str, Feed]
    problems: list[Problem]
    said: dict[str, int]

    def get(self, feed_id: str) -> Feed:
        """Return a feed.

        Raises:
            ConfigurationError: there is none, or what is wrong with it.
        """
        if feed_id in self.by_id:
            return self.by_id[feed_id]
        own = [str(problem) for problem in self.problems if problem.job_id in (feed_id, None)]
        raise ConfigurationError("\n".join(own) or self.unknown(feed_id))

    def unknown(self, feed_id: str) -> str:
        """Return a message that there is no such feed, and which there are."""
        near = suggestion(feed_id, self.said) if self.said else "add it there"
        return f"feed {quoted(feed_id)} is not in {FEEDS_FILE}: {near}"


def load_feeds(root: Path = PROJECT_ROOT) -> Feeds:
    """Read a project's feeds; what is wrong with one costs that feed alone."""
    if not (root / FEEDS_FILE).exists():  # a project without feeds needs no such file
        return Feeds({}, [], {})
    feeds = Feeds({}, [], {})
    try:
        entries = read_entries(FEEDS_FILE, read_bytes(root, FEEDS_FILE), "feeds")
    except UnreadableError as error:
        return Feeds({}, [error.problem], {})
    others = rivals((one.said_id, one) for one in entries if isinstance(one, Entry) and one.said_id)
    for entry in entries:
        if isinstance(entry, Problem):
            feeds.problems.append(entry)
            continue
        if entry.said_id:
            feeds.said.setdefault(entry.said_id, entry.line)
        with costing_only(entry.file, entry.line, entry.said_id, feeds.problems):
            if other := others.get(entry):
                message = (
                    f"id '{entry.said_id}' is also in line {other.line}: neither is read until "
                    "one of them has another id, or is removed"
                )
                feeds.problems.append(entry.problem(("id",), message))
            feed = validate(entry, Feed, entry.line)
            if isinstance(feed, list):
                feeds.problems.extend(feed)
            elif not other:
                feeds.by_id[feed.id] = feed
    feeds.problems.sort(key=lambda problem: (problem.line, problem.column))
    return feeds
