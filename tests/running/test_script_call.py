"""What a script gets: its arguments, its environment, its working directory."""

from __future__ import annotations

import json
import re

from include import PROJECT_ROOT
from tests.running.project import PERIOD, Project

DUMP = """
import json, os, sys
seen = {"args": sys.argv[1:], "cwd": os.getcwd(), **os.environ}
json.dump(seen, open(os.environ["SCRATCH"] + "/seen", "w"))
"""


def seen_by(project: Project, *words: str, **variables: str) -> dict[str, str]:
    """Run the job and give what its script saw."""
    code, output = project.run(*words, **variables)
    assert code == 0, output
    seen: dict[str, str] = json.loads((project.root / "seen").read_text())
    return seen


def test_arguments_are_filled_in_and_else_left_alone(project: Project) -> None:
    """No shell looks at them, and braces that are doubled stay."""
    arguments = ["{key}", "{start}..{end}", "{first_day}/{last_day}", '{{"a": 1}}', "$(id) 店铺 *"]
    project.job(DUMP, args=arguments)
    assert seen_by(project)["args"] == [
        "2025-10-02",
        "2025-10-02T00:00:00+08:00..2025-10-03T00:00:00+08:00",
        "2025-10-02/2025-10-02",
        '{"a": 1}',
        "$(id) 店铺 *",
    ]


def test_the_period_comes_in_the_environment(project: Project) -> None:
    """Every variable that the design promises is there, and nothing that was not asked for."""
    project.job(DUMP, period="week", cron="0 12 * * 6")
    seen = seen_by(project, "job", "--period", "2025-09-27", RUN_ID="run-7")
    expected = {
        "JOB_ID": "job",
        "PERIOD_KEY": "2025-09-27",
        "PERIOD_START": "2025-09-27T00:00:00+08:00",
        "PERIOD_END": "2025-10-04T00:00:00+08:00",
        "FIRST_DAY": "2025-09-27",
        "LAST_DAY": "2025-10-03",
        "RUN_ID": "run-7",
        "SCHEDULER_VAR": str(project.var),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert not {"SHOPS", "SHOPS_JSON", "AGAIN", "WAREHOUSE_URL", "PERIOD_FROM", "ATTEMPT"} & set(
        seen
    )


def test_a_script_is_told_which_connection_is_whose(project: Project) -> None:
    """The example of docs/add-a-job.md finds each shop's number and host."""
    page = (PROJECT_ROOT / "docs/add-a-job.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?SHOPS_JSON.*?)```", page, re.DOTALL)
    project.shops(shop_one=True, shop_two=True, shop_off=False)
    project.change_shop("shop_one", name="示例店", connection="erp_1")
    project.job(example, platform="erp")
    hosts = {name: f'{{"host": "https://{name}.example"}}' for name in ("erp", "erp_1")}
    given = {f"AIRFLOW_CONN_{name.upper()}": fields for name, fields in hosts.items()}
    code, output = project.run("job", "--period", PERIOD, SHOPS_JSON="stray", **given)
    said = [line for line in output.splitlines() if line.startswith("shop_")]
    assert said == [
        "shop_one (示例店): 1001 at https://erp_1.example",
        "shop_two (shop_two): 1002 at https://erp.example",
    ]
    assert code == 0


def test_only_its_own_connections_reach_a_script(project: Project) -> None:
    """Neither another platform's, nor Airflow's settings, nor what is meant for the runner."""
    project.job(DUMP, connections=["own"])
    secrets = {
        "AIRFLOW_CONN_OWN": '{"password": "own-secret"}',
        "AIRFLOW_CONN_OTHER": '{"password": "other-secret"}',
        "AIRFLOW_VAR_KEY": "x",
        "AIRFLOW__CORE__FERNET_KEY": "x",
        "_AIRFLOW_WWW_USER_PASSWORD": "x",
        "PERIOD_KEY": PERIOD,
        "STOP_WITH_PARENT": "1",
        "ATTEMPT": "1",
        "HTTP_PROXY": "http://proxy:3128",
        "AIRFLOW_CTX_DAG_ID": "job",
    }
    seen = seen_by(project, "job", **secrets)
    passed = {"AIRFLOW_CONN_OWN", "PERIOD_KEY", "HTTP_PROXY", "AIRFLOW_CTX_DAG_ID"}
    assert set(secrets) & set(seen) == passed
    assert not [name for name in seen if name.startswith("RUNNER_")]


def test_the_entrys_environment_and_folder_count(project: Project) -> None:
    """`env` is added to the environment as it is written; `cwd` is inside the project."""
    (project.root / "data").mkdir()
    project.job(DUMP, env={"MODE": "店铺 $HOME"}, cwd="data")
    seen = seen_by(project)
    assert (seen["MODE"], seen["cwd"]) == ("店铺 $HOME", str(project.root / "data"))


def test_by_default_a_script_works_in_the_project(project: Project) -> None:
    """Its working directory is the project's root, whatever the runner's is."""
    project.job(DUMP)
    assert seen_by(project)["cwd"] == str(project.root)


def test_the_clock_is_the_jobs(project: Project) -> None:
    """Whatever the machine has, even where it knows no zones; an entry may say otherwise."""
    offset = "import time; print('offset', time.localtime(0).tm_gmtoff)"
    (project.root / "no-zones").mkdir()
    project.job(offset)
    assert "offset 28800" in project.run(TZ="America/New_York")[1]
    assert "offset 28800" in project.run(TZ="UTC", TZDIR=str(project.root / "no-zones"))[1]
    project.job(offset, "berlin", timezone="Europe/Berlin")
    assert "offset 3600" in project.run("berlin", "--period", PERIOD)[1]
    project.job(offset, "utc", env={"TZ": "UTC"})
    assert "offset 0" in project.run("utc", "--period", PERIOD)[1]
