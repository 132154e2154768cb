"""When this installation first saw each job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, insert, select, text

from include.coverage import read_coverage
from include.units.first_seen import first_seen
from include.units.job_units import expected_from
from include.warehouse import connect
from include.warehouse.migrating import migrate
from include.warehouse.tables import jobs_seen, ledger
from tests.coverage.registries import at, job, registry, row
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = at("2025-10-03T12:00")


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    """Open a new warehouse."""
    engine = connect(warehouse_url)
    yield engine
    engine.dispose()


@pytest.mark.every_warehouse
def test_a_job_keeps_its_first_sighting(warehouse: Engine) -> None:
    """A job that is gone for a while and comes back is the same one."""
    assert first_seen(warehouse, ["a"], NOON) == {"a": NOON}
    assert first_seen(warehouse, ["b"], NOON + timedelta(days=1))["b"] == NOON + timedelta(days=1)
    assert first_seen(warehouse, ["a", "b"], NOON + timedelta(days=2))["a"] == NOON


@pytest.mark.every_warehouse
def test_those_who_see_a_job_at_once_agree(warehouse: Engine) -> None:
    """Everybody is told the same moment, and nobody fails."""
    names = [f"job_{number}" for number in range(5)]

    def see(number: int) -> dict[str, object]:
        return dict(first_seen(warehouse, names, NOON + timedelta(seconds=number)))

    with ThreadPoolExecutor(4) as pool:
        told = [*pool.map(see, range(4))]
    last = first_seen(warehouse, names)
    assert all(one == last for one in told)


def test_who_reads_coverage_sees_the_jobs(warehouse: Engine) -> None:
    """A job that was never seen is expected from now on."""
    new = registry([job("own", start=None)])
    coverage = read_coverage(warehouse, new, at("2025-08-01T00:00"), now=NOON)
    assert [unit.period.key for unit in coverage.gaps()] == ["2025-10-02"]
    later = read_coverage(warehouse, new, at("2025-08-01T00:00"), now=NOON + timedelta(days=2))
    assert len(later.gaps()) == 3


def test_a_job_of_an_older_version_is_expected_from_its_oldest_row(tmp_path: Path) -> None:
    """The migration makes its first sighting of the ledger: no gap before, and none left out."""
    engine = connect(empty_file(tmp_path))
    jobs = {
        "daily": job("daily", start=None),
        "weekly": job("weekly", "0 12 * * 6", "week", start=None),
        "monthly": job("monthly", "30 12 3 * *", "month", start=None),
        "ticks": job("ticks", "0 */2 * * *", "tick", start=None),
    }
    oldest = {one.id: one.schedule.last_ended(at("2025-09-20T15:00")) for one in jobs.values()}
    with engine.begin() as connection:
        for job_id, period in oldest.items():
            following = jobs[job_id].schedule.following(period)
            rows = [vars(row(job_id, "-", one, "ok")) for one in (period, following)]
            connection.execute(insert(ledger), rows)
        connection.execute(text("DROP TABLE jobs_seen"))
        connection.execute(text("UPDATE warehouse_version SET version_num = '0005'"))
    migrate(engine)
    seen = first_seen(engine, jobs)
    for job_id, period in oldest.items():
        assert expected_from(jobs[job_id], seen[job_id]) == period.start


def test_reading_coverage_keeps_from_when_on_each_job_is_expected(warehouse: Engine) -> None:
    """For whoever asks the warehouse; an entry's `start` moves it."""
    first_seen(warehouse, ["daily"], NOON)
    for start, begin in (
        (None, at("2025-10-02T00:00")),
        (date(2025, 9, 20), at("2025-09-20T00:00")),
    ):
        entries = registry([job("daily", start=start)])
        read_coverage(warehouse, entries, NOON - timedelta(days=1), now=NOON)
        with warehouse.connect() as connection:
            assert connection.execute(select(jobs_seen.c.expected_from)).scalar_one() == begin
