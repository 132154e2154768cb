"""When cron expressions fire."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from include.cron import DAYS, MONTHS, CronError, check_cron, expanded, next_fire, previous_fire

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
EXPRESSIONS = [
    "5 0 * * *",
    "10 0 * * 6",
    "15 0 1 * *",
    "30 7 * * *",
    "0 12 * * 6",
    "30 12 3 * *",
    "0 */2 * * *",
    "0 8 * * 1",
    "0 8 1,15 * *",
    "*/5 * * * *",
    "0 8 * * 7",
    "0 8 * * 0",
    "0 0 31 * *",
    "0 0 29 2 *",
    "0 22 * * 1-5",
]
THREE_YEARS = datetime(2024, 1, 1), datetime(2027, 1, 1)
# A five-minute cron fires 315,000 times in three years: these weeks hold every kind of day.
CLOCK_CHANGES = [
    (datetime(2025, 3, 7), datetime(2025, 3, 12)),
    (datetime(2025, 10, 31), datetime(2025, 11, 5)),
]


def _fires(cron: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    fire, fires = start.replace(tzinfo=zone), []
    while (fire := next_fire(cron, fire)) < end.replace(tzinfo=zone):
        fires.append(fire)
    return fires


def _fires_of_cronsim(cron: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    fires = []
    for fire in CronSim(cron, start.replace(tzinfo=zone)):
        if fire >= end.replace(tzinfo=zone):
            break
        fires.append(fire)
    return fires


def _utc(fires: list[datetime]) -> list[str]:
    return [fire.astimezone(ZoneInfo("UTC")).isoformat() for fire in fires]


@pytest.mark.parametrize("cron", EXPRESSIONS)
def test_fires_agree_with_cronsim_over_three_years(
    cron: str, request: pytest.FixtureRequest
) -> None:
    """An independent cron library names the same moments."""
    start, end = THREE_YEARS
    if cron == "*/5 * * * *" and not request.config.getoption("--campaign", default=False):
        end = start + timedelta(days=60)
    if cron == "0 0 29 2 *":
        end = datetime(2033, 1, 1)
    fires = _fires(cron, SHANGHAI, start, end)
    assert fires
    assert _utc(fires) == _utc(_fires_of_cronsim(cron, SHANGHAI, start, end))


@pytest.mark.parametrize("cron", [*EXPRESSIONS, "30 2 * * *", "30 1 * * *", "*/20 1-3 * * *"])
@pytest.mark.parametrize(("start", "end"), CLOCK_CHANGES)
def test_fires_agree_with_cronsim_where_clocks_change(
    cron: str, start: datetime, end: datetime
) -> None:
    """The skipped and the repeated hour are treated as Debian's cron treats them."""
    assert _utc(_fires(cron, NEW_YORK, start, end)) == _utc(
        _fires_of_cronsim(cron, NEW_YORK, start, end)
    )


@pytest.mark.parametrize("cron", [*EXPRESSIONS, "30 2 * * *", "30 1 * * *"])
@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK], ids=str)
def test_walking_back_meets_the_same_fires(cron: str, zone: ZoneInfo) -> None:
    """The fires found backwards are those found forwards."""
    for start, end in CLOCK_CHANGES:
        fires = _fires(cron, zone, start, end)
        back, fire = [], end.replace(tzinfo=zone)
        while (fire := previous_fire(cron, fire)) > start.replace(tzinfo=zone):
            back.append(fire)
        assert _utc(back[::-1]) == _utc(fires)


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("99 9 * * *", "minute 99 is not in 0-59"),
        ("0 24 * * *", "hour 24 is not in 0-23"),
        ("0 8 0 * *", "day of the month 0 is not in 1-31"),
        ("0 8 * 13 *", "month 13 is not in 1-12"),
        ("0 8 * * 8", "day of the week 8 is not in 0-7"),
        ("0 8 * *", "it has 4 fields, not 5"),
        ("0 0 8 * * *", "it has 6 fields, not 5"),
        ("@daily", "it has 1 fields, not 5"),
        ("0 8 L * *", "day of the month 'L' is not a number"),
        ("0 8 * * 6#1", "is not a number, a range"),
        ("R 8 * * *", "minute 'R' is not a number"),
        ("5-1 8 * * *", "runs backwards"),
        ("*/0 8 * * *", "a step that is not in 1-59"),
        ("*-5 8 * * *", "mixes * with a range"),
        ("１ 8 * * *", "minute '１' is not a number"),
        ("0 8 */2 * 1", "read differently by every cron"),
        ("0 0 31 2 *", "never fires"),
        ("5-5 8 * * *", "minute '5-5' is a range of one value; write 5"),
        ("5-5/2 8 * * *", "minute '5-5/2' is a range of one value; write 5"),
        ("0 1,3-3 * * *", "hour '3-3' is a range of one value; write 3"),
        ("0 8 11-11 * *", "day of the month '11-11' is a range of one value; write 11"),
        ("0 8 1 8-8 *", "month '8-8' is a range of one value; write 8"),
        ("0 8 * * MON-MON", "day of the week 'MON-MON' is a range of one value; write MON"),
        ("0 8 * * 7-7", "day of the week '7-7' is a range of one value; write 7"),
        ("0 8 * * 7/2", "day of the week '7/2' goes on past the week's end; write 7, or 0/2"),
        ("", "it has 0 fields"),
    ],
)
def test_wrong_crons_are_refused_with_the_reason(cron: str, problem: str) -> None:
    """The message quotes the expression and says which field is wrong."""
    with pytest.raises(CronError, match="cron") as refusal:
        check_cron(cron)
    assert problem in str(refusal.value)
    assert repr(cron) in str(refusal.value)


