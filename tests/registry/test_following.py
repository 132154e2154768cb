"""Jobs that run after a contract: what they may say, and from when on a period is missing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from include.language import speaking
from include.registry import load_registry
from include.registry.checks import check_project, report
from include.registry.contracts import CONTRACTS_FILE

if TYPE_CHECKING:
    from include.registry import Job
    from tests.registry.conftest import ProjectFolder

TASKS = """\
tasks:
  - {id: orders, name: o, cron: "0 7 * * *", script: good.py}
  - {id: refunds, name: r, cron: "0 8 * * *", script: good.py}
  - {id: weekly, name: w, cron: "0 12 * * 6", period: week, script: good.py}
  - {id: night, name: n, cron: "30 23 * * *", script: good.py}
  - {id: berlin, name: b, cron: "0 7 * * *", timezone: Europe/Berlin, script: good.py}
"""
CONTRACTS = """\
contracts:
  - {id: day, name: 日, jobs: [orders, refunds], deadline: "09:30"}
  - {id: late, name: 晚, jobs: [night]}
  - {id: week, name: 周, jobs: [weekly], period: week}
  - {id: abroad, name: 外, jobs: [berlin], timezone: Europe/Berlin}
"""


@pytest.fixture
def folder(project: ProjectFolder) -> ProjectFolder:
    """Return a project with contracts."""
    project.write_tasks("t.yaml", TASKS)
    project.write(CONTRACTS_FILE, CONTRACTS)
    return project


def _told(folder: ProjectFolder, *entries: str) -> list[str]:
    lines = "".join(f"  - {{name: x, script: good.py, {entry}}}\n" for entry in entries)
    folder.write_tasks("x.yaml", f"tasks:\n{lines}")
    return [str(one) for one in check_project(folder.root).problems]


def _job(folder: ProjectFolder, entry: str) -> Job:
    assert _told(folder, f"id: mine, {entry}") == []
    return load_registry(folder.root).jobs["mine"]


@pytest.mark.parametrize(
    ("entry", "due", "late"),
    [
        ("after: day", "2025-10-03T09:30", "2025-10-03T11:30"),
        ('after: day, deadline: "10:00"', "2025-10-03T09:30", "2025-10-03T10:00"),
        ("after: day, period: week", "2025-10-04T09:30", "2025-10-04T11:30"),
        ("after: day, period: month", "2025-11-01T09:30", "2025-11-01T11:30"),
        ("after: week, period: week", "2025-10-04T14:00", "2025-10-04T16:00"),
        ("after: late", "2025-10-03T23:59", "2025-10-04T01:59"),  # the next day is too late
    ],
)
def test_a_period_is_missing_from_the_contracts_deadline_on(
    folder: ProjectFolder, entry: str, due: str, late: str
) -> None:
    """And late two hours after it, unless the entry says when."""
    job = _job(folder, entry)
    period = job.schedule.containing(datetime.fromisoformat("2025-10-02T12:00+08:00"))
    at = (job.schedule.fire_for(period), job.deadline_of(period))
    assert [f"{one:%Y-%m-%dT%H:%M}" for one in at] == [due, late]


def test_a_job_after_a_job_after_a_contract(folder: ProjectFolder) -> None:
    """Its contract has no deadline of its own: that of its jobs counts, which have theirs."""
    more = "  - {id: sums, name: s, jobs: [first]}\n"
    folder.write(CONTRACTS_FILE, CONTRACTS + more)
    assert _told(folder, "id: second, after: sums", "id: first, after: day") == []
    jobs = load_registry(folder.root).jobs
    assert (jobs["first"].cron, jobs["second"].cron) == ("30 9 * * *", "30 11 * * *")
    alone = load_registry(folder.root, only="second").jobs
    assert [*alone] == ["second"]
    assert alone["second"].cron == "30 11 * * *"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("after: dya", "48: bad: after: 'dya' is no contract of config/contracts.yaml: did you"),
        ("after: week", "covers a day, and contract week is of a week: write 'period: week'"),
        (
            "after: day, period: tick",
            "write 'period: day' (it may be day, week or month)",
        ),
        ("after: week, period: tick", "contract week is of a week: write 'period: week'"),
        (
            "after: ",
            "after is empty: name the contract that the job runs after, as in after: st",
        ),
        ('after: "", cron: "0 8 * * *"', "after is empty: name the contract"),
        ("after: abroad", "that of Europe/Berlin: write 'timezone: Europe/Berlin'"),
        ("after: week, period: week, week_start: monday", "write 'week_start: saturday'"),
        ('after: day, deadline: "09:00"', "is not after 09:30, by when contract day is to be"),
        ("after: Day", "after 'Day' is not an id"),
    ],
)
def test_what_does_not_fit(folder: ProjectFolder, entry: str, told: str) -> None:
    """One problem, at the value, with what to do."""
    (problem,) = _told(folder, f"id: bad, {entry}")
    assert problem.startswith("config/tasks/x.yaml:2:")
    assert told in problem
    assert "contract of a tick" not in problem
    assert "bad" not in load_registry(folder.root).jobs


def test_a_contract_that_needs_the_job_itself(folder: ProjectFolder) -> None:
    """Neither would ever begin; nor through others."""
    folder.write(
        CONTRACTS_FILE,
        "contracts:\n"
        "  - {id: own, name: x, jobs: [orders, a]}\n"
        "  - {id: one, name: x, jobs: [b]}\n"
        "  - {id: two, name: x, jobs: [orders, c]}\n",
    )
    own, there, back = (
        line
        for line in _told(folder, "id: a, after: own", "id: b, after: two", "id: c, after: one")
        if "config/tasks/x.yaml" in line
    )
    assert ":2:" in own
    assert "a runs after own, which needs a, so that none of them would ever begin: take a" in own
    assert "b runs after two, which needs c, which runs after one, which needs b, so" in there
    assert "c runs after one, which needs b, which runs after two, which needs c, so" in back


def test_a_broken_contract_costs_who_runs_after_it(folder: ProjectFolder) -> None:
    """It is named, with its place; so is a file that cannot be read; all other jobs are there."""
    folder.write(CONTRACTS_FILE, CONTRACTS.replace('"09:30"', "half nine"))
    _, problem = _told(folder, "id: mine, after: day")
    assert "contract 'day' is wrong itself: repair it in config/contracts.yaml:2" in problem
    folder.write(CONTRACTS_FILE, "contracts: [")
    *_, problem = _told(folder, "id: mine, after: day")
    assert "'day' cannot be looked up: repair config/contracts.yaml:" in problem
    assert "orders" in load_registry(folder.root).jobs
    (folder.root / CONTRACTS_FILE).unlink()
    (problem,) = _told(folder, "id: mine, after: day")
    assert problem.endswith("'day' is no contract of config/contracts.yaml: add it there")


def test_check_says_when_it_runs(folder: ProjectFolder) -> None:
    """In both languages; it has no next run."""
    _job(folder, "after: day, restate: true")
    now = datetime.fromisoformat("2025-10-03T00:30+08:00")
    for lang, told in (
        ("en", "mine x: after contract day is complete (Asia/Shanghai); next: expected by 09:30"),
        ("zh", "mine x：契约 day 齐备之后（Asia/Shanghai）；接下来：预计 09:30 前可以开始"),
    ):
        with speaking(lang):
            lines, code = report(folder.root, now=now)
        assert code == 0
        assert [line for line in lines if line.startswith(told)], lines


def test_what_follows_a_contract_that_is_never_complete(folder: ProjectFolder) -> None:
    """Its jobs are disabled: nothing is due, also of what waits for that; `check` says so."""
    more = "  - {id: sums, name: s, jobs: [first]}\n"
    folder.write(CONTRACTS_FILE, CONTRACTS + more)
    folder.write_tasks("t.yaml", TASKS.replace("script", "enabled: false, script"))
    assert _told(folder, "id: first, after: day", "id: second, after: sums") == []
    jobs = load_registry(folder.root).jobs
    assert (jobs["first"].enabled, jobs["second"].enabled) == (False, False)
    lines, code = report(folder.root)
    notes = [line for line in lines if line.startswith("note: ")]
    assert code == 0
    never = ": it is never complete, since nothing is expected of its jobs, which are disabled or"
    assert [line for line in notes if f":2: day{never}" in line]
    assert [line for line in notes if f": sums{never}" in line]
    gone = "first: it has no runs, since contract day is never complete: enable a job of that"
    assert [line for line in notes if gone in line]
    folder.write_tasks("t.yaml", TASKS)
    assert load_registry(folder.root).jobs["second"].enabled
