"""Files in config/ that somebody wrote for us, under a name or in a place that nobody reads."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from include.registry import SHOPS_FILE, TASKS_FOLDER, Problem
from include.registry.checks.pools import POOLS_FILE
from include.registry.delivered_connections import CONNECTIONS_FILE
from include.registry.feeds import FEEDS_FILE
from include.registry.unread_files import ASIDE, LEFTOVER, list_in
from include.text import MISTYPED, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = "config"
SETTINGS_FILE = "config/airflow.env"
# What is read, by the word that its name begins with.
HOMES = {
    "tasks": TASKS_FOLDER,
    "shops": SHOPS_FILE,
    "feeds": FEEDS_FILE,
    "pools": POOLS_FILE,
    "connections": CONNECTIONS_FILE,
    "airflow": SETTINGS_FILE,
}
KINDS = (".yaml", ".yml", ".json", ".env")
HIDDEN = re.compile(r"[.](?!#).*[.]ya?ml", re.IGNORECASE)  # Emacs locks a file as .# and its name


def stray_files(root: Path) -> Iterator[Problem]:
    """Yield a problem for each file of config/ that nobody reads, though it seems to be for us."""
    try:
        names = sorted(os.listdir(root / CONFIG))  # noqa: PTH208 - names are enough
    except OSError:
        return
    for name in names:
        file = f"{CONFIG}/{name}"
        if file in HOMES.values() or LEFTOVER.fullmatch(name) or ASIDE.fullmatch(name):
            continue
        home = _home(root, file, name)
        if home == TASKS_FOLDER:
            yield Problem(file, 1, 1, None, f"is not read: move its jobs to {home}/")
        elif home and (root / home).exists():
            repair = f"put what it holds into {home}, and remove it"
            yield Problem(file, 1, 1, None, f"is not read: {repair}")
        elif home:
            yield Problem(file, 1, 1, None, f"is not read: rename it to {home}")
    yield from _hidden_tasks(root)


def _hidden_tasks(root: Path) -> Iterator[Problem]:
    """Yield a problem for each hidden file of tasks; what an editor keeps ends otherwise."""
    with suppress(OSError):
        for name in sorted(os.listdir(root / TASKS_FOLDER)):  # noqa: PTH208 - names are enough
            file = f"{TASKS_FOLDER}/{name}"
            if HIDDEN.fullmatch(name) and list_in(root, file):
                repair = "rename it, so that it does not begin with a dot, or remove it"
                yield Problem(file, 1, 1, None, f"is not read: {repair}")


def _home(root: Path, file: str, name: str) -> str:
    """Return where what a file or folder holds belongs; empty for the team's own."""
    word, _, rest = name.lower().partition(".")
    near = nearest(word, HOMES, MISTYPED)
    if (root / file).is_dir():
        return TASKS_FOLDER if near == "tasks" else ""
    if rest != "schema.json" and near and any(kind in f".{rest}" for kind in KINDS):
        return HOMES[near]
    return HOMES.get(list_in(root, file), "")
