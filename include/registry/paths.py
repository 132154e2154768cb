"""Where things are: the files of config/, an entry, and its script and folder.

The latter always within the project, links included.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from include import PROJECT_ROOT, SETTINGS_FILE
from include.language import N_, Message, _
from include.registry.platforms import PLATFORMS
from include.text import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = "include/scripts"
CONFIG = "config"
# The scripts whose `--feed` names a feed; that of another script may mean anything.
FEED_SCRIPTS = ("pdd/pdd_feed.py",)
TASKS_FOLDER = "config/tasks"
SHOPS_FILE = "config/shops.yaml"
FEEDS_FILE = "config/feeds.yaml"
ALERTS_FILE = "config/alerts.yaml"
CONTRACTS_FILE = "config/contracts.yaml"
POOLS_FILE = "config/pools.json"
CONNECTIONS_FILE = "config/connections.json"
LANGUAGE_FILE = "config/language.yaml"
# What is read, by the word that its name begins with.
FILES = {
    "tasks": TASKS_FOLDER,
    "shops": SHOPS_FILE,
    "feeds": FEEDS_FILE,
    "alerts": ALERTS_FILE,
    "contracts": CONTRACTS_FILE,
    "pools": POOLS_FILE,
    "connections": CONNECTIONS_FILE,
    "airflow": SETTINGS_FILE,
    "language": LANGUAGE_FILE,
}


class Folders:
    """The project's folders, as one reading of the registry sees them."""

    def __init__(self, root: Path) -> None:
        self.root = root  # the project root
        self._scripts = os.path.realpath(root / SCRIPTS)
        self._listed: dict[str, frozenset[str]] = {}

    def check_script(self, written: str) -> str:
        """Take the path of a script, relative to include/scripts.

        Raises:
            ValueError: it leads elsewhere, or there is no such file.
        """
        advice = _(
            "write a path below {folder}, as in {example}",
            folder=SCRIPTS, example="erp/erp_store.py",
        )  # fmt: skip
        _check_downwards(written, N_("{path} leads out of include/scripts: {advice}"), advice)
        folder, _slash, name = written.rpartition("/")
        if name in self._plain_files(folder):
            return written
        real = Path(os.path.realpath(f"{self._scripts}/{written}"))
        if not real.is_file():
            near = nearest(written.removeprefix(f"{SCRIPTS}/"), self.scripts())
            told = _(
                "{path} is not a file in {folder}: {advice}", path=quoted(written), folder=SCRIPTS,
                advice=_("did you mean {near!r}?", near=near) if near
                else _("create it, or correct the path"),
            )  # fmt: skip
            raise ValueError(told)
        if not real.is_relative_to(self._scripts):
            told = _(
                "{path} is a link out of {folder}: put the file itself there",
                path=quoted(written), folder=SCRIPTS,
            )  # fmt: skip
            raise ValueError(told)
        return written

    def check_folder(self, written: str) -> str:
        """Take the path of a folder, relative to the project root.

        Raises:
            ValueError: it leads out of the project, or there is no such folder.
        """
        if written == ".":
            return written
        advice = _("write a path below the project, as in config")
        _check_downwards(written, N_("{path} leads out of the project: {advice}"), advice)
        real = Path(os.path.realpath(self.root / written))
        if not real.is_relative_to(os.path.realpath(self.root)):
            told = _("{path} is a link out of the project: choose another", path=quoted(written))
            raise ValueError(told)
        if not real.is_dir():
            told = _("{path} is not a folder of the project: create it", path=quoted(written))
            raise ValueError(told)
        return written

    def scripts(self) -> list[str]:
        """Return the Python scripts there are, relative to include/scripts; `_` hides one."""
        found = Path(self._scripts).rglob("[!_]*.py")
        files = (path for path in found if path.is_file())
        return sorted(path.relative_to(self._scripts).as_posix() for path in files)

    def _plain_files(self, folder: str) -> frozenset[str]:
        """List a folder once, without what is a link: looking at every script takes longer."""
        if folder not in self._listed:
            path = f"{self._scripts}/{folder}".rstrip("/")
            inside = os.path.realpath(path) == path  # no part of it is a link
            self._listed[folder] = _plain_files(path) if inside else frozenset()
        return self._listed[folder]


def _plain_files(path: str) -> frozenset[str]:
    try:
        with os.scandir(path) as entries:
            return frozenset(one.name for one in entries if one.is_file(follow_symlinks=False))
    except OSError:
        return frozenset()


def _check_downwards(written: str, outside: str, advice: Message) -> None:
    parts = written.split("/")
    if written.startswith(("/", "~")) or ".." in parts:
        raise ValueError(_(outside, path=quoted(written), advice=advice))
    if "" in parts or "." in parts or "\\" in written:
        told = _("{path} is not a plain path: {advice}", path=quoted(written), advice=advice)
        raise ValueError(told)


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
