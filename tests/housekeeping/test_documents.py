"""What is documented of keeping an installation small."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.registry import load_registry
from include.registry.retention import DEFAULTS

OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"


@pytest.mark.parametrize(("name", "days"), DEFAULTS.items())
def test_every_setting_is_documented_and_delivered(name: str, days: int) -> None:
    """With its default, in docs/operations.md and in the job's entry."""
    assert f"\n| `{name}` | {days} |" in OPERATIONS.read_text("utf-8")
    assert load_registry().jobs["housekeeping"].env[name] == str(days)
