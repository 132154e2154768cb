"""Whoever completes a period of a contract writes it down, whichever way the run came about."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
import yaml
from sqlalchemy import select

from include.periods import Schedule
from include.registry.contracts import CONTRACTS_FILE
from include.units.ledger import Ledger
from include.units.unit import NO_SHOP, Unit
from include.warehouse import connect
from include.warehouse.tables import contracts
from tests.runner import ForkedScript
from tests.running.project import LEDGER, PERIOD, wait_until

if TYPE_CHECKING:
    from tests.running.project import Project

DAYS = Schedule("0 7 * * *", "day")
# Lands each shop, but for one that is refused.
PULL = f"""{LEDGER}
import sys
refused = os.environ.get("REFUSED")
for shop in os.environ["SHOPS"].split(","):
    if shop == refused:
        ledger.fail(Unit("job", shop, period), 77, "token expired")
    else:
        land(shop, 3)
sys.exit(77 if refused in os.environ["SHOPS"].split(",") else 0) if refused else None
"""
WAIT = """
import os, pathlib, time
pathlib.Path(os.environ["SCRATCH"], os.environ["JOB_ID"] + ".waits").touch()
while not pathlib.Path(os.environ["SCRATCH"], "go").exists():
    time.sleep(0.01)
"""
EXPECTED = {"start": "2025-01-01"}


class Morning:
    """A project with a contract over a job with two shops and one without, and its warehouse."""

    def __init__(self, project: Project, url: str) -> None:
        self.project = project
        self.url = url
        project.shops(s1=True, s2=True)
        project.job(PULL, platform="erp", **EXPECTED)
        project.job("print('fine')", job_id="other", **EXPECTED)
        self.contract("job", "other")

    def contract(self, *jobs: str) -> None:
        """Write a contract over jobs."""
        entry = {"id": "morning", "name": "早上", "jobs": list(jobs)}
        text = yaml.safe_dump({"contracts": [entry]}, allow_unicode=True)
        (self.project.root / CONTRACTS_FILE).write_text(text, "utf-8")

    def run(self, *words: str, **variables: str) -> tuple[int, str]:
        """Run the job, or what the words say."""
        variables["WAREHOUSE_URL"] = self.url
        return self.project.run(*words, script=ForkedScript, **variables)

    def written(self) -> list[tuple[str, int, str]]:
        """Return period, revision and run of all that is complete."""
        columns = [contracts.c[name] for name in ("period_key", "revision", "run_id")]
        engine = connect(self.url)
        with engine.connect() as connection:
            found = [(*row,) for row in connection.execute(select(*columns).order_by(*columns))]
        engine.dispose()
        return found

    def land(self, *shops: str, key: str = PERIOD, job: str = "job") -> None:
        """Land units as a runner does that is killed before it has judged them."""
        ledger = Ledger(connect(self.url))
        for shop in shops:
            with ledger.engine.begin() as connection:
                ledger.land(connection, Unit(job, shop, DAYS.parse_key(key)), 3)
        ledger.engine.dispose()


@pytest.fixture
def morning(project: Project, warehouse: str) -> Morning:
    """Return it."""
    return Morning(project, warehouse)


def test_a_refused_shop_and_its_repair(morning: Morning) -> None:
    """Without it nothing is complete; the run that brings it says so at once."""
    assert morning.run("other", "--period", PERIOD)[0] == 0
    assert morning.run(REFUSED="s2")[0] == 77
    assert morning.written() == []
    code, output = morning.run(RUN_ID="repair__1")
    said = f"job {PERIOD} completes morning {PERIOD} (revision 1): 3 units, 6 rows"
    assert (code, f"runner: {said}\n" in output) == (0, True)
    assert said in morning.project.journal()
    assert morning.written() == [(PERIOD, 1, "repair__1")]


def test_who_lands_it_again_raises_the_revision(morning: Morning) -> None:
    """Also a run for one shop; a run that finds nothing to do says nothing."""
    morning.run()
    morning.run("other", "--period", PERIOD, RUN_ID="first")
    assert morning.run()[0] == 99
    code, output = morning.run(
        "job", "--period", PERIOD, "--shop", "s1", "--again", RUN_ID="once more"
    )
    assert (code, "completes morning 2025-10-02 (revision 2)" in output) == (0, True)
    assert morning.written() == [(PERIOD, 1, "first"), (PERIOD, 2, "once more")]


def test_what_fails_its_checks_is_not_complete(morning: Morning) -> None:
    """It landed and was rejected; with its repair the period is complete."""
    morning.project.job(PULL, platform="erp", checks={"min_rows": 4}, **EXPECTED)
    morning.run("other", "--period", PERIOD)
    assert morning.run()[0] == 1
    assert morning.written() == []
    morning.project.job(PULL, platform="erp", checks={"min_rows": 3}, **EXPECTED)
    assert morning.run()[0] == 0
    assert [row[:2] for row in morning.written()] == [(PERIOD, 1)]


def test_what_a_later_run_retries_is_said_too(morning: Morning) -> None:
    """A day that was left failed is complete with the run that retries it by itself."""
    morning.contract("job")
    morning.run(REFUSED="s1")
    code, _ = morning.run("job", "--period", "2025-10-03", RETRY_EARLIER="1", RUN_ID="next")
    assert code == 0
    assert morning.written() == [(PERIOD, 1, "next"), ("2025-10-03", 1, "next")]


def test_several_periods_of_one_run(morning: Morning) -> None:
    """Each is said when it is complete."""
    morning.contract("job")
    assert morning.run("job", "--from", "2025-10-01", "--to", PERIOD, RUN_ID="both")[0] == 0
    assert morning.written() == [("2025-10-01", 1, "both"), (PERIOD, 1, "both")]


def test_a_runner_that_was_killed_before_it_could_say_so(morning: Morning) -> None:
    """Its next attempt has nothing to run, and says it."""
    morning.run("other", "--period", PERIOD)
    morning.land("s1", "s2")
    assert morning.written() == []
    assert morning.run(RUN_ID="next attempt")[0] == 99
    assert morning.written() == [(PERIOD, 1, "next attempt")]


def test_a_killed_runner_whose_job_is_not_run_again(morning: Morning) -> None:
    """The next run of any of the contract's jobs says what the last days lack."""
    last = DAYS.last_ended(datetime.now(timezone.utc))
    morning.land("s1", "s2", key=last.key)
    morning.land(NO_SHOP, key=last.key, job="other")
    code, output = morning.run("other", "--period", PERIOD)
    assert (code, f"other {PERIOD} completes morning {last.key} (rev" in output) == (0, True)
    assert [row[:2] for row in morning.written()] == [(last.key, 1)]


