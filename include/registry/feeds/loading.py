"""Loads config/feeds.yaml: every valid feed and every problem, whatever the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.language import N_
from include.registry.entry_files import EntryFile
from include.registry.feeds.schema import Feed
from include.registry.paths import FEEDS_FILE

if TYPE_CHECKING:
    from pathlib import Path


class Feeds(EntryFile[Feed]):
    """What config/feeds.yaml says."""

    file, key = FEEDS_FILE, "feeds"
    clash = N_(
        "id '{id}' is also in line {line}: neither is read until one of them has another id, or "
        "is removed"
    )
    absent = N_("feed {id} is not in {file}: {near}")


def load_feeds(root: Path = PROJECT_ROOT) -> Feeds:
    """Read a project's feeds; what is wrong with one costs that feed alone."""
    return Feeds.load(root, Feed)