@pytest.mark.parametrize(
    "cron", [*EXPRESSIONS, "0 8 * * MON-FRI", "0 8 1 jan *", "5/15 * * * *", "0 8 1 * 1"]
)
def test_good_crons_are_accepted(cron: str) -> None:
    """Standard cron with names, steps, lists and either-day is valid."""
    check_cron(cron)


# What each field wraps around to: its first value, its last, and the names of its values.
WRAPPING = {
    0: (0, 59, ()),
    1: (0, 23, ()),
    2: (1, 31, ()),
    3: (1, 12, MONTHS),
    4: (0, 6, DAYS),
}


@given(st.data())
def test_the_repair_of_a_backward_range_means_what_was_meant(data: st.DataObject) -> None:
    """Both ways that are offered are valid, and fire where a clock that goes round would."""
    place = data.draw(st.sampled_from(sorted(WRAPPING)))
    low, high, names = WRAPPING[place]
    by_name = bool(names) and data.draw(st.booleans())
    first = data.draw(st.integers(low + 1, high + (names is DAYS and not by_name)))
    last = data.draw(st.integers(low, first - 1))
    step = data.draw(st.sampled_from((None, 1, 2, 3, 5)))
    meant, value, passed = [], first, 0
    while True:
        value = low if value > high else value
        if passed % (step or 1) == 0:
            meant.append(value)
        if value == last:
            break
        value, passed = value + 1, passed + 1
    bounds = [names[(one - low) % len(names)] if by_name else str(one) for one in (first, last)]
    fields = ["0", "0", "*", "*", "*"]
    fields[place] = "-".join(bounds) + (f"/{step}" if step else "")
    with pytest.raises(CronError) as caught:
        check_cron(" ".join(fields))
    repairs = re.fullmatch(r".* runs backwards; write (\S+?)(?: \(or (\S+)\))?", str(caught.value))
    assert repairs
    assert bool(repairs[2]) == bool(names)
    for repair in filter(None, repairs.groups()):
        fields[place] = repair
        check_cron(" ".join(fields))
        found = expanded(" ".join(fields))[place]
        assert sorted(range(low, high + 1) if found == ["*"] else found) == sorted(meant)


@pytest.mark.parametrize(
    ("cron", "repair"),
    [
        ("0 8 * * 6-0", "6-7 (or SAT,SUN)"),
        ("0 12 * * FRI-SUN", "5-7 (or FRI,SAT,SUN)"),
        ("0 22-6 * * *", "22-23,0-6"),
        ("0 22-6/2 * * *", "22,0-6/2"),
        ("0 8 1 11-2 *", "11-12,1-2 (or NOV,DEC,JAN,FEB)"),
        ("50-10/5 * * * *", "50,55,0-10/5"),
    ],
)
def test_a_backward_range_is_repaired_in_few_words(cron: str, repair: str) -> None:
    """As a person would write it."""
    with pytest.raises(CronError) as caught:
        check_cron(cron)
    assert str(caught.value).endswith(f" runs backwards; write {repair}")
