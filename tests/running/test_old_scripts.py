"""Scripts that know nothing of us: whatever they run for, no day lands that they did not pull."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.periods import Schedule
from include.registry import load_registry
from include.running.script_call import why_not_known
from include.units.ledger import Ledger
from include.units.unit import LANDED, Unit
from include.warehouse import connect
from tests.running.project import Project, rows_of
from tests.warehouses import empty_file

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Due as soon as it is over: what is run before would be provisional.
DAILY = Schedule("0 0 * * *", "day")
NOTE = """
import datetime, os, pathlib, sys
scratch = pathlib.Path(os.environ["SCRATCH"])
def pulled(day):
    with (scratch / "pulled").open("a") as notes:
        notes.write(f"{day}\\n")
"""
YESTERDAY = "str(datetime.date.today() - datetime.timedelta(days=1))"
BY_FILE = """
cursor = scratch / "cursor"
day = cursor.read_text() if cursor.exists() else DAY
pulled(day)
cursor.write_text(str(datetime.date.fromisoformat(day) + datetime.timedelta(days=1)))
"""
OWN_DATABASE = """
import sqlite3
own = sqlite3.connect(scratch / "own.db", isolation_level=None)
own.execute("CREATE TABLE IF NOT EXISTS sales (day TEXT PRIMARY KEY, amount INTEGER)")
own.execute("REPLACE INTO sales VALUES (?, 1)", (DAY,))
pulled(DAY)
"""
PER_SHOP = "\nfor shop in os.environ['SHOPS'].split(','): pulled(DAY)"
KINDS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "by argument": ("pulled(sys.argv[1])", {"args": ["{first_day}"]}, True),
    "by environment": ("pulled(os.environ['PERIOD_KEY'])", {}, True),
    "by now()": (f"pulled({YESTERDAY})", {}, False),
    "by a file": (BY_FILE.replace("DAY", YESTERDAY), {}, False),
    "per shop": (PER_SHOP.replace("DAY", YESTERDAY), {"platform": "erp"}, False),
    "with a database of its own": (OWN_DATABASE.replace("DAY", YESTERDAY), {}, False),
}


def _days(count: int) -> list[str]:
    """Return the keys of the days that ended last, the oldest first."""
    today = datetime.now(SHANGHAI).date()
    return [str(today - timedelta(days=back)) for back in range(count, 0, -1)]


@pytest.fixture(params=KINDS)
def old(project: Project, request: pytest.FixtureRequest) -> tuple[Project, str, bool]:
    """Return a project with an old script as its job, its warehouse, and whether it takes a day."""
    text, keys, dated = KINDS[request.param]
    project.shops(**{"erp-1": True, "erp-2": True})
    project.job(NOTE + text, dated=None, cron=DAILY.cron, **keys)
    url = empty_file(project.root)
    return project, url, dated


def _landed(url: str) -> set[str]:
    rows = [row for day in _days(9) for row in rows_of(url, day)]
    return {row.period_key for row in rows if row.state in LANDED}


def _pulled(project: Project) -> set[str]:
    path = project.root / "pulled"
    return set(path.read_text().split()) if path.exists() else set()


def test_a_backfill_lands_what_was_pulled(old: tuple[Project, str, bool]) -> None:
    """Of three days, on a machine that runs in UTC; who asks for older ones is told why not."""
    project, url, dated = old
    days = _days(3)
    code, output = project.run(
        "job", "--from", days[0], "--to", days[-1], WAREHOUSE_URL=url, TZ="UTC"
    )
    assert _landed(url) == _pulled(project) == set(days if dated else days[-1:])
    assert code == (0 if dated else 78)
    refused = [
        f"{day} cannot be pulled again: the script takes no period" in output for day in days
    ]
    assert refused == ([False] * 3 if dated else [True, True, False])


def test_a_scheduled_run_lands_what_was_pulled(old: tuple[Project, str, bool]) -> None:
    """It tries again what failed before where that can be brought, and else lets it be."""
    project, url, dated = old
    days = _days(3)
    shops = ["erp-1", "erp-2"] if (project.jobs[0].get("platform")) else ["-"]
    _fail(url, days[0], shops)
    more = {"WAREHOUSE_URL": url, "RETRY_EARLIER": "1", "TZ": "America/Los_Angeles"}
    code, output = project.run("job", PERIOD_KEY=days[-1], **more)
    assert code == 0, output
    assert _landed(url) == _pulled(project) == ({days[0], days[-1]} if dated else {days[-1]})


def _fail(url: str, day: str, shops: list[str]) -> None:
    engine = connect(url)
    ledger = Ledger(engine, "run-before")
    units = [Unit("job", shop, DAILY.parse_key(day)) for shop in shops]
    ledger.expect(units)
    ledger.begin(units)
    ledger.settle(units, 1, "it failed")
    engine.dispose()


def test_a_missed_day_is_refused_and_stays_missing(project: Project) -> None:
    """By the run that catches up after an outage, and with --again of what has landed, too."""
    url = empty_file(project.root)
    project.job(NOTE + f"pulled({YESTERDAY})", dated=None, cron=DAILY.cron)
    before, last = _days(2)
    assert project.run("job", PERIOD_KEY=before, RETRY_EARLIER="1", WAREHOUSE_URL=url)[0] == 78
    assert (_landed(url), _pulled(project)) == (set(), set())
    assert project.run("job", "--period", last, WAREHOUSE_URL=url)[0] == 0
    assert project.run("job", "--period", last, "--again", WAREHOUSE_URL=url)[0] == 0
    assert f"job {before} failed: {before} cannot be pulled again" in project.journal()


def test_an_entry_decides_what_nobody_can_see(project: Project) -> None:
    """A script that takes its day from a file of ours is dated when the entry says so."""
    project.job(NOTE + "pulled('2025-10-02')", dated=True)
    assert project.run("job", "--period", "2025-10-02")[0] == 0
    project.job("import os; os.environ['PERIOD_KEY']", "other", dated=False)
    code, output = project.run("other", "--period", "2025-10-02")
    assert (code, "says dated: false" in output) == (78, True)


def test_another_clock_than_the_jobs_is_refused(project: Project) -> None:
    """With it the script would call another day yesterday; a script that takes its day may."""
    project.job(NOTE + f"pulled({YESTERDAY})", dated=None, cron=DAILY.cron, env={"TZ": "UTC"})
    code, output = project.run("job")
    assert (code, "env sets TZ to 'UTC', and timezone is 'Asia/Shanghai'" in output) == (78, True)
    project.job(
        "import os; print(os.environ['PERIOD_KEY'], os.environ['TZ'])", "other", env={"TZ": "UTC"}
    )
    assert project.run("other")[0] == 0


def test_a_day_that_changed_as_the_script_started_is_not_landed(project: Project) -> None:
    """It may have pulled either; one that began long before, or ended before, has its own."""
    project.job("print(1)", dated=None, cron="0 23 * * *")
    project.job("print(1)", "dated", dated=True, cron="0 23 * * *")
    jobs = load_registry(project.root).jobs
    period = jobs["job"].schedule.parse_key("2025-10-02")
    midnight = datetime(2025, 10, 3, 16, tzinfo=timezone.utc)  # after the 3rd in Shanghai
    seconds = timedelta(seconds=1)

    def doubt(job_id: str, began: datetime, ended: datetime) -> str:
        return why_not_known(jobs[job_id], period, began, ended)

    assert "it is unknown whether it has pulled 2025-10-02 or 2025-10-03" in doubt(
        "job", midnight - 20 * seconds, midnight + seconds
    )
    assert not doubt("job", midnight - 20 * seconds, midnight - seconds)
    assert not doubt("job", midnight - 3600 * seconds, midnight + 3600 * seconds)
    assert not doubt("dated", midnight - 20 * seconds, midnight + seconds)


def test_a_script_runs_in_an_environment_of_its_own(project: Project) -> None:
    """By the link that is its Python, with nothing of ours in its way; its tree ends with it."""
    venv = project.root / "venvs/own"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    script = """
        import importlib.util, os, shutil, subprocess, sys
        subprocess.Popen(["sleep", "60"])
        print(sys.prefix, os.environ["VIRTUAL_ENV"], shutil.which("python"))
        print([importlib.util.find_spec(name) for name in ("include", "yaml")])
        print(sys.flags.utf8_mode, "PYTHONPATH" in os.environ)
    """
    project.job(script, file="plain", python="venvs/own/bin/python")
    code, output = project.run(PYTHONPATH="/nowhere", VIRTUAL_ENV="/nowhere")
    assert code == 0, output
    assert f"{venv} {venv} {venv}/bin/python\n[None, None]\n1 False" in output
    project.wait_until_gone()


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"python": "venvs/own/bin/python"},
            (
                "python 'venvs/own/bin/python' (config/tasks/jobs.yaml:2) is no program that can "
                "be run: make that environment again, or correct the path"
            ),
        ),
        (
            {"dated": None, "env": {"TZ": "UTC"}},
            "env sets TZ to 'UTC', and timezone is 'Asia/Shanghai'",
        ),
        ({"file": "plain"}, "is not executable: run chmod +x"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_an_entry_whose_script_cannot_be_started_fails_its_units(
    project: Project, keys: dict[str, Any], told: str
) -> None:
    """The run is 78 and says what repairs it; so does the ledger, where nothing is left untried."""
    url = empty_file(project.root)
    project.job("print(1)", **keys)
    (day,) = _days(1)
    code, output = project.run("job", WAREHOUSE_URL=url)
    assert (code, told in output, output.count("failed:")) == (78, True, 1)
    (row,) = rows_of(url, day)
    assert (row.state, row.exit_code, row.attempts) == ("failed", 78, 1)
    assert told in str(row.error)


@pytest.mark.campaign
def test_a_run_over_the_end_of_its_tick_is_not_landed(project: Project) -> None:
    """The whole way: a script without a period, started in the last tenth of its minute."""
    url = empty_file(project.root)
    wait = "import time; time.sleep(60.5 - time.time() % 60)"
    project.job(wait, dated=None, cron="* * * * *", period="tick")
    time.sleep(max(0, 57 - time.time() % 60))
    code, output = project.run("job", WAREHOUSE_URL=url)
    assert (code, "it is unknown whether" in output) == (78, True)
