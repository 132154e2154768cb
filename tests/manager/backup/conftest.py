"""An installation with two databases, as the tests of backups need it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from manager.backup.archive import Manifest
from manager.backup.packing import write_backup
from manager.layout import Layout
from tests.manager.covered import checkout


@dataclass(frozen=True)
class Installation:
    """A checkout with its `var/`, not running."""

    layout: Layout

    @property
    def urls(self) -> dict[str, str]:
        """Where its databases are."""
        airflow = self.layout.airflow_home / "airflow.db"
        return {
            "airflow": f"sqlite:///{airflow}?timeout=30",
            "warehouse": f"sqlite:///{self.layout.warehouse}",
        }

    def backup(self, target: Path) -> Manifest:
        """Write a backup."""
        return write_backup(self.layout, target, self.urls)


def make(root: Path) -> Installation:
    """Make an installation in an empty folder."""
    layout = checkout(root, "pyproject.toml")
    for path, text in ((layout.secrets, "KEY=of-" + root.name), (layout.passwords, "{}")):
        path.touch(mode=0o600)
        path.write_text(text)
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE pairs (number INTEGER, half TEXT)")
    return Installation(layout)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return an installation."""
    return make(tmp_path / "one")


@pytest.fixture
def other(tmp_path: Path) -> Installation:
    """Return another one, to restore to."""
    return make(tmp_path / "two")
