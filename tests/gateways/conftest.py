"""What all tests of the platforms need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the rate limits of each test in a folder of its own."""
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
