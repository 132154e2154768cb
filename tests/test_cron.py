"""When cron expressions fire."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from include.cron import DAYS, MONTHS, CronError, check_cron, expanded, next_fire, previous_fire
from include.language import speaking

SHANGHAI = ZoneInfo("Asia/Shanghai")
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
MINUTE = timedelta(minutes=1)
FIVE_WEEKS = datetime(2024, 1, 29), datetime(2024, 3, 4)  # with the ends of two months
# At two o'clock, at midnight, by half an hour, by two hours; forwards and back.
CLOCK_CHANGES = [
    ("America/New_York", datetime(2025, 3, 8)),
    ("America/New_York", datetime(2025, 11, 1)),
    ("America/Sao_Paulo", datetime(2018, 2, 16)),
    ("America/Sao_Paulo", datetime(2018, 11, 3)),
    ("Australia/Lord_Howe", datetime(2025, 4, 5)),
    ("Australia/Lord_Howe", datetime(2025, 10, 4)),
    ("Antarctica/Troll", datetime(2025, 3, 29)),
    ("Antarctica/Troll", datetime(2025, 10, 25)),
]


def _values(text: str, low: int, high: int) -> set[int]:
    """Return the values of a field."""
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.replace("*", f"{low}-{high}").partition("-")
        end = last or (high if step else first)
        values.update(range(int(first), int(end) + 1, int(step or 1)))
    return values


def _fires(cron: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return all fires from a start on, in UTC, by a look at every minute."""
    minute, hour, day, month, weekday = cron.split()
    minutes, hours, days = _values(minute, 0, 59), _values(hour, 0, 23), _values(day, 1, 31)
    months, weekdays = _values(month, 1, 12), {one % 7 for one in _values(weekday, 0, 6)}
    # A field that names all days there are restricts nothing, however it is written.
    unrestricted = days == {*range(1, 32)} or weekdays == {*range(7)}

    def matches(wall: datetime) -> bool:
        if wall.minute not in minutes or wall.hour not in hours:
            return False
        of_month, of_week = wall.day in days, wall.isoweekday() % 7 in weekdays
        is_day = of_month and of_week if unrestricted else of_month or of_week
        return wall.month in months and is_day

    follows_real_time = "*" in minute + hour
    moment = start.replace(tzinfo=zone).astimezone(timezone.utc)
    last = end.replace(tzinfo=zone).astimezone(timezone.utc)
    fires, reached = [], start - MINUTE
    while moment < last:
        wall = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        if follows_real_time:
            is_fire = matches(wall)
        else:  # what the clock skips is due when it goes on; what comes twice is due once
            is_fire = False
            while reached < wall:
                reached += MINUTE
                is_fire = is_fire or matches(reached)
        if is_fire:
            fires.append(moment)
        moment += MINUTE
    return fires


@pytest.mark.parametrize("cron", EXPRESSIONS)
def test_fires_are_those_of_a_look_at_every_minute(cron: str) -> None:
    """Forwards and backwards, over five weeks."""
    start, end = FIVE_WEEKS if cron != "*/5 * * * *" else (FIVE_WEEKS[0], datetime(2024, 2, 2))
    fires = _fires(cron, SHANGHAI, start, end)
    first, last = (moment.replace(tzinfo=SHANGHAI) for moment in (start, end))
    found, back = [next_fire(cron, first - MINUTE)], [previous_fire(cron, last)]
    while (fire := next_fire(cron, found[-1])) < last:
        found.append(fire)
    while (fire := previous_fire(cron, back[-1])) >= first:
        back.append(fire)
    assert fires == found == back[::-1]


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    span = st.tuples(value, value).filter(lambda two: two[0] < two[1])
    part = st.one_of(
        value.map(str),
        span.map(lambda two: f"{two[0]}-{two[1]}"),
        st.tuples(span, st.integers(1, 5)).map(lambda of: f"{of[0][0]}-{of[0][1]}/{of[1]}"),
        st.tuples(value, st.integers(1, 5)).map(lambda of: f"{of[0]}/{of[1]}"),
    )
    return st.one_of(
        st.lists(part, min_size=1, max_size=2).map(",".join),
        st.sampled_from(["*", *(f"*/{step}" for step in range(1, 6))]),
    )


crons = st.tuples(
    _field(0, 59),
    st.one_of(_field(0, 23), _field(0, 3)),
    st.one_of(st.just("*"), _field(1, 31)),
    st.just("*"),
    st.one_of(st.just("*"), _field(0, 6)),
).map(" ".join)


@settings(max_examples=40)  # each looks at every minute of three days
@given(
    cron=crons,
    change=st.sampled_from(CLOCK_CHANGES),
    into=st.integers(0, 71 * 3600 - 1),  # three days may be an hour short
    microsecond=st.sampled_from([0, 0, 1, 500_000]),
)
def test_fires_where_clocks_change_are_those_of_a_look_at_every_minute(
    cron: str, change: tuple[str, datetime], into: int, microsecond: int
) -> None:
    """The skipped and the repeated hour are treated as Debian's cron treats them."""
    try:
        check_cron(cron)
    except CronError:
        reject()
    zone, start = ZoneInfo(change[0]), change[1]
    fires = _fires(cron, zone, start, start + timedelta(days=3))
    edge = start.replace(tzinfo=zone).astimezone(timezone.utc)
    edge += timedelta(seconds=into, microseconds=microsecond)
    after = next_fire(cron, edge.astimezone(zone)).astimezone(timezone.utc)
    before = previous_fire(cron, edge.astimezone(zone)).astimezone(timezone.utc)
    later, earlier = [one for one in fires if one > edge], [one for one in fires if one < edge]
    assert after == later[0] if later else after > edge + timedelta(days=3, seconds=-into - 7201)
    assert before == earlier[-1] if earlier else before < edge - timedelta(seconds=into)


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("99 9 * * *", "minute 99 is not in 0-59"),
        ("0 24 * * *", "hour 24 is not in 0-23"),
        ("0 8 0 * *", "day of the month 0 is not in 1-31"),
        ("0 8 * 13 *", "month 13 is not in 1-12"),
        ("0 8 * * 8", "day of the week 8 is not in 0-7"),
        ("0 8 * *", "it has 4 fields, not 5"),
        ("0 0 8 * * *", "it has six fields"),
        ("@daily", "it has 1 fields, not 5"),
        ("0 8 L * *", "day of the month 'L' is not a number"),
        ("0 8 * * 6#1", "is not a number, a range"),
        ("R 8 * * *", "minute 'R' is not a number"),
        ("5-1 8 * * *", "runs backwards"),
        ("*/0 8 * * *", "a step that is not in 1-59"),
        ("*-5 8 * * *", "mixes * with a range"),
        ("１ 8 * * *", "it has full-width １: write '1 8 * * *'"),
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


def test_a_chinese_reader_sees_the_field_and_the_repair_in_chinese() -> None:
    """Each part of the sentence is translated, and what is to be written stays as it is."""
    with speaking("zh"), pytest.raises(CronError) as raised:
        check_cron("0 8 * * FRI-MON")
    told = "cron '0 8 * * FRI-MON' 无效：星期 'FRI-MON' 前后颠倒；请写 5-7,1（或 FRI,SAT,SUN,MON）"
    assert str(raised.value) == told
