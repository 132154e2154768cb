"""A project folder to try registries in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
tasks:
  - id: good
    name: 好
    cron: "0 8 * * *"
    script: good.py
"""


class ProjectFolder:
    """A project with one script, good.py, which takes its period, and what a test writes."""

    good_tasks = GOOD

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("include/scripts/good.py", "import os\n\nprint(os.environ['PERIOD_KEY'])\n")
        (root / "config" / "tasks").mkdir(parents=True)

    def write(self, file: str, content: str | bytes) -> Path:
        """Write a file, given relative to the root, and make its folders."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_tasks(self, name: str, content: str | bytes = GOOD) -> Path:
        """Write a file of the registry; one with the good entry unless told otherwise."""
        return self.write(f"config/tasks/{name}", content)

    def write_entry(self, *lines: str, file: str = "t.yaml") -> Path:
        """Write a file with one entry, given by its lines."""
        return self.write_tasks(file, "tasks:\n  - " + "\n    ".join(lines) + "\n")

    def write_shops(self, *shops: str) -> Path:
        """Write config/shops.yaml; each shop as a line in braces."""
        listed = "".join(f"\n  - {shop}" for shop in shops) or " []"
        return self.write("config/shops.yaml", f"shops:{listed}\n")


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """Return an empty project in a temporary folder."""
    return ProjectFolder(tmp_path)
