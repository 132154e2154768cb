"""Which landed units are due to be pulled again, over weeks of runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, update

from include.periods import Schedule
from include.units.ledger import Ledger, is_of
from include.units.repulls import due_for_a_repull
from include.units.unit import NO_SHOP, State, Unit, window
from include.warehouse import connect
from include.warehouse.tables import ledger as table

if TYPE_CHECKING:
    from include.periods import Period

AGES = [timedelta(days=days) for days in (1, 3, 7)]
WEEK = timedelta(days=7)


class Job:
    """Runs of one job, each of which lands its period and then pulls again what is due."""

    def __init__(self, url: str, schedule: Schedule, ages: list[timedelta], first: str) -> None:
        self.engine = connect(url)
        self.schedule, self.ages = schedule, ages
        self.next = schedule.parse_key(first)

    def run(self, late: timedelta = timedelta()) -> list[str]:
        """Run the next period, so long after it is due; return what was pulled again."""
        own, self.next = self.next, self.schedule.following(self.next)
        fire = self.schedule.fire_for(own).astimezone(timezone.utc)
        self._write(own, fire + late)
        since = self.schedule.preceding(own).end.astimezone(timezone.utc) - WEEK
        due = due_for_a_repull(self.engine, "job", self.ages, since, fire)
        with self.engine.begin() as connection:
            for row in due:
                done = update(table).where(is_of(row)).values(repulled_at=fire + late)
                connection.execute(done)
        return [row.period_key for row in due]

    def _write(self, period: Period, moment: datetime) -> None:
        unit = Unit("job", NO_SHOP, period)
        key = {"job_id": "job", "shop_id": NO_SHOP, "period_key": period.key}
        with self.engine.begin() as connection:
            landed = {"state": State.OK, "attempts": 1, "finished_at": moment}
            connection.execute(insert(table).values(**key, **window(unit), **landed))


def test_each_day_has_those_that_ended_one_three_and_seven_days_before(warehouse_url: str) -> None:
    """The oldest first, since it is their last time."""
    job = Job(warehouse_url, Schedule("30 8 * * *", "day"), AGES, "2025-10-01")
    for _ in range(10):
        job.run()
    assert job.run() == ["2025-10-04", "2025-10-08", "2025-10-10"]  # the run of 2025-10-11
    assert job.run() == ["2025-10-05", "2025-10-09", "2025-10-11"]


def test_an_outage_is_made_up_for_once(warehouse_url: str) -> None:
    """Runs that come three days late pull nothing twice, and afterwards all is as ever."""
    job = Job(warehouse_url, Schedule("30 8 * * *", "day"), AGES, "2025-10-01")
    for _ in range(10):
        job.run()
    for days in (3, 2, 1):
        pulled = job.run(timedelta(days=days))
        assert len(set(pulled)) == len(pulled) <= 3
    for _ in range(8):
        job.run()
    assert job.run() == ["2025-10-15", "2025-10-19", "2025-10-21"]


def test_what_was_left_is_taken_up_by_the_next_run(warehouse_url: str) -> None:
    """A unit that was not pulled again stays due; for a week, so that none is asked for ever."""
    job = Job(warehouse_url, Schedule("30 8 * * *", "day"), AGES[2:], "2025-10-01")
    for _ in range(7):
        assert job.run() == []
    assert job.run() == ["2025-10-01"]
    forget = update(table).where(table.c.period_key == "2025-10-01").values(repulled_at=None)
    with job.engine.begin() as connection:
        connection.execute(forget)
    assert job.run() == ["2025-10-01", "2025-10-02"]
    with job.engine.begin() as connection:
        connection.execute(forget)
    asked = [job.run() for _ in range(8)]
    assert asked[0] == ["2025-10-01", "2025-10-03"]
    assert asked[-1] == ["2025-10-10"]


@pytest.mark.parametrize(
    ("schedule", "ages", "first", "pulled"),
    [
        (Schedule("0 12 * * 6", "week"), [WEEK], "2025-09-06", "2025-10-04"),
        (Schedule("30 12 3 * *", "month"), [timedelta(days=28)], "2025-01", "2025-05"),
    ],
    ids=["weeks", "months"],
)
def test_longer_periods_have_the_one_before(
    warehouse_url: str, schedule: Schedule, ages: list[timedelta], first: str, pulled: str
) -> None:
    """Whatever the month's length."""
    job = Job(warehouse_url, schedule, ages, first)
    for _ in range(5):
        job.run()
    assert job.run() == [pulled]


def test_what_has_failed_or_runs_is_not_pulled_again(warehouse_url: str) -> None:
    """That is what self-healing and the run under way are for."""
    job = Job(warehouse_url, Schedule("30 8 * * *", "day"), AGES[:1], "2025-10-01")
    job.run()
    (row,) = Ledger(job.engine).rows("job", "2025-10-01")
    assert Ledger(job.engine).reject(row, "too few")
    assert job.run() == []
