"""Loads config/feeds.yaml: every valid feed and every problem, whatever the file holds."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from include.language import N_, _
from include.registry.entries import read_entries
from include.registry.feeds.schema import Feed
from include.registry.paths import FEEDS_FILE
from include.registry.problems import BY_PLACE, listed
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.validation import models_of
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry.problems import Problem

CLASH = N_(
    "id '{id}' is also in line {line}: neither is read until one of them has another id, or is "
    "removed"
)


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
        own = [problem for problem in self.problems if problem.job_id in (feed_id, None)]
        raise ConfigurationError(listed(own) if own else self.unknown(feed_id))

    def unknown(self, feed_id: str) -> str:
        """Return a message that there is no such feed, and which there are."""
        return _(
            "feed {feed} is not in {file}: {near}", feed=quoted(feed_id), file=FEEDS_FILE,
            near=suggestion(feed_id, self.said) if self.said else _("add it there"),
        )  # fmt: skip


def load_feeds(root: Path = PROJECT_ROOT) -> Feeds:
    """Read a project's feeds; what is wrong with one costs that feed alone."""
    if not (root / FEEDS_FILE).exists():  # a project without feeds needs no such file
        return Feeds({}, [], {})
    problems: list[Problem] = []
    try:
        raw = read_bytes(root, FEEDS_FILE)
    except UnreadableError as error:
        return Feeds({}, [error.problem], {})
    entries = read_entries(FEEDS_FILE, raw, "feeds", problems)
    said: dict[str, int] = {}
    for entry in entries:
        if entry.said_id:
            said.setdefault(entry.said_id, entry.line)
    made, rivals = models_of(entries, Feed, attrgetter("line"), CLASH, problems)
    feeds = {feed.id: feed for entry, feed in made.items() if entry not in rivals}
    problems.sort(key=BY_PLACE)
    return Feeds(feeds, problems, said)
