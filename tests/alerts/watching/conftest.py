"""An installation for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.alerts.watched import Watched

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """Return one in which nothing has landed yet."""
    return Watched(tmp_path)
