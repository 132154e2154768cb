"""What `gaps` says."""

import json
import subprocess
from argparse import Namespace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url

from include import PROJECT_ROOT
from include.errors import ConfigurationError, ExpectedError
from manager.airflow.tables import warehouse_url
from manager.commands.gaps import gaps
from manager.layout import Layout
from manager.lifecycle.ports import Ports
from manager.lifecycle.settings import component_environment
from tests.coverage.registries import row
from tests.manager.covered import Installation, install

TASKS = """
tasks:
  - {id: erp_store, name: ERP门店数据, cron: "0 0 * * *", script: erp/erp_store.py, platform: erp}
  - {id: generate_daily, name: 生成, cron: "0 0 * * *", script: generate_tasks.py}
"""
SHOP = "  - {{id: erp-{0}, platform: erp, name: 店{0}, connection: erp, platform_id: 1000{0}}}\n"
SHOPS = "shops:\n" + "".join(SHOP.format(number) for number in (1, 2, 3))
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def _ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Return one in which nothing has happened yet."""
    return install(tmp_path, TASKS, SHOPS, {"password": "unused", "extra": "{}"})


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return one that no test changes."""
    return install(tmp_path_factory.mktemp("empty"), TASKS, SHOPS, {})


def _ask(installation: Installation, **more: Any) -> int:
    said = {"job": None, "shop": None, "since": None, "waived": False, "json": False}
    return gaps(installation.layout, Namespace(**{**said, **more}))


