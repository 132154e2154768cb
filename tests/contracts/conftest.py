"""A project with a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.contracted import Contracted
from tests.contracts.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def contracted(tmp_path: Path, warehouse_url: str) -> Iterator[Contracted]:
    """Return a project whose contract `day` needs five units of three jobs."""
    project = Contracted(tmp_path / "project", warehouse_url)
    yield project
    project.engine.dispose()


@pytest.fixture
def watched(contracted: Contracted, tmp_path: Path) -> Watched:
    """Return it."""
    return Watched(contracted, tmp_path / "var")
