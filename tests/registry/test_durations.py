"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.registry.durations import parse_duration, write_duration


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("0d", timedelta(0)),
    ],
)
def test_parse(text: str, span: timedelta) -> None:
    """Days, hours, minutes and seconds are read, each with its unit."""
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "1.5h", "-5m", "5M", "30m1h", "５m", "1w"])
def test_refused(text: str) -> None:
    """A number without a unit, an unknown unit, a wrong order: nothing is guessed."""
    with pytest.raises(ValueError, match="write"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_written_as_read(seconds: int) -> None:
    """What is written is read as the same duration."""
    span = timedelta(seconds=seconds)
    assert parse_duration(write_duration(span)) == span
