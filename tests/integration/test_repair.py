"""Gaps on a real service: repaired by hand, and closed by themselves after an outage.

The tests of this file follow one installation and run in their order. The job pulls three shops
from the sandbox, which counts the calls, and is due at midnight.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import delete, func, select, update

from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import REPAIR_PREFIX, LedgerRow
from include.warehouse import connect
from include.warehouse.tables import erp_orders, ledger
from manager.lifecycle.processes import service_processes
from tests.integration.conftest import FIRST_DAY
from tests.integration.installation import PATIENCE, until
from tests.integration.test_service import CUT_OFF_PERIOD, kill
from tests.integration.truths import own_rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.integration.installation import Service

SHANGHAI = ZoneInfo("Asia/Shanghai")
JOB = "erp_store"
NUMBERS = {"erp-1": 10001, "erp-2": 10002, "erp-3": 10003}
LONG_AGO = "scheduled__long_ago"


class Team:
    """An installation, and what is asked of it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.today = datetime.now(SHANGHAI).date()

    def key(self, days_ago: int) -> str:
        """Return the period of a day."""
        return (self.today - timedelta(days=days_ago)).isoformat()

    def engine(self) -> Engine:
        """Return the warehouse."""
        return connect(f"sqlite:///{self.service.layout.warehouse}")

    def rows(self) -> dict[tuple[str, str], LedgerRow]:
        """Return the ledger, by period and shop."""
        book = Ledger(self.engine())
        days = range(FIRST_DAY, 0, -1)
        rows = [row for days_ago in days for row in book.rows(JOB, self.key(days_ago))]
        return {(row.period_key, row.shop_id): row for row in rows}

    def runs(self, prefix: str) -> list[dict[str, Any]]:
        """Return Airflow's runs whose names begin so, by when they were started."""
        runs = self.service.api.runs(JOB, run_id_prefix_pattern=prefix)
        return sorted(runs, key=lambda run: run.get("start_date") or "9")

    def sandbox(self, method: str, path: str, **content: Any) -> Any:
        """Ask the sandbox."""
        url = f"{self.service.ports.sandbox_url}/sandbox/{path}"
        return httpx.request(method, url, timeout=30, trust_env=False, **content).json()

    def calls(self) -> int:
        """Return how many calls it has counted."""
        return int(self.sandbox("GET", "calls")["platforms"]["erp"]["calls"])

    def repair(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run the command; what it says as JSON."""
        done = self.service.manager("repair", "--job", JOB, *words, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return dict(json.loads(done.stdout))

    def check_truth(self) -> None:
        """Compare what landed with what the sandbox had then."""
        registry = load_registry(self.service.root)
        job = registry.jobs[JOB]
        for (key, shop), row in self.rows().items():
            assert row.finished_at is not None
            period = job.schedule.parse_key(key)
            truth = own_rows(job, NUMBERS[shop], period, row.finished_at)
            assert (row.state, row.rows) == ("ok" if truth else "empty", truth), row


@pytest.fixture(scope="module")
def team(life: Service) -> Team:
    """Return an installation whose schedule has landed yesterday."""
    team = Team(life)
    yesterday = {(team.key(1), shop) for shop in NUMBERS}
    until(lambda: {key for key, row in team.rows().items() if row.state == "ok"} == yesterday)
    return team


def test_the_plan_is_only_shown(team: Team) -> None:
    """Without `--yes` no run is made; of a paused job none is made at all, and it is named."""
    told = team.repair("--since", team.key(3))
    assert [run["period"] for run in told["runs"]] == [team.key(days) for days in (3, 2)]
    assert told["units"] == 6
    assert told["calls"] is not None
    assert told["minutes"] > 0
    assert team.service.manager("pause", JOB).returncode == 0
    paused = team.service.manager("repair", "--job", JOB, "--yes", "--since", team.key(3))
    assert paused.returncode == 1
    assert "erp_store: 6 left out: the job is paused" in paused.stdout
    assert team.service.manager("resume", JOB).returncode == 0
    assert team.runs(REPAIR_PREFIX) == []


def test_two_people_press_at_once(team: Team) -> None:
    """Each run is made once, the oldest first, both see them land, and no call is made twice."""
    before, counted = team.calls(), _calls_of(team)
    both = [
        team.service.begin("repair", "--job", JOB, "--yes", "--json", "--since", team.key(3))
        for _ in range(2)
    ]
    told = [json.loads(one.communicate(timeout=PATIENCE)[0]) for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    made = [run["run_id"] for one in told for run in one["runs"] if run["new"]]
    assert sorted(made) == [f"{REPAIR_PREFIX}{team.key(days)}__1" for days in (3, 2)]
    assert [run["dag_run_id"] for run in team.runs(REPAIR_PREFIX)] == sorted(made)
    rows = team.rows()
    assert len(rows) == 3 * 3
    assert {row.attempts for row in rows.values()} == {1}
    assert team.calls() - before == _calls_of(team) - counted > 0
    assert team.repair("--yes", "--since", team.key(3))["runs"] == []


def test_a_shop_that_fails_costs_itself_alone(team: Team) -> None:
    """The others land, the failure is named, and the next repair pulls that shop only."""
    fault = {"fault": "missing_field", "platform": "erp", "times": 999, "shop": NUMBERS["erp-2"]}
    team.sandbox("POST", "faults", json=fault)
    done = team.service.manager("repair", "--job", JOB, "--yes", "--since", team.key(4))
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"erp_store {team.key(4)}: failed: 1 of 3 missing: erp-2" in done.stdout
    team.sandbox("DELETE", "faults")
    (run,) = team.repair("--yes", "--since", team.key(4))["runs"]
    assert (run["shops"], run["run_id"]) == (["erp-2"], f"{REPAIR_PREFIX}{team.key(4)}__2")
    assert run["landed"]
    attempts = {shop: team.rows()[team.key(4), shop].attempts for shop in NUMBERS}
    assert attempts["erp-1"] == attempts["erp-3"] == 1
    team.check_truth()


def test_stop_now_waits_for_nothing(life: Service) -> None:
    """It says what it cut off, and nothing is left of it."""
    hold = life.var.parent / "hold"
    hold.touch()
    assert life.manager("trigger", "slow", "--period", CUT_OFF_PERIOD).returncode == 0
    until((life.var.parent / f"began-slow-{CUT_OFF_PERIOD}").exists)
    done = life.manager("stop", "--now", "--json")
    said = json.loads(done.stdout)
    assert (said["state"], said["was_running"]) == ("stopped", True)
    assert f"slow {CUT_OFF_PERIOD}" in said["interrupted"]
    assert service_processes(life.layout) == []
    hold.unlink()


def test_an_outage_heals_by_itself(team: Team) -> None:
    """What was missed within `recover` runs oldest first, once each; what had failed lands, too."""
    _forget_last_days(team, last_run=4, failed=(3, "erp-3"))
    team.service.start()
    wanted = [team.key(days) for days in (2, 1)]

    def recovered() -> bool:
        rows = team.rows()
        return all((key, shop) in rows for key in wanted for shop in NUMBERS) and all(
            row.state in ("ok", "empty") for row in rows.values()
        )

    until(recovered)
    scheduled = team.runs("scheduled__")
    assert [run["partition_key"] for run in scheduled][-2:] == wanted
    rows = team.rows()
    assert {rows[key, shop].attempts for key in wanted for shop in NUMBERS} == {1}
    healed = rows[team.key(3), "erp-3"]
    assert (healed.attempts, healed.retried_by) == (2, scheduled[-2]["dag_run_id"])
    assert rows[team.key(3), "erp-1"].retried_by is None
    assert (team.key(5), "erp-1") not in rows, "older than recover: nobody may pull it by itself"


@pytest.mark.campaign
def test_what_is_older_is_one_repair(team: Team) -> None:
    """Nothing is lost, and nothing doubled, though the scheduler is killed meanwhile."""
    counted = team.calls(), _calls_of(team)
    command = team.service.begin("repair", "--job", JOB, "--yes")
    until(lambda: any(run["state"] == "running" for run in team.runs(REPAIR_PREFIX)))
    second = team.service.begin("repair", "--job", JOB, "--yes")
    kill(team.service, "scheduler")
    said, _ = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, said
    assert "(3 of 3 runs)" in said
    told, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, told
    assert told.count("is on its way already") == told.count(": landed") >= 2
    assert team.service.manager("gaps", "--job", JOB).returncode == 0
    team.check_truth()
    rows = team.rows()
    assert len(rows) == FIRST_DAY * 3
    again = team.calls()
    assert team.repair("--yes")["runs"] == []
    assert team.calls() == again
    if {rows[team.key(days), shop].attempts for days in (5, 6, 7) for shop in NUMBERS} == {1}:
        assert again - counted[0] == _calls_of(team) - counted[1]


def _calls_of(team: Team) -> int:
    """Return how many calls the units that landed have taken, by the ledger."""
    with team.engine().connect() as connection:
        return int(connection.execute(select(func.sum(ledger.c.calls))).scalar() or 0)


def _forget_last_days(team: Team, *, last_run: int, failed: tuple[int, str]) -> None:
    """Bring the databases to where they were when the service was off for some days.

    Args:
        team: whose service is stopped.
        last_run: the day (days ago) that the schedule's last run covered.
        failed: a unit that had failed for good.
    """
    midnight = datetime.combine(team.today, datetime.min.time(), SHANGHAI)
    with team.engine().begin() as connection:
        gone = ledger.c.period_key > team.key(failed[0])
        connection.execute(delete(ledger).where(gone))
        since = midnight.replace(tzinfo=None) - timedelta(days=failed[0])
        connection.execute(delete(erp_orders).where(erp_orders.c.modified_time >= since))
        unit = ledger.c.period_key == team.key(failed[0]), ledger.c.shop_id == failed[1]
        said = {"state": "failed", "exit_code": 75, "error": "the gateway was away"}
        connection.execute(update(ledger).where(*unit).values(said))
    start = midnight - timedelta(days=last_run)
    end = start + timedelta(days=1)
    moments = [moment.astimezone(timezone.utc).replace(tzinfo=None) for moment in (start, end)]
    shown = [moment.isoformat(" ", "microseconds") for moment in moments]
    with closing(sqlite3.connect(team.service.var / "airflow/airflow.db")) as airflow, airflow:
        airflow.execute(
            "UPDATE dag_run SET run_id = ?, partition_key = ?, partition_date = ?, run_after = ? "
            "WHERE run_type = 'scheduled'",
            (LONG_AGO, team.key(last_run), *shown),
        )
        airflow.execute(
            "UPDATE task_instance SET run_id = ? WHERE run_id LIKE 'scheduled__%'", (LONG_AGO,)
        )
