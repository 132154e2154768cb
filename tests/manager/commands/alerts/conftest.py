"""What the tests of `alerts` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manager.commands.alerts.watched import Watched

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """Return an installation in which nothing has been found yet."""
    return Watched(tmp_path)