def test_nothing_is_missing(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and exit code 0."""
    installation.land()
    assert _ask(installation) == 0
    assert capsys.readouterr().out == (
        f"no gaps: everything that was due since {_ago_utc(90)} has landed\n"
    )


def _ago_utc(days: int) -> str:
    return (datetime.now(ZoneInfo("UTC")).date() - timedelta(days=days)).isoformat()


def _without_marks(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.partition("\n\ncomplete up to")[0].splitlines()


def test_each_gap_has_its_reason_and_its_repair(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Periods in a row with the same trouble share a line; exit code 1."""

    def trouble(unit: Any) -> str | None:
        key = unit.period.key
        if key in (_ago(5), _ago(4)) and unit.job_id == "erp_store":
            return ""
        if (unit.shop_id, key) == ("erp-2", _ago(3)):
            return "failed"
        return "running" if (unit.shop_id, key) == ("erp-1", _ago(7)) else None

    installation.land(but=trouble)
    installation.change_airflow("INSERT INTO dag (dag_id, is_paused) VALUES ('erp_store', 1)")
    assert _ask(installation) == 1
    manager = "python3 scheduler_manager.py"
    wide, rest = " " * 16, " " * 24
    lost = "lost: running, without a sign of life (run run-1)"
    failed = "failed, exit code 75 (a temporary failure): the gateway answered 503"
    repair = f"{manager} repair --job erp_store --since {_ago(7)} --yes"
    assert _without_marks(capsys) == [
        f"8 gaps in 1 job since {_ago_utc(90)}",
        "",
        "erp_store  ERP门店数据  (8)",
        f"  {_ago(7)}{wide}erp-1 店1{rest}{lost}",
        f"  {_ago(5)} to {_ago(4)}  erp-1 店1, erp-2 店2, erp-3 店3  missed: nothing was tried",
        f"  {_ago(3)}{wide}erp-2 店2{rest}{failed}",
        f"  repair: {repair}  (paused: `{manager} resume erp_store` first)",
        f"these are of the last 90 days; older ones: `{manager} gaps --since 2025-01-01`",
    ]
    assert _ask(installation, shop="erp-2", since=_ago(4)) == 1
    said = capsys.readouterr().out
    assert f"2 gaps in 1 job since {_ago(4)}" in said
    assert f"repair --job erp_store --shop erp-2 --since {_ago(4)} --yes" in said
    assert _ask(installation, job="generate_daily") == 0
    assert "everything of generate_daily that was due since" in capsys.readouterr().out


def test_what_was_pulled_too_early_is_not_called_untried(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a shop of the same day that nobody has pulled, it stands in a line of its own."""

    def trouble(unit: Any) -> str | None:
        if unit.period.key != _ago(4) or unit.job_id != "erp_store":
            return None
        return {"erp-1": "provisional", "erp-2": ""}.get(unit.shop_id)

    installation.land(but=trouble)
    assert _ask(installation) == 1
    lines = _without_marks(capsys)
    early = "missed: pulled before it was due, and not again since"
    assert f"  {_ago(4)}  erp-1 店1  {early}" in lines
    assert f"  {_ago(4)}  erp-2 店2  missed: nothing was tried" in lines


def test_a_program_is_told_the_same(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every unit, who is paused, and the command."""
    installation.land(but=lambda unit: "failed" if unit.period.key == _ago(3) else None)
    assert _ask(installation, json=True, job="erp_store", since=_ago(10)) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(gap["shop"], gap["state"]) for gap in told["gaps"]] == [
        (f"erp-{number}", "failed") for number in (1, 2, 3)
    ]
    assert told["gaps"][0]["error"] == "the gateway answered 503"
    assert (told["paused"], told["broken"], told["since"]) == ([], [], _ago(10))
    command = f"repair --job erp_store --since {_ago(10)} --yes"
    assert told["repair"] == f"python3 scheduler_manager.py {command}"


def test_what_nobody_can_know_is_said(installation: Installation, python: Path) -> None:
    """A broken entry makes the answer incomplete, which is no 0; so may be what is paused."""
    installation.land()
    tasks = installation.layout.root / "config/tasks/tasks.yaml"
    tasks.write_text(TASKS.replace("generate_tasks.py", "gone.py"), "utf-8")
    (installation.layout.airflow_home / "airflow.db").unlink()
    engine = {"AIRFLOW_CONN_WAREHOUSE": f"sqlite:///{installation.layout.warehouse}"}
    with (installation.layout.root / "config/airflow.env").open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in engine.items())
    script = installation.layout.root / "ask.py"
    script.write_text(ASK, "utf-8")
    done = subprocess.run(
        [python, script, installation.layout.root],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "broken, so that what it should land is not known: config/tasks/tasks.yaml:4" in (
        done.stdout
    )
    assert "which jobs are paused is not known" in done.stdout


ASK = """
import sys
from argparse import Namespace
from pathlib import Path
from manager.commands.gaps import gaps
from manager.layout import Layout
root = Path(sys.argv[1])
said = {"job": None, "shop": None, "since": None, "waived": False, "json": False}
sys.exit(gaps(Layout(root, root / "var"), Namespace(**said)))
"""


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"job": "erp_stroe"}, "job 'erp_stroe' is not in config/tasks: did you mean 'erp_store'"),
        ({"shop": "erp-9"}, "shop 'erp-9' is not in config/shops.yaml: did you mean 'erp-"),
        ({"job": "generate_daily", "shop": "erp-1"}, "job 'generate_daily' has no shops"),
        ({"since": "yesterday"}, "--since 'yesterday' is no day of the calendar: write it like 20"),
        ({"since": "2025-02-30"}, "--since '2025-02-30' is no day of the calendar"),
        ({"since": "2999-01-01"}, "--since 2999-01-01 has not come: today is 20"),
    ],
)
def test_what_there_is_not_is_refused(
    empty: Installation, said: dict[str, str], answer: str
) -> None:
    """With the name that was meant, or an example."""
    with pytest.raises(ConfigurationError) as refused:
        _ask(empty, **said)
    assert answer in str(refused.value)


def test_before_the_first_start_there_is_no_warehouse(tmp_path: Path) -> None:
    """The answer names the command that makes one."""
    with pytest.raises(ExpectedError, match="start` makes it"):
        gaps(Layout(tmp_path, tmp_path / "var"), Namespace(since=None))


