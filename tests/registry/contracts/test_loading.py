"""Reading config/contracts.yaml, whatever it holds."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.registry import load_registry
from include.registry.checks import check_project, report
from include.registry.contracts import CONTRACTS_FILE, Contracts, load_contracts
from include.registry.deadlines import USUAL

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry.contracts import Contract
    from tests.registry.conftest import ProjectFolder

TASKS = """\
tasks:
  - {id: orders, name: o, cron: "0 7 * * *", script: good.py}
  - {id: refunds, name: r, cron: "0 8 * * *", script: good.py}
  - {id: weekly, name: w, cron: "0 12 * * 6", period: week, script: good.py}
  - {id: mondays, name: m, cron: "0 12 * * 1", period: week, week_start: monday, script: good.py}
  - {id: monthly, name: m, cron: "30 12 3 * *", period: month, script: good.py}
  - {id: ticks, name: t, cron: "0 * * * *", period: tick, script: good.py}
  - {id: berlin, name: b, cron: "0 7 * * *", timezone: Europe/Berlin, script: good.py}
"""
DAY = "id: day, name: 日, jobs: [orders, refunds]"


@pytest.fixture
def folder(project: ProjectFolder) -> ProjectFolder:
    """Return a project with jobs of every kind of period."""
    project.write_tasks("t.yaml", TASKS)
    return project


def _told(folder: ProjectFolder, content: str) -> list[str]:
    folder.write(CONTRACTS_FILE, content)
    return [str(one) for one in load_contracts(folder.root, load_registry(folder.root)).problems]


def _only(root: Path) -> Contract:
    (contract,) = load_contracts(root, load_registry(root)).by_id.values()
    return contract


def test_the_delivered_contract() -> None:
    """It is valid, and waits for the three jobs of shops' orders and refunds, all shops of each."""
    contract = load_contracts(registry=load_registry()).get("store_day")
    assert contract.jobs == ["erp_store", "jd_store", "pdd_quality"]
    assert (contract.period, contract.deadline, contract.needed(7)) == ("day", time(9, 30), 7)


def test_a_project_without_contracts(folder: ProjectFolder) -> None:
    """No file, or an empty list, is no problem; an empty file says what to write."""
    assert load_contracts(folder.root) == Contracts()
    assert _told(folder, "contracts: []\n") == []
    assert _told(folder, "") == [
        f"{CONTRACTS_FILE}:1:1: is empty: write 'contracts: []' into it, or add a contract"
    ]


WRONG = [
    (f"{DAY}, deadlin: x", "49: day: unknown key 'deadlin': did you mean 'deadline'?"),
    ("id: day, name: 日", "5: day: key 'jobs' is missing: add it, as in jobs: [\"erp_store\""),
    (
        "id: day, name: 日, jobs: []",
        "30: day: jobs is empty: name the jobs that it waits for, as in jobs: [erp_store]",
    ),
    ("id: day, name: 日, jobs: orders", "30: day: jobs 'orders' is not a list: write it like [a"),
    (
        "id: day, name: 日, jobs: [orders, order]",
        "39: day: jobs 'order' is no job of config/tasks: did you mean 'orders'?",
    ),
    ("id: day, name: 日, jobs: [orders, orders]", "30: day: jobs 'orders' is there twice: remove"),
    (f"{DAY}, period: tick", "57: day: period 'tick' is not known: write one of day, week, month"),
    (f'{DAY}, deadline: "9:30"', "59: day: deadline '9:30' is not a time of day: write it like"),
    (
        f'{DAY}, deadline: "08:00"',
        (
            "59: day: deadline '08:00' is not after 08:00, when refunds starts: write a later "
            "one, or remove it (without one the latest of its jobs counts)"
        ),
    ),
    (f"{DAY}, min_shops: 0", "60: day: min_shops 0 is not how many: write all, a number like 20"),
    (f"{DAY}, min_shops: most", "60: day: min_shops 'most' is not how many: write all, a num"),
    (
        "id: day, name: 日, jobs: [orders, weekly]",
        (
            "39: day: jobs: weekly covers a week, which is no part of a day: remove it here, and "
            "add a contract with 'period: week' for it"
        ),
    ),
    (
        "id: m, name: m, jobs: [monthly, weekly], period: month",
        "38: m: jobs: weekly covers a week, which is no part of a month",
    ),
    (
        "id: day, name: 日, jobs: [ticks]",
        (
            "31: day: jobs: ticks covers ticks, and a contract whole periods: remove it here, or "
            "write 'period: day' in its entry, with a cron that fires once a day"
        ),
    ),
    (
        "id: day, name: 日, jobs: [orders, berlin]",
        (
            "39: day: jobs: berlin keeps the clock of Europe/Berlin, and this contract that of "
            "Asia/Shanghai: write 'timezone: Europe/Berlin' here, or remove the job"
        ),
    ),
    (
        "id: w, name: w, jobs: [weekly, mondays], period: week",
        (
            "37: w: jobs: a week of mondays begins on monday, and one of this contract on "
            "saturday: write 'week_start: monday' here, or remove the job"
        ),
    ),
]


