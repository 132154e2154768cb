"""What is said of a day in short."""

from __future__ import annotations

import pytest

from include.coverage.report import Line


@pytest.mark.parametrize(
    ("usual", "compared", "percent"),
    [(1000, 520, -48), (10, 10, None), (600, 10, -98), (0, 0, None)],
)
def test_the_usual_of_a_few_is_not_that_of_all(
    usual: float, compared: int, percent: int | None
) -> None:
    """Of 1,000 rows nothing is said where only some shops have landed often enough to compare."""
    assert Line("all", rows=1000, usual=usual, compared=compared).percent == percent