def test_the_warehouse_is_found_as_airflow_would(tmp_path: Path) -> None:
    """Password and options are decrypted with the installation's key, without Airflow."""
    fields = {
        "conn_type": "postgres",
        "host": "db",
        "login": "me",
        "password": "a b/c",
        "schema": "w",
        "port": 5433,
        "extra": '{"sslmode": "require"}',
    }
    layout = install(tmp_path, TASKS, SHOPS, fields).layout
    url = make_url(warehouse_url(component_environment(layout, Ports(8080))))
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg2", "me", "a b/c")
    assert (url.host, url.port, url.database) == ("db", 5433, "w")
    assert url.query == {"sslmode": "require"}


def test_a_unit_that_runs_is_no_gap_and_has_not_landed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as it is alive."""
    installation.land(but=lambda unit: "" if unit.period.key == _ago(2) else None)
    heard = datetime.now(ZoneInfo("UTC"))
    units = [unit for unit in installation.units(4) if unit.period.key == _ago(2)]
    running = [
        row(unit.job_id, unit.shop_id, unit.period, "running", heartbeat_at=heard) for unit in units
    ]
    installation.write(running)
    assert _ask(installation) == 0
    said = capsys.readouterr().out
    assert said == f"no gaps since {_ago_utc(90)}; not landed yet: {len(running)} running\n"


def test_what_is_switched_off_has_not_landed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job or a shop that is disabled and has days that are not there is named."""
    installation.land(but=lambda unit: "" if "erp-2" in unit.shop_id else None)
    config = installation.layout.root / "config"
    config.joinpath("shops.yaml").write_text(
        SHOPS.replace("id: erp-2,", "id: erp-2, enabled: false,"), "utf-8"
    )
    since = _ago(10)
    assert _ask(installation, since=since) == 0
    said = f"no gaps since {since}; 10 disabled (shop erp-2 is disabled)\n"
    assert capsys.readouterr().out == said
    assert _ask(installation, since=since, shop="erp-2") == 0
    assert capsys.readouterr().out == said.replace("gaps", "gaps of erp-2")
    config.joinpath("tasks/tasks.yaml").write_text(
        TASKS.replace("id: erp_store,", "id: erp_store, enabled: false,"), "utf-8"
    )
    assert _ask(installation, since=since, json=True) == 0
    besides = json.loads(capsys.readouterr().out)["besides"]
    assert besides["disabled_jobs"] == {"erp_store": 10}
    assert _ask(installation, since=since, job="generate_daily") == 0
    assert "everything of generate_daily that was due" in capsys.readouterr().out


def test_a_turn_that_has_just_come_has_not_landed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within the minutes that the scheduler is given."""
    now = datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(minutes=2)
    tasks = TASKS.replace('"0 0 * * *"', f'"{now.minute} {now.hour} * * *"')
    (installation.layout.root / "config/tasks/tasks.yaml").write_text(tasks, "utf-8")
    last = (now - timedelta(days=1)).date().isoformat()
    installation.land(but=lambda unit: "" if unit.period.key == last else None)
    assert _ask(installation) == 0
    assert f"{_ago_utc(90)}; not landed yet: 4 pending\n" in capsys.readouterr().out


def test_of_a_day_that_is_not_over_nothing_was_due(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is another thing than that everything has landed."""
    assert _ask(installation, since=_ago(0)) == 0
    assert capsys.readouterr().out == f"no gaps: nothing was due since {_ago(0)}\n"


RUN = (
    "INSERT INTO dag_run (dag_id, run_id, state, partition_key, run_after, conf) "
    "VALUES (?, ?, 'queued', ?, '2025-10-01 00:00:00.000000', ?)"
)