@pytest.mark.parametrize(("keys", "expected"), WRONG, ids=lambda text: text[:50])
def test_what_is_wrong(folder: ProjectFolder, keys: str, expected: str) -> None:
    """It is told with its place and remedy, and costs that contract alone."""
    right = "  - {id: right, name: r, jobs: [orders]}"
    (told,) = _told(folder, f"contracts:\n  - {{{keys}}}\n{right}\n")
    assert told.startswith(f"{CONTRACTS_FILE}:2:{expected}")
    found = load_contracts(folder.root, load_registry(folder.root))
    assert list(found.by_id) == ["right"]
    with pytest.raises(ConfigurationError) as raised:
        found.get(next(iter(found.said)))
    assert str(raised.value) == told


def test_two_of_one_id(folder: ProjectFolder) -> None:
    """Neither counts, whichever stands first."""
    told = _told(folder, f"contracts:\n- {{{DAY}}}\n- {{{DAY}}}\n")
    end = "neither is judged until one of them has another id, or is removed"
    assert told == [
        f"{CONTRACTS_FILE}:2:8: day: id 'day' is also in line 3: {end}",
        f"{CONTRACTS_FILE}:3:8: day: id 'day' is also in line 2: {end}",
    ]
    assert load_contracts(folder.root).by_id == {}


def test_a_job_whose_own_entry_is_broken(folder: ProjectFolder) -> None:
    """Its problem is told where it is, and not once more; the contract stays what it is."""
    folder.write_tasks("t.yaml", TASKS.replace('cron: "0 8', 'cron: "99 8'))
    assert _told(folder, f"contracts:\n- {{{DAY}}}\n") == []
    assert _only(folder.root).jobs == ["orders", "refunds"]
    folder.write_tasks("t.yaml", "")
    assert _told(folder, f"contracts:\n- {{{DAY}}}\n") == []


def test_unknown_contracts(folder: ProjectFolder) -> None:
    """What was probably meant is named."""
    folder.write(CONTRACTS_FILE, f"contracts:\n- {{{DAY}}}\n")
    with pytest.raises(ConfigurationError, match=r"'dai' is not in config/.*: did you mean 'day'"):
        load_contracts(folder.root).get("dai")
    assert [one.id for one in load_contracts(folder.root).naming("orders")] == ["day"]
    assert load_contracts(folder.root).naming("weekly") == []


