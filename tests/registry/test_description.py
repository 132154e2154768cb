"""Schedules in words, in both languages, and what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from include.language import speaking
from include.registry import Job, load_registry
from include.registry.description import in_words, next_runs, period_in_words

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 10, 2, 12, tzinfo=SHANGHAI)


def _job(project: ProjectFolder, cron: str, *more: str) -> Job:
    project.write_entry("id: a", "name: a", f"cron: '{cron}'", "script: good.py", *more)
    registry = load_registry(project.root)
    assert registry.problems == []
    return registry.jobs["a"]


@pytest.mark.parametrize(
    ("cron", "period", "english", "chinese"),
    [
        ("30 7 * * *", "day", "At 07:30, every day", "在 07:30，每天"),
        ("0 12 * * 6", "week", "At 12:00, only on Saturday", "在 12:00，仅在星期六"),
        ("0 12 * * 7", "week", "At 12:00, only on Sunday", "在 12:00，仅在星期日"),
        ("30 12 3 * *", "month", "At 12:30, on day 3 of the month", "在 12:30，每月的 3 号"),
        ("0 */2 * * *", "tick", "Every 2 hours", "每 2 小时"),
        ("0 8 * 12 *", "tick", "At 08:00, only in December", "在 08:00，仅在12月"),
    ],
)
def test_in_words(
    project: ProjectFolder, cron: str, period: str, english: str, chinese: str
) -> None:
    """A cron is said in words, days and months too, in English and in Chinese."""
    job = _job(project, cron, f"period: {period}")
    assert in_words(job) == english
    with speaking("zh"):
        assert in_words(job) == chinese


@pytest.mark.parametrize(
    ("cron", "period", "runs"),
    [
        (
            "0 7 * * *",
            "day",
            [("2025-10-03 07:00", "2025-10-02"), ("2025-10-04 07:00", "2025-10-03")],
        ),
        (
            "0 12 * * 6",
            "week",
            [
                ("2025-10-04 12:00", "2025-09-27 to 2025-10-03"),
                ("2025-10-11 12:00", "2025-10-04 to 2025-10-10"),
            ],
        ),
        (
            "30 12 3 * *",
            "month",
            [("2025-10-03 12:30", "2025-09"), ("2025-11-03 12:30", "2025-10")],
        ),
        (
            "0 */2 * * *",
            "tick",
            [
                ("2025-10-02 14:00", "2025-10-02 12:00 to 2025-10-02 14:00"),
                ("2025-10-02 16:00", "2025-10-02 14:00 to 2025-10-02 16:00"),
            ],
        ),
    ],
)
def test_next_runs(
    project: ProjectFolder, cron: str, period: str, runs: list[tuple[str, str]]
) -> None:
    """The next runs come in local time, each with the period it will cover."""
    job = _job(project, cron, f"period: {period}")
    found = [
        (f"{fire:%Y-%m-%d %H:%M}", period_in_words(job, covered))
        for fire, covered in next_runs(job, NOW, count=2)
    ]
    assert found == runs


def test_chinese_period(project: ProjectFolder) -> None:
    """A week is said in Chinese."""
    job = _job(project, "0 12 * * 6", "period: week")
    (run,) = next_runs(job, NOW, count=1)
    with speaking("zh"):
        assert period_in_words(job, run.period) == "2025-09-27 至 2025-10-03"


def test_other_zone(project: ProjectFolder) -> None:
    """Local time is that of the job's zone, whatever the zone of now."""
    job = _job(project, "0 7 * * *", "timezone: America/New_York")
    (run,) = next_runs(job, NOW, count=1)
    assert run.fire.isoformat() == "2025-10-02T07:00:00-04:00"


def test_job_that_has_not_started(project: ProjectFolder) -> None:
    """The first run of a job whose start lies ahead is the one that covers that day."""
    job = _job(project, "0 7 * * *", "start: 2026-01-01")
    (run,) = next_runs(job, NOW, count=1)
    assert run.fire.isoformat() == "2026-01-02T07:00:00+08:00"
    assert run.period.key == "2026-01-01"
