"""Rounds on a store of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.alerts.engine.alert_rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def rounds_of(tmp_path: Path) -> Iterator[Callable[..., Rounds]]:
    """Return what makes rounds with a config/alerts.yaml of one's own."""
    made: list[Rounds] = []

    def make(*content: str) -> Rounds:
        made.append(Rounds(tmp_path, *content))
        return made[-1]

    yield make
    for rounds in made:
        rounds.close()


@pytest.fixture
def rounds(rounds_of: Callable[..., Rounds]) -> Rounds:
    """Return rounds with one channel, `ops`."""
    return rounds_of()
