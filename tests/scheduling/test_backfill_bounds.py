"""What the bounds of a backfill mean, as the web UI, the command line and REST send them."""

from __future__ import annotations

from datetime import datetime, timezone

import pendulum
import pytest
import time_machine
from airflow._shared.timezones.timezone import coerce_datetime

from include.scheduling.timetable import CalendarPartitionTimetable

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
CRONS = {"day": "0 7 * * *", "week": "0 12 * * 6", "month": "30 12 3 * *", "tick": "0 * * * *"}


def _timetable(period: str, zone: str) -> CalendarPartitionTimetable:
    return CalendarPartitionTimetable(CRONS[period], timezone=zone, period=period)


def _keys(period: str, zone: str, first: datetime, last: datetime) -> list[str]:
    with time_machine.travel(datetime(2026, 11, 29, tzinfo=timezone.utc), tick=False):
        infos = _timetable(period, zone).iter_partition_dagrun_infos(earliest=first, latest=last)
        return [str(info.partition_key) for info in infos]


def _form(browser: str, *texts: str) -> list[datetime]:
    """Return what the UI's form sends: moments in UTC, as the API hands them on."""
    moments = (pendulum.parse(text, tz=browser).in_timezone("UTC") for text in texts)
    return [coerce_datetime(datetime.fromisoformat(moment.isoformat())) for moment in moments]


def _command_line(*texts: str) -> list[datetime]:
    """Return what `airflow backfill create` makes of a text, with the delivered default zone."""
    return [pendulum.parse(text, tz=SHANGHAI) for text in texts]


def _days(first: int, last: int, month: int = 10) -> list[str]:
    return [f"2026-{month}-{day:02}" for day in range(first, last + 1)]


@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK, "Europe/Berlin", "UTC", "Pacific/Auckland"])
@pytest.mark.parametrize(
    "browser",
    [SHANGHAI, NEW_YORK, "UTC", "Europe/London", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney"],
)
@pytest.mark.parametrize("end", ["2026-10-12T00:00", "2026-10-12T23:59"])
def test_the_form_makes_the_days_that_it_shows(zone: str, browser: str, end: str) -> None:
    """Midnight in the browser stands for that date, whatever the zones of browser and job are."""
    bounds = _form(browser, "2026-10-10T00:00", end)
    assert _keys("day", zone, *bounds) == _days(10, 12)


@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK, "UTC"])
def test_the_command_line_makes_the_days_that_were_written(zone: str) -> None:
    """A date without a zone is a date on the job's clock, both ends inclusive."""
    assert _keys("day", zone, *_command_line("2026-10-10", "2026-10-12")) == _days(10, 12)
    assert _keys("day", zone, *_command_line("2026-10-10", "2026-10-10")) == _days(10, 10)


@pytest.mark.parametrize(
    ("period", "first", "last", "keys"),
    [
        ("day", "2026-10-05T00:00-04:00", "2026-10-08T00:00-04:00", _days(5, 8)),
        ("day", "2026-10-10T09:30+08:00", "2026-10-12T18:10+08:00", _days(10, 12)),
        ("day", "2026-10-10T00:00Z", "2026-10-12T00:00Z", _days(10, 12)),
        ("week", "2026-09-26T00:00+08:00", "2026-10-03T00:00+08:00", ["2026-09-26", "2026-10-03"]),
        ("month", "2026-09-01T00:00+08:00", "2026-10-01T00:00+08:00", ["2026-09", "2026-10"]),
    ],
)
def test_moments_mean_days_on_the_clock_of_the_job(
    period: str, first: str, last: str, keys: list[str]
) -> None:
    """A bound within a day takes the whole day in, and none is shifted by its offset."""
    bounds = (pendulum.parse(text) for text in (first, last))
    assert _keys(period, SHANGHAI, *bounds) == keys


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        ("2026-11-27T22:00", "2026-11-27T23:30", ["27T22", "27T23"]),
        ("2026-11-27T08:00", "2026-11-27T10:00", ["27T08", "27T09", "27T10"]),
        ("2026-11-27T22:00", "2026-11-28T00:00", ["27T22", "27T23", "28T00"]),
        ("2026-11-27T00:00", "2026-11-27T00:00", [f"27T{hour:02}" for hour in range(24)]),
    ],
)
def test_ticks_are_asked_for_by_moments(first: str, last: str, hours: list[str]) -> None:
    """The form's hours are those that run; midnight to midnight is whole days."""
    keys = [f"2026-11-{hour}:00" for hour in hours]
    assert _keys("tick", SHANGHAI, *_form(SHANGHAI, first, last)) == keys


def test_ticks_on_the_command_line_are_on_the_clock_of_the_job() -> None:
    """A time without a zone is read on the job's clock, and a last date takes its whole day in."""
    keys = _keys("tick", NEW_YORK, *_command_line("2026-11-26T22:00", "2026-11-27"))
    assert keys[:2] == ["2026-11-26T22:00", "2026-11-26T23:00"]
    assert keys[2:] == [f"2026-11-27T{hour:02}:00" for hour in range(24)]


@pytest.mark.parametrize(
    ("bound", "day"),
    [
        (_command_line("2026-10-10")[0], "2026-10-10"),
        (_form(SHANGHAI, "2026-10-10T00:00")[0], "2026-10-10"),
        (pendulum.parse("2026-10-10T00:00Z"), "2026-10-10"),
        (datetime(2026, 10, 10), "2026-10-10"),
    ],
)
@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK])
def test_runs_are_found_by_the_same_days(bound: datetime, day: str, zone: str) -> None:
    """Clearing and listing by partition date means the day that a backfill of that date makes."""
    assert _timetable("day", zone).localize_partition_datetime(bound) == pendulum.parse(
        day, tz=zone
    )


@pytest.mark.parametrize("period", ["day", "week", "month", "tick"])
def test_the_ends_of_the_calendar_are_bounds_like_others(period: str) -> None:
    """Whoever writes them means all that there is."""
    first = datetime(1, 1, 1, tzinfo=timezone.utc)
    near = datetime(2026, 11, 27, 16, tzinfo=timezone.utc)
    timetable = _timetable(period, SHANGHAI)
    infos = timetable.iter_partition_dagrun_infos(earliest=first, latest=near)
    assert next(iter(infos)).partition_date.year in (1999, 2000)
    assert timetable.localize_partition_datetime(first).year in (1999, 2000)
    last = datetime(9999, 12, 31, 23, 59, tzinfo=timezone.utc)
    assert _keys(period, SHANGHAI, datetime(2026, 9, 1, tzinfo=timezone.utc), last)
