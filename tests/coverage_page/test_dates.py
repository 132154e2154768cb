"""Columns of the page, and what they cover."""

from __future__ import annotations

import pytest

from include.coverage_page.dates import column_of, row_group, window_of
from include.periods import PeriodError
from tests.coverage.registries import at, job

DAY = job("day")
WEEK = job("week", cron="0 12 * * 6", period="week")
MONTH = job("month", cron="30 12 3 * *", period="month")
TICK = job("tick", cron="0 */6 * * *", period="tick")


@pytest.mark.parametrize(
    ("of", "column", "start", "end"),
    [
        (DAY, "2025-10-02", "2025-10-02", "2025-10-03"),
        (WEEK, "2025-09-27", "2025-09-27", "2025-10-04"),
        (MONTH, "2025-09", "2025-09-01", "2025-10-01"),
        (TICK, "2025-10-02", "2025-10-02", "2025-10-03"),
    ],
)
def test_a_column_covers_its_periods(of: object, column: str, start: str, end: str) -> None:
    """A day, a week, a month; of ticks, all that begin on a day."""
    assert tuple(window_of(of, column)) == (at(start), at(end))  # type: ignore[arg-type]


def test_each_period_is_in_the_window_of_its_column() -> None:
    """From its first instant to its last, for all kinds."""
    for one in (DAY, WEEK, MONTH, TICK):
        schedule = one.schedule
        period = schedule.containing(at("2025-09-25 13:00"))
        for _ in range(12):
            window = window_of(one, column_of(one, period))
            assert window.start <= period.start
            assert period.end <= window.end
            period = schedule.following(period)


@pytest.mark.parametrize(
    "column", ["2025-13-01", "2025-02-30", "x", "", "9999-12-31", "２０２５-10-02"]
)
@pytest.mark.parametrize("of", [DAY, TICK], ids=["day", "tick"])
def test_what_is_no_column_is_refused(of: object, column: str) -> None:
    """Whatever stands in the address."""
    with pytest.raises(PeriodError):
        window_of(of, column)  # type: ignore[arg-type]


def test_weeks_that_begin_on_other_days_have_an_axis_of_their_own() -> None:
    """Ticks are counted by the day, beside the jobs of every day."""
    monday = job("monday", cron="0 12 * * 1", period="week", week_start="monday")
    assert [row_group(one) for one in (DAY, TICK, MONTH, WEEK, monday)] == [
        *("day", "day", "month"),
        *("week-saturday", "week-monday"),
    ]