def test_what_a_queued_run_sees_to_needs_no_second_repair(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so; where runs cover all of it, no command is given."""
    shops = [f"erp-{number}" for number in (1, 2, 3)]
    lost = (_ago(4), _ago(5))
    installation.land(
        but=lambda unit: "" if unit.period.key in lost and unit.shop_id in shops else None
    )
    installation.change_airflow("INSERT INTO dag (dag_id, is_paused) VALUES ('erp_store', 0)")
    installation.change_airflow(RUN, "erp_store", f"repair__{lost[0]}__1", lost[0], "{}")
    narrowed = json.dumps({"shops": ["erp-1"]})
    installation.change_airflow(RUN, "erp_store", f"repair__{lost[1]}__1", lost[1], narrowed)
    assert _ask(installation) == 1
    lines, names = _without_marks(capsys), "erp-1 店1, erp-2 店2"
    assert lines[0].endswith(", runs under way cover 4 of them")
    assert (
        f"  {lost[0]}  {names}, erp-3 店3  missed: nothing was tried (a run is under way)" in lines
    )
    assert f"  {lost[1]}  erp-2 店2, erp-3 店3{' ' * 13}missed: nothing was tried" in lines
    assert f"repair --job erp_store --since {lost[1]} --yes" in lines[-2]
    assert _ask(installation, since=lost[0]) == 1
    lines = _without_marks(capsys)
    assert lines[-1] == "  queued or running runs cover them"
    assert _ask(installation, since=lost[0], json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["repair"], [gap["under_way"] for gap in told["gaps"]]) == (None, [True] * 3)
    installation.change_airflow("UPDATE dag SET is_paused = 1")
    assert _ask(installation, since=lost[0]) == 1
    said = capsys.readouterr().out
    assert "under way" not in said, "a paused job's runs wait for ever"
    run_id = f"repair__{lost[0]}__1"
    waits = f"  run {run_id} waits since 10-01 08:00 and cannot go on: its job is paused\n"
    assert waits in said
    assert _ask(installation, since=lost[0], json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert [gap["stuck"] for gap in told["gaps"]][-1] == waits.strip()
    assert told["repair"]


BROKEN_FILE = "tasks:\n  - {id: jd_store, name: [\n"


def test_a_job_in_a_file_that_cannot_be_read_is_no_typo(installation: Installation) -> None:
    """The file is named with the line; a job that is known has nothing to do with it."""
    installation.land()
    (installation.layout.root / "config/tasks/jd.yaml").write_text(BROKEN_FILE, "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        _ask(installation, job="jd_store")
    assert "job 'jd_store' is nowhere that can be read; broken is\nconfig/tasks/jd.yaml:" in str(
        refused.value
    )
    assert _ask(installation, job="erp_store") == 0
    assert _ask(installation) == 1


def test_without_its_shops_nobody_knows_what_a_job_should_land(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is not the same as no gaps; a job that has no shops is known all the same."""
    installation.land()
    shops = installation.layout.root / "config/shops.yaml"
    shops.write_text(SHOPS.replace("platform: erp, name: 店2", "platform: erp, nome: 店2"), "utf-8")
    for asked in ("erp_store", None):
        assert _ask(installation, job=asked) == 1
        said = capsys.readouterr().out
        assert "not known: config/shops.yaml:3" in said
        assert f"since {_ago_utc(90)}, but what is broken may have some\n" in said
        assert "no gaps:" not in said
    assert _ask(installation, job="generate_daily") == 0
    assert _ask(installation, shop="erp-1") == 0
    with pytest.raises(ConfigurationError, match=r"config/shops\.yaml:3:\d+: erp-2: "):
        _ask(installation, shop="erp-2")
    shops.unlink()
    shops.mkdir()
    with pytest.raises(
        ConfigurationError, match=r"broken is\nconfig/shops\.yaml:1:1: is not a file"
    ):
        _ask(installation, shop="erp-1")


def test_it_says_up_to_when_each_shop_is_complete(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of shops with gaps, and of those that are asked for; to a program in UTC."""
    installation.land(
        but=lambda unit: "" if (unit.shop_id, unit.period.key) == ("erp-2", _ago(5)) else None
    )
    assert _ask(installation) == 1
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[lines.index("complete up to") + 1 :] == [f"erp_store erp-2 店2 {_ago(5)} 00:00:00"]
    assert _ask(installation, job="erp_store", shop="erp-1", json=True) == 0
    [told] = json.loads(capsys.readouterr().out)["complete"]
    assert (told["job"], told["shop"]) == ("erp_store", "erp-1")
    assert told["complete_until"].endswith("T16:00:00+00:00")


def test_a_shop_that_lacks_what_is_before_all_it_has_is_complete_up_to_nowhere(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when `start` was moved back: that the last days are there does not make it complete."""
    installation.land(
        but=lambda unit: "" if unit.shop_id == "erp-2" and unit.period.key < _ago(5) else None
    )
    assert _ask(installation) == 1
    said = capsys.readouterr().out
    assert "erp-2 店2" in said
    assert "complete up to" not in said


def test_what_cannot_be_pulled_again_has_no_repair(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a script that takes no period; the last day of it can still be run."""
    tasks = installation.layout.root / "config/tasks/tasks.yaml"
    tasks.write_text(
        tasks.read_text("utf-8").replace("tasks.py}", "tasks.py, dated: false}"), "utf-8"
    )
    lost, last = _ago(3), _ago(1)
    installation.land(but=lambda unit: _generated(unit, {lost: ""}))
    assert _ask(installation, job="generate_daily") == 1
    text = capsys.readouterr().out
    assert f"{lost}    cannot be pulled again: its script takes no period\n" in text
    assert f"waive generate_daily --period {lost} --reason TEXT" in text
    assert "repair:" not in text
    assert _ask(installation, job="generate_daily", json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert ([gap["state"] for gap in told["gaps"]], told["repair"]) == (["unrepairable"], None)
    assert last not in text


def _generated(unit: Any, states: dict[str, str]) -> str | None:
    return states.get(unit.period.key) if unit.job_id == "generate_daily" else None


def test_other_rows_than_the_source_counts_have_a_sign(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both numbers are told; to a program as a state of its own."""
    told = "52 landed, the source counts 55"
    rows = [
        row(unit.job_id, unit.shop_id, unit.period, "failed", error=told, source_rows=55, rows=52)
        if (unit.shop_id, unit.period.key) == ("erp-2", _ago(3))
        else row(unit.job_id, unit.shop_id, unit.period, "ok")
        for unit in installation.units(100)
    ]
    installation.write(rows)
    assert _ask(installation) == 1
    assert f"≠ {told}" in capsys.readouterr().out
    assert _ask(installation, json=True) == 1
    (gap,) = json.loads(capsys.readouterr().out)["gaps"]
    assert (gap["state"], gap["error"]) == ("miscounted", told)


def test_a_job_after_a_contract_says_what_it_waits_for(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was tried since the contract is not complete: that is what to look at."""
    config = installation.layout.root / "config"
    contract = "contracts: [{id: store_day, name: x, jobs: [erp_store], deadline: '12:00'}]\n"
    (config / "contracts.yaml").write_text(contract, "utf-8")
    entry = f"{{id: report, name: x, after: store_day, script: s.py, start: {_ago(3)}}}"
    (config / "tasks/after.yaml").write_text(f"tasks: [{entry}]\n", "utf-8")
    (installation.layout.root / "include/scripts/s.py").write_text("print('PERIOD_KEY')\n", "utf-8")
    assert _ask(installation, job="report") == 1
    lines = _without_marks(capsys)
    assert [line for line in lines if line.endswith("missed: nothing was tried")]
    waits = "  runs by itself when contract store_day is complete: `python3 scheduler_manager.py "
    assert f"{waits}complete store_day PERIOD` says what is missing" in lines
