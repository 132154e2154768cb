"""Which period a run covers."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.periods import PeriodError, Schedule, check_fit

if TYPE_CHECKING:
    from collections.abc import Iterator

CRONS = {
    "day": ["5 0 * * *", "0 0 * * *", "30 2 * * *", "0 7 * * *", "59 23 * * *"],
    "week": ["10 0 * * 6", "0 12 * * 6", "0 8 * * 1", "0 8 * * 7", "0 0 * * 3"],
    "month": ["15 0 1 * *", "30 12 3 * *", "0 0 28 * *"],
    "tick": ["0 */2 * * *", "*/15 * * * *", "0 22 * * 1-5", "0 8 1,15 * *", "30 1 * * *"],
}
ZONES = ["Asia/Shanghai", "America/New_York", "Europe/London", "Africa/Cairo", "Asia/Kathmandu"]
WEEK_STARTS = ["saturday", "monday", "sunday"]

schedules = st.sampled_from(sorted(CRONS)).flatmap(
    lambda period: st.builds(
        Schedule,
        st.sampled_from(CRONS[period]),
        st.just(period),
        st.sampled_from(ZONES),
        st.sampled_from(WEEK_STARTS),
    )
)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone.utc))


@pytest.fixture(params=["Asia/Shanghai", "America/Los_Angeles"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make the machine's own clock be elsewhere than UTC."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("machine_zone")
@pytest.mark.parametrize("period", sorted(CRONS))
@pytest.mark.parametrize("zone", ZONES)
def test_the_machines_own_zone_changes_nothing(period: str, zone: str) -> None:
    """Airflow's moments are Pendulum's; they mean the same on a machine anywhere."""
    for cron in CRONS[period]:
        schedule = Schedule(cron, period, zone)
        for days in range(0, 366, 29):
            moment = datetime(2025, 10, 3, 4, 30, tzinfo=timezone.utc) + timedelta(days=days)
            theirs = pendulum.instance(moment)
            assert schedule.latest_fire(theirs) == schedule.latest_fire(moment)
            assert schedule.next_fire(theirs) == schedule.next_fire(moment)
            assert schedule.last_ended(theirs) == schedule.last_ended(moment)
            assert schedule.containing(theirs) == schedule.containing(moment)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)


@given(schedules, moments)
def test_periods_tile_the_time_line(schedule: Schedule, moment: datetime) -> None:
    """Each moment lies in one period, and the next one starts where it ends."""
    period = schedule.containing(moment)
    assert _utc(period.start) <= moment < _utc(period.end)
    following = schedule.following(period)
    assert _utc(following.start) == _utc(period.end)
    assert following.key != period.key
    assert schedule.preceding(following) == period


@given(schedules, moments)
def test_a_scheduled_run_covers_a_period_that_has_ended(
    schedule: Schedule, moment: datetime
) -> None:
    """When a run starts its period is over, and no later period is."""
    fire = schedule.next_fire(moment)
    period = schedule.covered_by(fire)
    assert _utc(period.end) <= _utc(fire)
    assert _utc(schedule.following(period).end) > _utc(fire)


@given(schedules, moments)
def test_each_period_has_one_scheduled_run(schedule: Schedule, moment: datetime) -> None:
    """Following the cron from one fire to the next goes from one period to the next."""
    fire = schedule.next_fire(moment)
    following = schedule.next_fire(fire)
    period = schedule.covered_by(fire)
    assert schedule.covered_by(following) == schedule.following(period)
    assert _utc(schedule.fire_for(period)) == _utc(fire)


@given(schedules, moments)
def test_a_key_names_its_period(schedule: Schedule, moment: datetime) -> None:
    """What a key is made of is what it is read back as."""
    period = schedule.containing(moment)
    assert schedule.parse_key(period.key) == period
    assert _utc(schedule.parse_key(period.key).start) == _utc(period.start)


@given(schedules, moments, st.integers(min_value=0, max_value=9))
@example(  # a day that begins at 01:00, since the clock skips its midnight
    Schedule("5 0 * * *", "day", "Africa/Cairo"), datetime(2028, 4, 25, tzinfo=timezone.utc), 2
)
def test_a_range_holds_both_its_ends(schedule: Schedule, moment: datetime, more: int) -> None:
    """From one key to another are all periods between, both inclusive, oldest first."""
    period, periods = schedule.containing(moment), []
    for _ in range(more + 1):
        periods.append(period)
        period = schedule.following(period)
    now = _utc(periods[-1].end)
    assert schedule.ended_between(periods[0].key, periods[-1].key, now) == periods
    with pytest.raises(PeriodError, match="ends"):
        schedule.ended_between(periods[0].key, periods[-1].key, now - timedelta(seconds=1))


def test_the_examples_of_the_design_hold() -> None:
    """ERP at 07:00 covers yesterday; Saturday noon the week to Friday; the 3rd the month before."""
    shanghai = ZoneInfo("Asia/Shanghai")
    daily = Schedule("0 7 * * *", "day").covered_by(datetime(2025, 10, 3, 7, tzinfo=shanghai))
    weekly = Schedule("0 12 * * 6", "week").covered_by(datetime(2025, 10, 4, 12, tzinfo=shanghai))
    monthly = Schedule("30 12 3 * *", "month").covered_by(
        datetime(2025, 10, 3, 12, 30, tzinfo=shanghai)
    )
    assert daily.key == "2025-10-02"
    assert (weekly.key, weekly.first_day, weekly.last_day) == (
        "2025-09-27",
        date(2025, 9, 27),
        date(2025, 10, 3),
    )
    assert (monthly.key, monthly.last_day) == ("2025-09", date(2025, 9, 30))


def test_a_repeated_hour_has_two_keys() -> None:
    """When clocks go back the second 01:30 is told from the first by its offset."""
    schedule = Schedule("*/30 * * * *", "tick", "America/New_York")
    period, keys = schedule.parse_key("2025-11-02T01:00"), []
    for _ in range(4):
        keys.append(period.key)
        period = schedule.following(period)
    assert keys == [
        "2025-11-02T01:00",
        "2025-11-02T01:30",
        "2025-11-02T01:00-05:00",
        "2025-11-02T01:30-05:00",
    ]


@pytest.mark.parametrize(
    ("period", "key", "problem"),
    [
        ("day", "2025-10-2", "is not a day: write it like 2025-10-02"),
        ("day", "20251002", "is not a day"),
        ("day", "2025-13-02", "is not in the calendar"),
        ("day", "2025-10-02; rm -rf /", "is not a day"),
        ("week", "2025-10-02", "is not the start of a week: try 2025-09-27 or 2025-10-04"),
        ("month", "2025-10-02", "is not a month: write it like 2025-09"),
        ("tick", "2025-10-02T14:07", "is not the start of a tick"),
        ("day", "", "is not a day"),
        ("day", "２０２５-１０-０２", "is not a day"),
        ("tick", "2025-10-02T１4:00", "is not a tick"),
        ("day", "0001-01-01", "is not in the calendar"),
        ("day", "9999-12-31", "is not in the calendar"),
    ],
)
def test_wrong_keys_are_refused_with_a_right_one(period: str, key: str, problem: str) -> None:
    """The message quotes the key and says how to write it."""
    schedule = Schedule(CRONS[period][0], period)
    with pytest.raises(PeriodError) as refusal:
        schedule.parse_key(key)
    assert problem in str(refusal.value)


def test_a_period_that_is_not_over_is_refused() -> None:
    """The message says when it ends and which one can run."""
    schedule = Schedule("0 7 * * *", "day")
    now = datetime(2025, 10, 3, 6, tzinfo=ZoneInfo("Asia/Shanghai"))
    with pytest.raises(PeriodError, match=r"ends 2025-10-04.*can run is 2025-10-02"):
        schedule.ended("2025-10-03", now)
    with pytest.raises(PeriodError, match="swap the two"):
        schedule.ended_between("2025-10-02", "2025-10-01", now)


@pytest.mark.parametrize(
    ("cron", "period", "instead"),
    [
        ("0 22 * * 1-5", "day", "period: tick"),
        ("0 */2 * * *", "day", "period: tick"),
        ("* 8 * * *", "day", "period: tick"),
        ("0 8 * * 1", "day", "period: week"),
        ("0 8 3 * *", "day", "period: month"),
        ("0 8 * * *", "week", "period: day"),
        ("0 8 * * 1,4", "week", "period: tick"),
        ("0 0 31 * *", "month", "period: tick"),
        ("0 0 29 * *", "month", "period: tick"),
        ("0 0 1 1 *", "month", "period: tick"),
        ("0 0 1 * 1", "month", "period: tick"),
    ],
)
def test_a_period_that_does_not_fit_its_cron_is_refused(
    cron: str, period: str, instead: str
) -> None:
    """A cron that would lose or double a period is an error with the fix in it."""
    with pytest.raises(PeriodError, match=instead):
        check_fit(cron, period)


@pytest.mark.parametrize("period", sorted(CRONS))
def test_crons_that_fit_are_accepted(period: str) -> None:
    """A cron with one fire in each period fits it; any cron fits ticks."""
    for cron in CRONS[period]:
        check_fit(cron, period)


@given(schedules, moments)
def test_a_period_is_covered_by_the_first_fire_after_its_end(
    schedule: Schedule, moment: datetime
) -> None:
    """Found without a walk, it is the one that a walk finds, also where clocks change."""
    period = schedule.containing(moment)
    edge = period.end.astimezone(timezone.utc) - timedelta(seconds=1)
    assert schedule.fire_for(period) == schedule.next_fire(edge)
