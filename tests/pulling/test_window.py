"""How far the pull of a period reaches."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

import pytest

from include.periods import Schedule
from include.pulling import Window

DAY = Schedule("0 7 * * *", "day").parse_key("2025-10-02")
LAG = timedelta(minutes=1)


def _window(now: str, lag: timedelta | None = LAG) -> Window:
    moment = datetime.fromisoformat(now)
    return Window.of(DAY, lag, lambda: moment)


@pytest.mark.parametrize(
    ("now", "until", "is_cut"),
    [
        ("2025-10-03T07:00:00.7+08:00", "2025-10-03T06:59:00+08:00", False),
        ("2025-10-04T00:00:30+08:00", "2025-10-03T23:59:30+08:00", False),
        ("2025-10-04T00:01:00+08:00", "2025-10-04T00:00:00+08:00", False),
        ("2025-10-04T00:01:01+08:00", "2025-10-04T00:00:00+08:00", True),
        ("2025-12-01T07:00:00+08:00", "2025-10-04T00:00:00+08:00", True),
    ],
)
def test_a_day_reaches_up_to_now_and_a_day_past_its_end(
    now: str, until: str, *, is_cut: bool
) -> None:
    """Less the platform's lag, in whole seconds, as the platforms tell time."""
    window = _window(now)
    assert window.start == DAY.start
    assert window.until == datetime.fromisoformat(until)
    assert window.is_cut is is_cut


def test_a_source_that_is_asked_for_the_period_knows_no_reach() -> None:
    """Its rows are those of the period, whenever it is asked."""
    assert _window("2025-10-03T07:00:00+08:00", lag=None).until == DAY.end


def test_no_moment_lies_between_the_windows_of_two_ticks() -> None:
    """Each begins at its own start, which the one before has reached, however late both ran."""
    schedule, chance = Schedule("*/30 * * * *", "tick"), random.Random(1)
    tick = schedule.containing(datetime(2025, 10, 2, 3, tzinfo=timezone.utc))
    before = None
    for _ in range(200):
        now = tick.end + LAG + timedelta(seconds=chance.uniform(0, 4000))
        window = Window.of(tick, LAG, lambda now=now: now)  # type: ignore[misc]
        assert window.until >= tick.end
        assert before is None or window.start <= before.until
        before, tick = window, schedule.following(tick)
