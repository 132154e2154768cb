"""Dates and times as feeds write them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from include.platforms.feed.times import day_of, moment_of
from tests.gateways.feed_samples import REVIEWS, feed_of

NOON = datetime(2025, 10, 2, 12, 30)


@pytest.mark.parametrize(
    ("written", "dates", "zone"),
    [
        ("2025-10-02T12:30:00+08:00", "iso", "UTC"),
        ("2025-10-02T04:30:00Z", "iso", "Asia/Shanghai"),
        ("2025-10-02T06:30:00+0200", "iso", "Asia/Shanghai"),
        ("2025-10-02 12:30:00", "iso", "Asia/Shanghai"),
        ("2025-10-02 12:30", "iso", "Asia/Shanghai"),
        ("2025-10-02T04:30:00", "iso", "UTC"),
        ("2025-10-02T06:30:00.000", "iso", "Europe/Berlin"),
        (1759379400, "epoch_seconds", "UTC"),
        (1759379400000, "epoch_milliseconds", "Europe/Berlin"),
        ("02.10.2025 06:30", "%d.%m.%Y %H:%M", "Europe/Berlin"),
        ("20251002 123000 +0800", "%Y%m%d %H%M%S %z", "UTC"),
    ],
)
def test_a_moment_is_read_to_the_wall_clock_of_shanghai(
    written: Any, dates: str, zone: str
) -> None:
    """Whatever the feed's form and zone, the warehouse has one clock."""
    assert moment_of(written, feed_of(REVIEWS, dates=dates, timezone=zone)) == NOON


@pytest.mark.parametrize(
    ("written", "dates", "microsecond"),
    [
        ("2025-10-02T12:30:00.5+08:00", "iso", 500_000),
        ("2025-10-02T12:30:00.123456789+08:00", "iso", 123_456),
        (1759379400250, "epoch_milliseconds", 250_000),
    ],
)
def test_parts_of_a_second_stay(written: Any, dates: str, microsecond: int) -> None:
    """To the microsecond, which is what the warehouse keeps."""
    expected = NOON.replace(microsecond=microsecond)
    assert moment_of(written, feed_of(REVIEWS, dates=dates)) == expected


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("2025-10-02", "iso"),
        ("2025-13-02T00:00:00", "iso"),
        ("yesterday", "iso"),
        (1759379400, "iso"),
        (None, "iso"),
        ("1759379400", "epoch_seconds"),
        (1759379400000, "epoch_seconds"),
        (1759379400, "epoch_milliseconds"),
        (True, "epoch_seconds"),
        (10**30, "epoch_seconds"),
        ("2025-10-02 12:30", "%d.%m.%Y %H:%M"),
        (20251002, "%Y%m%d"),
        ("1925-10-02 12:30:00", "iso"),
    ],
)
def test_what_is_no_moment_in_the_feeds_form_is_refused(written: Any, dates: str) -> None:
    """Also seconds for milliseconds and the other way: they would land in another century."""
    with pytest.raises(ValueError, match="expected a "):
        moment_of(written, feed_of(REVIEWS, dates=dates))


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("2025-10-02", "iso"),
        ("2025-10-01T16:00:00Z", "iso"),
        (1759334400, "epoch_seconds"),
        ("02.10.2025", "%d.%m.%Y"),
        ("20251001 16 +0000", "%Y%m%d %H %z"),
    ],
)
def test_days(written: Any, dates: str) -> None:
    """A day is itself; of a moment it is the day in Shanghai."""
    assert day_of(written, feed_of(REVIEWS, dates=dates)) == date(2025, 10, 2)
