"""What an entry may say: defaults, and every way of being wrong with what is said about it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from include.periods import Schedule
from include.registry import Job, load_registry
from include.registry.platforms import PLATFORMS
from tests.registry.cases import Case, cases_of, changed

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

BASE = {
    "id": "id: bad",
    "name": "name: 坏",
    "cron": 'cron: "0 8 * * *"',
    "script": "script: good.py",
}
EVERYTHING = """\
id: everything
name: 全部
description: 一句话
cron: "0 12 * * 6"
timezone: Europe/Berlin
period: week
week_start: monday
script: good.py
args: [--week, "{first_day}", "{{literal}}"]
env: {REPORT_LANGUAGE: zh}
cwd: config
python: venvs/weekly/bin/python
dated: false
platform: pdd
connections: [erp, mail]
tags: [PDD, 周报]
owner: 数据组
doc: "# 说明"
enabled: false
retries: 0
retry_delay: 90s
timeout: 1h30m
recover: 0d
start: 2025-03-01
deadline: 18:00
alert: none
checks:
  min_rows: 5
  max_drop: 60%
  table: shop.orders
  day: order_day
  columns: {paid: {min: {geq_to: 0}, null_check: {equal_to: 0}}}
"""


@pytest.mark.parametrize("case", cases_of("wrong_entries.txt"))
def test_wrong_entry(project: ProjectFolder, case: Case) -> None:
    """Every problem is told with its place, and the entry beside it still loads."""
    project.write("secret.py", "")
    scripts = project.root / "include/scripts"
    (scripts / "folder").mkdir()
    (scripts / "outside.py").symlink_to(project.root / "secret.py")
    (scripts / "broken.py").symlink_to(project.root / "nowhere")
    (scripts / "out").symlink_to(project.root)
    (project.root / "elsewhere").symlink_to("/usr")
    project.write("include/scripts/pdd/pdd_feed.py", "")
    good = project.good_tasks.partition("\n")[2]
    project.write_tasks("t.yaml", f"tasks:\n{changed(BASE, case.changes)}{good}")

    registry = load_registry(project.root)

    told = [str(problem).removeprefix("config/tasks/t.yaml:") for problem in registry.problems]
    platforms = ", ".join(sorted(PLATFORMS))
    assert told == [line.replace("{platforms}", platforms) for line in case.told]
    assert list(registry.jobs) == ["good"]


def test_every_problem_of_an_entry(project: ProjectFolder) -> None:
    """One entry with five faults has five problems, in the order of its lines."""
    project.write_entry("id: bad", "id: bad", "nam: x", "cron: 99 * * * *", "retries: two")
    told = [(problem.line, problem.job_id) for problem in load_registry(project.root).problems]
    assert told == [(2, "bad"), (2, "bad"), (3, "bad"), (4, "bad"), (5, "bad"), (6, "bad")]


def test_defaults(project: ProjectFolder) -> None:
    """An entry that says only what it must gets the documented defaults."""
    project.write_tasks("t.yaml")
    job = load_registry(project.root).jobs["good"]
    said = {"id": "good", "name": "好", "cron": "0 8 * * *", "script": "good.py"}
    assert job.model_dump() == said | {
        "description": "",
        "after": None,
        "restate": False,
        "timezone": "Asia/Shanghai",
        "period": "day",
        "week_start": "saturday",
        "args": [],
        "env": {},
        "cwd": ".",
        "python": None,
        "dated": None,
        "platform": None,
        "connections": None,
        "tags": [],
        "owner": "",
        "doc": "",
        "data": True,
        "enabled": True,
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "timeout": timedelta(hours=1),
        "recover": timedelta(days=7),
        "repull": [],
        "start": None,
        "deadline": None,
        "alert": "route",
        "checks": None,
    }
    assert job.connection_ids == []
    assert (job.file, job.line) == ("config/tasks/t.yaml", 2)
    assert job.script_path == project.root / "include/scripts/good.py"


def test_every_key(project: ProjectFolder) -> None:
    """An entry that says everything means what it says."""
    project.write_entry(*EVERYTHING.splitlines())
    project.write_shops()
    registry = load_registry(project.root)
    assert registry.problems == []
    job = registry.jobs["everything"]
    assert job.schedule == Schedule("0 12 * * 6", "week", "Europe/Berlin", "monday")
    assert job.start == date(2025, 3, 1)
    assert job.connection_ids == ["erp", "mail"]
    assert (job.timeout, job.recover) == (timedelta(minutes=90), timedelta(0))
    assert (job.deadline, job.alert) == (time(18), "none")
    assert job.checks is not None
    assert job.checks.max_drop == 0.6
    assert (job.checks.table, job.checks.day) == ("shop.orders", "order_day")
    assert job.checks.columns == {"paid": {"min": {"geq_to": 0}, "null_check": {"equal_to": 0}}}
    assert job.dated is False
    assert job.python_path == project.root / "venvs/weekly/bin/python"
    week = job.schedule.last_ended(datetime(2025, 10, 4, 12, tzinfo=ZoneInfo("Europe/Berlin")))
    assert job.arguments_for(week) == ["--week", "2025-09-22", "{literal}"]


def test_connections_of_the_platform(project: ProjectFolder) -> None:
    """A job without a list of connections sees those of its platform's enabled shops."""
    project.write_entry("id: a", "name: a", 'cron: "0 8 * * *"', "script: good.py", "platform: pdd")
    project.write_shops(
        "{id: x, platform: pdd, name: x, connection: pdd_north, platform_id: 1}",
        "{id: y, platform: pdd, name: y, connection: pdd_south, platform_id: 2}",
        "{id: z, platform: pdd, name: z, connection: pdd_old, platform_id: 3, enabled: false}",
        "{id: j, platform: jd, name: j, connection: jd, platform_id: 1}",
    )
    assert load_registry(project.root).jobs["a"].connection_ids == ["pdd_north", "pdd_south"]


def test_connection_of_a_platform_without_shops(project: ProjectFolder) -> None:
    """While a platform has no shop its connection is taken to have its name."""
    project.write_entry("id: a", "name: a", 'cron: "0 8 * * *"', "script: good.py", "platform: pdd")
    project.write_shops()
    assert load_registry(project.root).jobs["a"].connection_ids == ["pdd"]


def test_frozen(project: ProjectFolder) -> None:
    """A job cannot be changed after it was checked."""
    project.write_tasks("t.yaml")
    job: Job = load_registry(project.root).jobs["good"]
    with pytest.raises(ValidationError, match="frozen"):
        job.script = "/etc/passwd"  # type: ignore[misc]
