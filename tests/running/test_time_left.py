"""How long a script may take, so that it is the runner that ends it."""

from __future__ import annotations

import pytest

from include.errors import ExpectedError
from include.running.context import TimeLeft

GRACE = 10.0


@pytest.mark.parametrize("seconds", [3, 9, 20, 24, 25, 60, 3600])
def test_ending_a_script_fits_into_the_time_of_the_run(seconds: float) -> None:
    """Whatever the timeout: its own time and the grace together are less, and most is its own."""
    left = TimeLeft(seconds, GRACE)
    script = left.for_script(seconds)
    assert script + left.grace < seconds
    assert script > seconds / 2
    assert left.grace <= GRACE


def test_a_long_timeout_loses_seconds_only() -> None:
    """The whole grace is there."""
    left = TimeLeft(3600, GRACE)
    assert left.grace == GRACE
    assert left.for_script(3600) > 3580


def test_by_hand_a_script_has_what_its_entry_allows() -> None:
    """Nobody ends the runner."""
    left = TimeLeft(0, GRACE)
    assert (left.for_script(7200), left.grace) == (7200, GRACE)


def test_no_time_is_said() -> None:
    """It is no fault of the entry's: the retry has all of its own."""
    with pytest.raises(ExpectedError, match="no time is left of the 0 s of this run"):
        TimeLeft(1e-9, GRACE).for_script(60)
