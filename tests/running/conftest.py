"""A project of its own for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.running.project import Project
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Return a project; whatever its runs leave behind is ended with the test."""
    project = Project(tmp_path)
    yield project
    project.clean()


@pytest.fixture
def warehouse(project: Project) -> str:
    """Return the URL of an empty warehouse beside the project."""
    return empty_file(project.root)
