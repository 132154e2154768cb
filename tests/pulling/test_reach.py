"""A day is whole when its run is green, and stays so: held against the sandbox's truth."""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Sandbox
from tests.pull_jobs import ERP, JD, PDD, PullJob
from tests.pulling.mornings import Mornings
from tests.pulling.simulated_days import DAY, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A day of PDD's takes 1,625 calls a shop: tests/scripts/test_pdd_quality.py pulls one.
QUICK = pytest.mark.parametrize("job", [ERP, JD], ids=lambda job: job.id)
FIRST = date(2025, 10, 2)
LANDED, TEMPORARY = 0, 75
FAULTS = ("http_503", "reset_in_body", "truncated", "error_object", "empty_page")


@pytest.fixture
def mornings_of(warehouse_url: str, tmp_path: Path) -> Iterator[Callable[[PullJob], Mornings]]:
    """Return what makes the mornings of a job."""
    with ExitStack() as stack:
        yield lambda job: stack.enter_context(served(Mornings(job, warehouse_url, tmp_path)))


def _scheduled(team: Mornings, days: int) -> None:
    """Run days in a row, each on the morning after; hold each, and all of them in the end."""
    for number in range(days):
        day = FIRST + number * DAY
        assert team.schedule(day) == LANDED, team.said
        team.check(day)
        for shop in team.shops:
            row = team.row(team.job.id, shop.id, day.isoformat())
            assert (row.state, row.rows) == ("ok", len(team.landed(shop, day)))
            assert row.table_name == team.job.table.name
    for number in range(days):
        team.check(FIRST + number * DAY)


@QUICK
def test_a_day_is_whole_on_the_morning_after(
    job: PullJob, mornings_of: Callable[[PullJob], Mornings]
) -> None:
    """The view and its rows are the platform's, to the row and the cent, when the run is green."""
    _scheduled(mornings_of(job), 2)


@pytest.mark.campaign
@pytest.mark.timeout(2 * 3600)
@pytest.mark.parametrize("job", [ERP, JD, PDD], ids=lambda job: job.id)
def test_thirty_days_of_all_shops_are_whole(
    job: PullJob, mornings_of: Callable[[PullJob], Mornings]
) -> None:
    """Each on the morning after, and all of them on the last one."""
    _scheduled(mornings_of(job), 30)


class Trouble:
    """Days on which runs are missed, fail, are repaired and made again, at random.

    Args:
        team: whose.
        chance: decides.
    """

    def __init__(self, team: Mornings, chance: random.Random) -> None:
        self.team, self.chance = team, chance
        self.missing: list[date] = []
        self.landed: list[date] = []

    def morning(self, day: date) -> None:
        """Make a day's run or not; then perhaps others that are missing, or once more."""
        self.team.now = datetime.combine(day + DAY, datetime.min.time()) + timedelta(hours=8)
        self.missing.append(day)
        if self.chance.random() < 0.6:
            self.run(day)
        if self.missing and self.chance.random() < 0.4:
            self.run(self.chance.choice(self.missing))
        if self.landed and self.chance.random() < 0.3:
            self.run(self.chance.choice(self.landed))
        self.team.now += timedelta(hours=self.chance.randrange(0, 12))

    def run(self, day: date, *, fails: float = 0.35) -> None:
        """Run a day, again if it has landed; it may fail. What lands is whole, where it can be."""
        team, again = self.team, day in self.landed
        gateway = Sandbox(team.base_url)
        if self.chance.random() < fails:
            fault, after = self.chance.choice(FAULTS), self.chance.randrange(0, 8)
            gateway.arm(fault, team.job.dialect, times=10_000, after=after)
        code = team.run(day.isoformat(), again=again)
        gateway.clear()
        assert code in (LANDED, TEMPORARY), team.said
        if code == LANDED and not again:
            self.missing.remove(day)
            self.landed.append(day)
        is_recent = team.now < datetime.combine(day + 2 * DAY, datetime.min.time())
        if code == LANDED and (is_recent or team.job is not PDD):
            team.check(day)

    def repair(self) -> None:
        """Run what is missing, the oldest first, and hold every day against the truth."""
        for day in sorted(self.missing):
            self.run(day, fails=0)
        if self.landed:
            self.run(max(self.landed), fails=0)  # what has changed since the last run
        for day in self.landed:
            self.team.check(day)


def _troubled(team: Mornings, days: int, seed: int) -> None:
    trouble = Trouble(team, random.Random(seed))
    for number in range(days):
        trouble.morning(FIRST + number * DAY)
    trouble.repair()
    assert len(trouble.landed) == days


@QUICK
def test_days_are_whole_after_outages_failures_and_repairs(
    job: PullJob, mornings_of: Callable[[PullJob], Mornings]
) -> None:
    """In whatever order they were missed, failed, were repaired and pulled again."""
    team = mornings_of(job)
    team.shops = team.shops[:1]
    _troubled(team, days=4, seed=4)  # days missed, failed, out of order and again


@pytest.mark.campaign
@pytest.mark.timeout(2 * 3600)
@pytest.mark.parametrize(
    ("job", "seed"),
    [*((job, seed) for job in (ERP, JD) for seed in range(2, 12)), *((PDD, 2), (PDD, 3), (PDD, 4))],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_days_are_whole_after_any_trouble(
    job: PullJob, seed: int, mornings_of: Callable[[PullJob], Mornings]
) -> None:
    """The same many times, for two weeks; of after-sales, which take their time, for one shop."""
    team = mornings_of(job)
    team.shops = team.shops[: 1 if job is PDD else 2]
    _troubled(team, days=5 if job is PDD else 14, seed=seed)


@QUICK
def test_a_list_that_is_behind_costs_nothing(
    job: PullJob, mornings_of: Callable[[PullJob], Mornings]
) -> None:
    """Every change up to what the ledger says is in, also of a list that is half a minute late."""
    team = mornings_of(job)
    team.behind = timedelta(seconds=30)
    assert team.schedule(FIRST) == LANDED, team.said
    for shop in team.shops:
        as_of = team.now - team.behind
        assert team.landed(shop, FIRST) == team.truth(shop, FIRST, as_of)
        row = team.row(team.job.id, shop.id, FIRST.isoformat())
        assert row.covered_until is not None
        assert row.covered_until.replace(tzinfo=None) + timedelta(hours=8) <= as_of


def test_what_lands_early_is_provisional_and_lands_again(
    mornings_of: Callable[[PullJob], Mornings],
) -> None:
    """The ledger and the table say so; the run that is due pulls it again, for good."""
    team = mornings_of(ERP)
    key = FIRST.isoformat()
    team.now = datetime(2025, 10, 3, 0, 2)
    assert team.run(key, PROVISIONAL="1") == LANDED
    assert [team.row(ERP.id, shop.id, key).state for shop in team.shops] == ["provisional"] * 3
    assert "provisional" in team.said
    assert team.schedule(FIRST) == LANDED
    assert [team.row(ERP.id, shop.id, key).state for shop in team.shops] == ["ok"] * 3
    team.check(FIRST)


def test_a_period_that_goes_on_is_not_pulled(
    mornings_of: Callable[[PullJob], Mornings],
) -> None:
    """A part of a day would pass for all of it; it is temporary and says until when."""
    team = mornings_of(ERP)
    team.now = datetime(2025, 10, 2, 23, 59)
    assert team.run(FIRST.isoformat()) == TEMPORARY
    assert "the period ends at 2025-10-03 00:00:00+08:00" in team.said
