"""What the tests of `alerts` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manager.watched import Watched, lay_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """Return an installation in which nothing has been found yet."""
    return Watched(lay_out(tmp_path))
