"""By when a period must have landed."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from include.periods import Schedule
from include.registry.deadlines import check_deadline, deadline_of

SHANGHAI = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("cron", "period", "key", "deadline", "expected"),
    [
        ("0 7 * * *", "day", "2025-10-02", None, "2025-10-03T09:00+08:00"),
        ("0 7 * * *", "day", "2025-10-02", time(10), "2025-10-03T10:00+08:00"),
        ("30 22 * * *", "day", "2025-10-02", None, "2025-10-04T00:30+08:00"),
        ("0 12 * * 6", "week", "2025-09-27", time(15, 30), "2025-10-04T15:30+08:00"),
        ("30 12 3 * *", "month", "2025-09", None, "2025-10-03T14:30+08:00"),
        ("0 */2 * * *", "tick", "2025-10-02T14:00", None, "2025-10-02T18:00+08:00"),
    ],
)
def test_deadlines(cron: str, period: str, key: str, deadline: time | None, expected: str) -> None:
    """It is the entry's time on the day of the run, else two hours after the run starts."""
    schedule = Schedule(cron, period, SHANGHAI)
    found = deadline_of(schedule, deadline, schedule.parse_key(key))
    assert found.isoformat(timespec="minutes") == expected
    assert found.tzinfo == ZoneInfo(SHANGHAI)


def test_two_hours_are_two_hours_where_the_clock_changes() -> None:
    """The clock of Berlin goes from 02:00 to 03:00 on 2025-03-30."""
    schedule = Schedule("30 1 * * *", "day", "Europe/Berlin")
    found = deadline_of(schedule, None, schedule.parse_key("2025-03-29"))
    assert found == datetime(2025, 3, 30, 4, 30, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize("deadline", [time(7), time(6, 59), time(0)])
def test_a_deadline_lies_after_the_start(deadline: time) -> None:
    """Else each day would be late before it began."""
    with pytest.raises(
        ValueError, match=r"is not after 07:00.* write a later one, as in \"09:00\""
    ):
        check_deadline("0 7 * * *", "day", deadline)
    check_deadline("0 7 * * *", "day", time(7, 1))
