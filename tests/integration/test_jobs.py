"""Jobs under a real Airflow: every way to run one covers the period it says, and ends as it should.

The tests share one service; what they add to its registry has names of its own.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from include.coverage_page.app import PREFIX
from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import LedgerRow, Unit
from include.warehouse import connect
from manager.airflow.rest import ApiError
from sandbox import credentials
from tests.integration.installation import until
from tests.sandbox.truth import ERP

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.installation import Service

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBERS = {"erp-1": 10001, "erp-2": 10002, "erp-3": 10003}
# One of each way to end but success; tests/scheduling/test_operator.py has every code.
EXIT_CODES = {75: ("failed", 2), 77: ("failed", 1), 99: ("skipped", 1)}
SMALL = """
  - {id: small, name: 小任务, cron: "0 0 * * *", script: small.py, platform: erp, recover: 0d,
     dated: true}
"""


def _runs(service: Service, dag_id: str) -> list[dict[str, Any]]:
    return list(service.api._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs"))


def _task(service: Service, dag_id: str, run_id: str) -> dict[str, Any]:
    """Wait until a run has ended, and give the task that ran its script."""
    api = service.api
    until(lambda: api.run_state(dag_id, run_id) in ("success", "failed"))
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
    tasks: list[dict[str, Any]] = api._request("GET", path)["task_instances"]
    return next(task for task in tasks if task["task_id"] == "run")


def _shown(service: Service, job_id: str) -> dict[str, Any]:
    """Return what `status --json` says of a job."""
    jobs = json.loads(service.manager("status", "--json").stdout)["jobs"]
    return dict(next(job for job in jobs if job["id"] == job_id))


def _trigger(service: Service, dag_id: str, **body: Any) -> str:
    answer = service.api._request(
        "POST", f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, **body}
    )
    return str(answer["dag_run_id"])


def _rows(service: Service, job_id: str, key: str) -> dict[str, LedgerRow]:
    ledger = Ledger(connect(f"sqlite:///{service.layout.warehouse}"))
    return {row.shop_id: row for row in ledger.rows(job_id, key)}


def _landed_on(service: Service, key: str) -> dict[str, int | None]:
    return {row.shop_id: row.rows for row in _rows(service, "erp_store", key).values()}


def _truth_on(key: str) -> dict[str, int]:
    now = datetime.now(SHANGHAI).replace(tzinfo=None)
    day = date.fromisoformat(key)
    return {shop: len(ERP.made_on(number, day, 1, now)) for shop, number in NUMBERS.items()}


def _days_ago(days: int) -> str:
    return (datetime.now(SHANGHAI) - timedelta(days=days)).date().isoformat()


def _log(service: Service, dag_id: str, run_id: str) -> str:
    folder = service.layout.logs / "airflow" / f"dag_id={dag_id}" / f"run_id={run_id}"
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.log")))


@pytest.fixture(scope="module")
def added(service: Service) -> Service:
    """Return the service with more jobs, and wait until they are DAGs.

    Some end with an exit code each; `small` lands its shops, and is due at midnight.
    """
    _write_script(service.root, "small.py", "print('nothing to it')\n")
    _write_script(service.root, "exits.py", "import sys\nsys.exit(int(sys.argv[1]))\n")
    entries = "".join(
        f"  - id: exits_{code}\n    name: 退出码{code}\n    cron: '0 0 1 1 *'\n    period: tick\n"
        f"    script: exits.py\n    args: ['{code}']\n    recover: 0d\n    retries: 1\n"
        "    retry_delay: 1s\n"
        for code in EXIT_CODES
    )
    _write_tasks(service.root, "added.yaml", f"{entries}{SMALL}")
    wanted = {"small", *(f"exits_{code}" for code in EXIT_CODES)}
    until(lambda: wanted <= set(service.api.dags()))
    return service


def _write_script(root: Path, name: str, text: str) -> None:
    (root / "include/scripts" / name).write_text(text, encoding="utf-8")


def _write_tasks(root: Path, name: str, entries: str) -> None:
    (root / "config/tasks" / name).write_text(f"tasks:\n{entries}", encoding="utf-8")


def test_demo_lands_a_day_as_a_dag_run(service: Service) -> None:
    """Its table says what is in the warehouse, the sandbox's truth; again lands nothing."""
    key = _days_ago(9)
    first = service.manager("demo", "--job", "erp_store", "--period", key)
    assert first.returncode == 0, first.stdout + first.stderr
    truth = _truth_on(key)
    assert _landed_on(service, key) == truth
    for shop, rows in truth.items():
        assert any(shop in line and f"{rows:,}" in line for line in first.stdout.splitlines())
    assert service.ports.url in first.stdout
    rows = _rows(service, "erp_store", key)
    again = service.manager("demo", "--job", "erp_store", "--period", key)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing was loaded twice" in again.stdout
    assert _rows(service, "erp_store", key) == rows