def test_the_periods_of_jobs_that_make_up_one(folder: ProjectFolder) -> None:
    """A day is a day; a week is its seven days, and the one of weekly jobs."""
    jobs = load_registry(folder.root).jobs
    week = "id: w, name: w, jobs: [orders, weekly], period: week, min_shops: 90%"
    assert _told(folder, f"contracts:\n- {{{week}}}\n") == []
    contract = _only(folder.root)
    period = contract.calendar.parse_key("2025-09-27")
    days = [part.key for part in jobs["orders"].schedule.within(period)]
    assert (days[0], days[-1], len(days)) == ("2025-09-27", "2025-10-03", 7)
    assert [part.key for part in jobs["weekly"].schedule.within(period)] == ["2025-09-27"]
    assert [contract.needed(expected) for expected in (0, 1, 10, 11)] == [0, 1, 9, 10]


def test_deadlines(folder: ProjectFolder) -> None:
    """It is on the day on which the last of the jobs runs; without one the latest of theirs."""
    jobs = load_registry(folder.root).jobs
    month = "id: m, name: m, jobs: [orders, monthly], period: month"
    for deadline, clock in ((', deadline: "20:00"', time(20)), ("", time(14, 30))):
        assert _told(folder, f"contracts:\n- {{{month}{deadline}}}\n") == []
        contract = _only(folder.root)
        mine = [jobs[job_id] for job_id in contract.jobs]
        found = contract.deadline_of(mine, contract.calendar.parse_key("2025-09"))
        assert found.replace(tzinfo=None) == datetime.combine(datetime(2025, 10, 3), clock)
    assert jobs["monthly"].deadline is None
    assert USUAL.total_seconds() == 2 * 3600


def test_they_are_part_of_the_check(folder: ProjectFolder) -> None:
    """Problems stand among the others, and what waits for nothing is noted."""
    folder.write_tasks("t.yaml", TASKS.replace('"0 8 * * *"', '"0 8 * * *", enabled: false'))
    folder.write(CONTRACTS_FILE, f"contracts:\n- {{{DAY}}}\n")
    assert check_project(folder.root).problems == []
    note = "it does not wait for refunds, which is disabled: enable it, or remove it here"
    assert report(folder.root)[0][-1] == f"note: {CONTRACTS_FILE}:2: day: {note}"
    folder.write(CONTRACTS_FILE, "contracts:\n- {id: day, name: x, jobs: [x]}\n")
    assert [one.job_id for one in check_project(folder.root).problems] == ["day"]


@pytest.mark.parametrize("name", ["contract.yaml", "contracts.yml"])
def test_a_file_that_is_not_read(folder: ProjectFolder, name: str) -> None:
    """A name that is nearly right is a problem: nobody would judge what is in it."""
    folder.write(f"config/{name}", f"contracts:\n- {{{DAY}}}\n")
    told = [str(one) for one in check_project(folder.root).problems]
    assert told == [f"config/{name}:1:1: is not read: rename it to {CONTRACTS_FILE}"]


def test_what_lands_no_data(folder: ProjectFolder) -> None:
    """Nothing of it can be missing: it is an error to wait for it."""
    folder.write_tasks("t.yaml", TASKS.replace("name: o,", "name: o, data: false,"))
    (told,) = _told(folder, f"contracts:\n  - {{{DAY}}}\n")
    assert "jobs: orders lands no data (its entry says 'data: false'), so that nobody" in told


def test_what_check_says_of_one(folder: ProjectFolder) -> None:
    """A line on what it waits for and when it is due; a note of more shops than there are."""
    folder.write(CONTRACTS_FILE, f"contracts:\n  - {{{DAY}, min_shops: 100}}\n")
    lines, code = report(folder.root, now=datetime.fromisoformat("2025-10-03T12:00+08:00"))
    assert code == 0
    (line,) = [one for one in lines if one.startswith("day 日: ")]
    assert line == (
        "day 日: contract of a day, complete when orders, refunds have landed with 100 shops each; "
        "2025-10-02 is due by 2025-10-03 10:00 (Asia/Shanghai)"
    )
    note = "day: min_shops is 100, and no job of it has more than 1: all of them must land; write"
    assert any(note in one for one in lines)
