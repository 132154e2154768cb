"""Where an entry stands, and the project that it is checked against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.registry.paths import Folders
from include.registry.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Project:
    """What entries are checked against."""

    folders: Folders  # where their scripts are
    # Those there are; none when shops.yaml cannot be read, and any will do
    platforms: frozenset[str] | None = frozenset(PLATFORMS)
    # Those that the shops of a platform use
    connections: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where an entry stands: the project, the file (relative to its root) and the line."""

    project: Project = field(compare=False)  # a job read twice is the same job
    file: str = ""
    line: int = 0


NOWHERE = Place(Project(Folders(PROJECT_ROOT)))