def test_kill_9_in_a_real_run(morning: Morning) -> None:
    """Whatever had landed by then; the run that is started again completes it, once."""
    morning.run("other", "--period", PERIOD)
    script = f"{PULL}\nimport pathlib, time\npathlib.Path(os.environ['SCRATCH'], 'landed').touch()"
    morning.project.job(f"{script}\ntime.sleep(600)", platform="erp", **EXPECTED)
    runner = morning.project.start(WAREHOUSE_URL=morning.url)
    morning.project.wait_for("landed")
    runner.send_signal(signal.SIGKILL)
    morning.project.wait_until_gone()
    assert morning.written() == []
    assert morning.run(RUN_ID="again")[0] == 99
    assert morning.written() == [(PERIOD, 1, "again")]


def test_eleven_runners_that_end_at_once(morning: Morning) -> None:
    """Each in a process of its own: one of them says that the day is complete."""
    jobs = [f"job_{number}" for number in range(11)]
    for job in jobs:
        morning.project.job(WAIT, job_id=job, **EXPECTED)
    morning.contract(*jobs)
    with ThreadPoolExecutor(len(jobs)) as pool:
        ran = [pool.submit(morning.run, job, "--period", PERIOD, RUN_ID=job) for job in jobs]
        wait_until(lambda: len([*morning.project.root.glob("job_*.waits")]) == len(jobs))
        (morning.project.root / "go").touch()
    codes, outputs = zip(*(one.result() for one in ran), strict=True)
    assert codes == (0,) * len(jobs), outputs
    ((key, revision, winner),) = morning.written()
    assert (key, revision, winner in jobs) == (PERIOD, 1, True)
    assert sum("completes morning" in output for output in outputs) == 1


def test_a_fault_of_the_contracts_own_costs_no_run(morning: Morning) -> None:
    """What has landed has landed: the run is green, and the journal has what went wrong."""
    engine = connect(morning.url)
    with engine.begin() as connection:
        contracts.drop(connection)
    engine.dispose()
    morning.run("other", "--period", PERIOD)
    code, output = morning.run()
    assert (code, f"job {PERIOD} landed 6 rows" in output) == (0, True), output
    assert "its contracts could not be judged:" in morning.project.journal()


def test_a_job_after_a_contract_that_is_asked_for_early(morning: Morning) -> None:
    """What it lands is provisional until the contract is complete; then it runs again."""
    report = {"job_id": "report", "cron": None, "after": "morning", **EXPECTED}
    morning.project.job("import os; print(os.environ.get('PROVISIONAL'))", **report)
    code, output = morning.run("report", "--period", PERIOD)
    later = "contract morning is not complete, run again then"
    assert (code, "landed provisionally in" in output, later in output) == (0, True, True), output
    morning.run()
    morning.run("other", "--period", PERIOD)
    code, output = morning.run("report", "--period", PERIOD)
    assert (code, "\nNone\n" in output, "provision" in output) == (0, True, False), output
    assert morning.run("report", "--period", PERIOD)[0] == 99


def test_a_job_after_a_contract_that_is_complete_no_more(morning: Morning) -> None:
    """A shop was pulled again in vain: what the job lands is provisional until that has landed."""
    report = {"job_id": "report", "cron": None, "after": "morning", **EXPECTED}
    morning.project.job("print('PERIOD_KEY')", **report)
    words = ("report", "--period", PERIOD, "--again")
    morning.run()
    morning.run("other", "--period", PERIOD)
    assert "provisionally" not in morning.run(*words)[1]
    assert morning.run("job", "--period", PERIOD, "--again", REFUSED="s2")[0] == 77
    code, output = morning.run(*words)
    assert (code, "landed provisionally in" in output) == (0, True), output
    assert morning.run()[0] == 0
    assert "provisionally" not in morning.run(*words[:3])[1]


@pytest.mark.parametrize("run_id", ["repair__2025-10-02__1", "backfill__2025-10-02"])
def test_a_repair_does_not_run_ahead_of_a_contract(morning: Morning, run_id: str) -> None:
    """It leaves the period to the run that comes when the contract is complete."""
    report = {"job_id": "report", "cron": None, "after": "morning", **EXPECTED}
    morning.project.job("print('PERIOD_KEY')", **report)
    code, output = morning.run("report", "--period", PERIOD, RUN_ID=run_id)
    nothing = "nothing to do: contract morning is not complete, run again then"
    assert (code, nothing in output) == (99, True), output
    morning.run()
    morning.run("other", "--period", PERIOD)
    assert morning.run("report", "--period", PERIOD, RUN_ID=run_id)[0] == 0
