"""What the tests of checks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.warehouse import connect
from tests.row_checks.checked_run import CheckedRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def run(warehouse_url: str, tmp_path: Path) -> Iterator[CheckedRun]:
    """Return a job with checks and its warehouse."""
    engine = connect(warehouse_url)
    yield CheckedRun(tmp_path / "project", engine)
    engine.dispose()
