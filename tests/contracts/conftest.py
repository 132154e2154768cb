"""A project with a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.contracted import Contracted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def contracted(tmp_path: Path, warehouse_url: str) -> Iterator[Contracted]:
    """Return a project whose contract `day` needs five units of three jobs."""
    project = Contracted(tmp_path / "project", warehouse_url)
    yield project
    project.engine.dispose()
