"""Prefect's database is read as it is, and stays as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from manager.importing.prefect_database import read
from tests.manager.importing.prefect.server import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from manager.importing.old_jobs import OldJob

RECORDED = (HERE / "prefect_3_9_1.sql").read_text("utf-8")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a database with the rows that Prefect 3.9.1 has written for the old system."""
    file = tmp_path / "prefect.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(RECORDED)
    return file


def _jobs(database: Path) -> dict[str, OldJob]:
    return {job.name: job for job in read(str(database)).jobs}


def test_the_eleven_jobs(database: Path) -> None:
    """Each deployment is a job, with its schedule, its tags and the name that stops it."""
    jobs = _jobs(database)
    assert len(jobs) == 17
    quality = jobs["PDD质量数据"]
    assert quality.deployment == "PDD质量数据/PDD质量数据"
    assert quality.description == "每天08:00抓取PDD质量数据"
    assert quality.tags == ("PDD", "质量")
    assert quality.entrypoint == "scheduler_flows.py:pdd_quality_flow"
    assert [(one.cron, one.timezone) for one in quality.schedules] == [("0 8 * * *", None)]
    assert not jobs["PDD聊天数据"].is_enabled
    assert [job.name for job in jobs.values() if job.last_success] == ["ERP门店数据"]
    assert jobs["ERP门店数据"].last_success.utcoffset() == timedelta(0)  # type: ignore[union-attr]


def test_every_kind_of_schedule(database: Path) -> None:
    """Crons with a zone, intervals with their anchor, rules, both day fields, paused ones."""
    jobs = _jobs(database)
    (zoned,) = jobs["zoned"].schedules
    assert zoned.timezone == "Asia/Shanghai"
    (interval,) = jobs["six hours"].schedules
    assert (interval.interval, interval.anchor is not None) == (timedelta(hours=6), True)
    (rule,) = jobs["mondays"].schedules
    assert "FREQ=WEEKLY;BYDAY=MO" in str(rule.rrule)
    (both,) = jobs["both days"].schedules
    assert not both.day_or
    active = {one.cron: one.is_active for one in jobs["one of two"].schedules}
    assert active == {"0 1 * * *": False, "0 2 * * *": True}
    assert jobs["by hand"].schedules == ()


def test_parameters_are_findings_without_their_values(database: Path) -> None:
    """What a flow is given is not carried over, and may be secret."""
    findings = [str(one) for one in read(str(database)).findings]
    assert any("stock/zoned" in one and "warehouse" in one for one in findings)
    assert not any("west" in one for one in findings)


def test_nothing_is_written(database: Path) -> None:
    """Neither the file nor its folder changes."""
    before = database.read_bytes()
    read(str(database))
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["prefect.db"]


def test_a_running_prefect_is_read_with_its_log(database: Path) -> None:
    """What stands in the log beside the file, and not in it yet, is seen."""
    with closing(sqlite3.connect(database)) as running:
        running.execute("PRAGMA journal_mode = WAL")
        running.execute("UPDATE deployment SET paused = 1 WHERE name = 'zoned'")
        running.commit()
        assert not _jobs(database)["zoned"].is_enabled


def test_names_that_several_flows_share(database: Path) -> None:
    """A name such as `prod` is told apart by its flow."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE deployment SET name = 'prod' WHERE name LIKE '%店数据'")
        connection.commit()
    assert {"ERP门店数据/prod", "京东门店数据/prod"} <= _jobs(database).keys()


@pytest.mark.parametrize("column", ["schedule", "parameters"])
def test_what_is_no_json_is_said(database: Path, column: str) -> None:
    """A damaged row costs its own part, and never the others."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"UPDATE deployment_schedule SET {column} = '{{'")  # noqa: S608
        connection.commit()
    assert len(read(str(database)).jobs) == 17


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_not_prefects(tmp_path: Path, content: bytes) -> None:
    """Another file is refused with what is read."""
    file = tmp_path / "other.db"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="Prefect"):
        read(str(file))


def test_a_view_without_end(database: Path) -> None:
    """What only looks like Prefect's table is not asked for its rows."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("""
            DROP TABLE deployment_schedule;
            CREATE VIEW deployment_schedule AS
                WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)
                SELECT id, id AS deployment_id, '{}' AS schedule, 1 AS active, '{}' AS parameters,
                       id AS created FROM n;
        """)
    with pytest.raises(ConfigurationError, match="deployment_schedule is no table"):
        read(str(database))