def test_the_scheduler_makes_the_run_of_the_day_by_itself(service: Service) -> None:
    """A new installation covers the last period without being told, under the period's key."""

    def scheduled() -> list[str]:
        runs = _runs(service, "erp_store")
        return [run["partition_key"] for run in runs if run["run_type"] == "scheduled"]

    keys = until(scheduled)
    now = datetime.now(SHANGHAI)
    fired = 1 if now.hour >= 7 else 2
    assert keys == [_days_ago(fired)]


def test_a_manual_run_covers_the_last_ended_day(added: Service) -> None:
    """A run that was asked for without a word means yesterday."""
    run_id = _trigger(added, "small")
    assert _task(added, "small", run_id)["state"] == "success"
    assert {row.run_id for row in _rows(added, "small", _days_ago(1)).values()} == {run_id}


def test_a_manual_run_with_a_conf_covers_what_it_says(added: Service) -> None:
    """`airflow dags trigger` of a range, narrowed to one shop, lands those units and no others."""
    conf = {"from": _days_ago(42), "to": _days_ago(41), "shops": ["erp-2"]}
    done = added.manager(
        *("airflow", "dags", "trigger", "small", "--run-id", "with-conf"),
        *("--conf", json.dumps(conf)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert _task(added, "small", "with-conf")["state"] == "success"
    assert _landed_around(added, 42) == {_days_ago(days): {"erp-2"} for days in (42, 41)}


def test_a_run_of_the_form_covers_what_it_says(added: Service) -> None:
    """What the UI's form sends, empty fields and all, runs the named day."""
    key = _days_ago(20)
    conf = {"period": key, "from": None, "to": None, "again": False, "shops": None}
    run_id = _trigger(added, "small", conf=conf)
    assert _task(added, "small", run_id)["state"] == "success"
    assert _landed_around(added, 20) == {key: {*NUMBERS}}


def test_a_backfill_holds_both_its_ends(added: Service) -> None:
    """`airflow backfill create` lands each day from the first to the last, and no other."""
    done = added.manager(
        *("airflow", "backfill", "create", "--dag-id", "small"),
        *("--from-date", _days_ago(32), "--to-date", _days_ago(31)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = [_days_ago(days) for days in (32, 31)]

    def ended() -> list[str]:
        mine = [run for run in _runs(added, "small") if run["run_type"] == "backfill"]
        over = len(mine) == len(wanted) and all(run["state"] == "success" for run in mine)
        return sorted(run["partition_key"] for run in mine) if over else []

    assert until(ended) == wanted
    assert _landed_around(added, 32) == {day: {*NUMBERS} for day in wanted}


def _landed_around(service: Service, days_ago: int) -> dict[str, set[str]]:
    """Return which shops of `small` have landed on a day and its neighbours, by day."""
    keys = [_days_ago(days_ago + days) for days in (1, 0, -1, -2)]
    rows = {key: _rows(service, "small", key) for key in keys}
    assert {row.state for found in rows.values() for row in found.values()} == {"ok"}
    return {key: {*found} for key, found in rows.items() if found}


@pytest.mark.parametrize(
    "body",
    [
        {"partition_key": "2025-10-1"},
        {"partition_key": "2999-01-01"},
        {"conf": {"period": "2025-10-02; touch /tmp/x"}},
        {"conf": {"shops": ["erp-9"]}},
        {"conf": {"again": "yes"}},
    ],
    ids=str,
)
def test_a_wrong_wish_never_becomes_a_run(service: Service, body: dict[str, Any]) -> None:
    """A malformed key or field of the form is refused when it is asked for."""
    with pytest.raises(ApiError, match="HTTP 4"):
        _trigger(service, "erp_store", **body)


def test_an_unknown_word_of_the_conf_fails_at_once(service: Service) -> None:
    """It is not ignored: the task fails without a retry and names the word that was meant."""
    run_id = _trigger(service, "erp_store", conf={"perod": "2025-10-02"})
    task = _task(service, "erp_store", run_id)
    assert (task["state"], task["try_number"]) == ("failed", 1)
    assert "did you mean 'period'?" in _log(service, "erp_store", run_id)


def test_each_exit_code_ends_the_task_as_the_table_says(added: Service) -> None:
    """What there is nothing to do for is skipped, a refusal fails at once, all else is retried."""
    run_ids = {code: _trigger(added, f"exits_{code}") for code in EXIT_CODES}
    ended = {code: _task(added, f"exits_{code}", run_id) for code, run_id in run_ids.items()}
    assert {code: (task["state"], task["try_number"]) for code, task in ended.items()} == EXIT_CODES


def test_a_users_own_script_is_a_job_within_half_a_minute(service: Service) -> None:
    """A script that knows nothing of us is dropped in and runs; a broken entry is told."""
    script = (
        "import os\nfrom pathlib import Path\n\n"
        "Path(os.environ['WHERE']).write_text(os.environ['PERIOD_KEY'])\nprint('写好了')\n"
    )
    _write_script(service.root, "own.py", script)
    here = service.var / "own.txt"
    entries = "".join(
        f"  - {{id: {job}, name: 自己的, cron: '{minute} 6 * * *', script: own.py, "
        f"recover: 0d, env: {{WHERE: '{here}'}}}}\n"
        for job, minute in (("own_job", 0), ("broken_job", 99))
    )
    _write_tasks(service.root, "own.yaml", entries)
    before = set(service.api.dags())
    dags = until(lambda: "own_job" in (found := service.api.dags()) and found)
    assert set(dags) == before | {"own_job"}
    run_id = _trigger(service, "own_job", partition_key="2025-10-02")
    assert _task(service, "own_job", run_id)["state"] == "success"
    assert here.read_text() == "2025-10-02"
    assert "写好了" in _log(service, "own_job", run_id)
    assert _rows(service, "own_job", "2025-10-02")["-"].state == "ok"

    def told(where: str, what: str) -> bool:
        errors = "\n".join(service.api.import_errors())
        return where in errors and what in errors

    until(lambda: told("own.yaml:3:", "minute 99 is not in 0-59"))
    _write_tasks(service.root, "own.yaml", entries.replace("0 6", "61 6"))
    until(lambda: told("own.yaml:2:", "minute 61 is not in 0-59"))
    shown = until(lambda: (job := _shown(service, "own_job"))["import_error"] and job)
    assert "minute 61 is not in 0-59" in shown["import_error"]
    assert shown["next_run"] is None


def test_a_script_that_takes_no_period_lands_yesterday_only(service: Service) -> None:
    """A run of an older day is red at once, and stays a gap that nobody can repair."""
    script = "import datetime\nprint(datetime.date.today() - datetime.timedelta(days=1))\n"
    _write_script(service.root, "yesterday.py", script)
    older, landed, last = _days_ago(3), _days_ago(2), _days_ago(1)
    entry = (
        "  - {id: yesterday, name: 昨天, cron: '0 0 * * *', script: yesterday.py, recover: 0d, "
        f"start: {older}}}\n"
    )
    _write_tasks(service.root, "yesterday.yaml", entry)
    until(lambda: "yesterday" in service.api.dags())
    period = load_registry(service.root).jobs["yesterday"].schedule.parse_key(landed)
    ledger = Ledger(connect(f"sqlite:///{service.layout.warehouse}"))
    with ledger.engine.begin() as connection:
        ledger.land(connection, Unit("yesterday", "-", period), 1)
    run_id = _trigger(service, "yesterday", partition_key=older)
    task = _task(service, "yesterday", run_id)
    assert (task["state"], task["try_number"]) == ("failed", 1)
    assert f"{older} cannot be pulled again" in _log(service, "yesterday", run_id)
    run_id = _trigger(service, "yesterday", partition_key=last)
    assert _task(service, "yesterday", run_id)["state"] == "success"
    assert f"\n{last}" in "\n".join(
        json.loads(line).get("event", "")
        for line in _log(service, "yesterday", run_id).splitlines()
    )
    refused = service.manager("trigger", "yesterday", "--period", older)
    assert refused.returncode
    assert f"{older} cannot be pulled again" in refused.stderr
    gaps = json.loads(service.manager("gaps", "--job", "yesterday", "--json").stdout)["gaps"]
    assert [(gap["period"], gap["state"]) for gap in gaps] == [(older, "unrepairable")]
    plan = json.loads(service.manager("repair", "--job", "yesterday", "--json").stdout)
    assert plan["runs"] == []
    assert plan["held"] == [{"job": "yesterday", "why": "unrepairable", "units": 1}]
    with service.client("admin") as admin:
        again = admin.post(f"{PREFIX}/again", json={"job": "yesterday", "key": landed})
        assert (again.status_code, "cannot be pulled again" in again.text) == (409, True)
        told = admin.get(f"{PREFIX}/data/jobs/yesterday/columns/{older}").json()
    assert "and line 2 of the script asks the clock" in told["units"][0]["why"]


def test_no_secret_reaches_a_log_or_the_ui(service: Service) -> None:
    """The app secret and token are in no file of the logs, nor among a task's rendered fields."""
    secrets = [credentials.SANDBOX_APP_SECRET, credentials.SANDBOX_ACCESS_TOKEN]
    runs = until(lambda: service.api.runs("erp_store", state=["success"]))
    task = _task(service, "erp_store", runs[0]["dag_run_id"])
    shown = json.dumps(task) + "".join(
        path.read_text("utf-8", errors="replace")
        for path in service.layout.logs.rglob("*")
        if path.is_file()
    )
    assert "erp_store" in shown
    assert not [secret for secret in secrets if secret in shown]


def test_a_shop_that_landed_too_little_is_not_green(service: Service) -> None:
    """Its retry pulls it alone, the run is red, the ledger says why, and so does the next run."""
    script = (
        "import os\nfrom pathlib import Path\nfrom include.units.ledger import Ledger\n"
        "from include.units.unit import Unit\n"
        "from include.periods import Schedule\nfrom include.warehouse import connect\n\n"
        "ledger = Ledger(connect(os.environ['WAREHOUSE_URL']), os.environ['RUN_ID'])\n"
        "period = Schedule('0 6 * * *', 'day').parse_key(os.environ['PERIOD_KEY'])\n"
        "for shop in os.environ['SHOPS'].split(','):\n"
        "    rows = int(Path(os.environ['ROWS']).read_text()) if shop == 'erp-2' else 100\n"
        "    with ledger.engine.begin() as connection:\n"
        "        ledger.land(connection, Unit('checked', shop, period), rows)\n"
    )
    _write_script(service.root, "checked.py", script)
    rows_of_2, key = service.root / "rows.txt", "2025-10-02"
    rows_of_2.write_text("3")
    entry = (
        "  - {id: checked, name: 检查, cron: '0 6 * * *', script: checked.py, platform: erp, "
        f"recover: 0d, retries: 1, retry_delay: 1s, "
        f"env: {{ROWS: '{rows_of_2}'}}, checks: {{min_rows: 10}}}}\n"
    )
    _write_tasks(service.root, "checked.yaml", entry)
    until(lambda: "checked" in service.api.dags())
    first = _trigger(service, "checked", partition_key=key)
    assert _task(service, "checked", first)["state"] == "failed"
    assert service.api.run_state("checked", first) == "failed"
    assert "checked erp-2 2025-10-02: 3 rows, at least 10" in _log(service, "checked", first)
    (log,) = (service.layout.logs / "airflow/dag_id=checked" / f"run_id={first}").glob("*=check/*")
    assert log.name == "attempt=1.log"
    rows = _rows(service, "checked", key)
    assert {shop: row.state for shop, row in rows.items()} == {
        "erp-1": "ok",
        "erp-2": "failed",
        "erp-3": "ok",
    }
    assert rows["erp-2"].error == "3 rows, at least 10 expected"
    rows_of_2.write_text("30")
    second = _trigger(service, "checked", partition_key=key)
    _task(service, "checked", second)
    assert service.api.run_state("checked", second) == "success"
    attempts = {shop: row.attempts for shop, row in _rows(service, "checked", key).items()}
    assert attempts == {"erp-1": 1, "erp-2": 3, "erp-3": 1}


def test_housekeeping_reaches_airflows_database(service: Service) -> None:
    """The job of the service itself runs by schedule, though tasks know no secret of Airflow's."""
    runs = until(lambda: _runs(service, "housekeeping"))
    task = _task(service, "housekeeping", runs[0]["dag_run_id"])
    assert task["state"] == "success"
    (row,) = _rows(service, "housekeeping", runs[0]["partition_key"]).values()
    assert (row.shop_id, row.state) == ("-", "ok")
