"""What is wrong in files: broken entries and files, and what Airflow cannot import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.alerts.findings import Kind
from tests.alerts.watched import LAST, TASKS, at

if TYPE_CHECKING:
    from tests.alerts.watched import Watched

FILE = "config/tasks/tasks.yaml"
BUSY = {"state": "failed", "exit_code": 75, "error": "no answer"}


def test_each_broken_entry_is_a_finding_of_its_job(watched: Watched) -> None:
    """With the name that it had, every problem of it, and since when it is there."""
    watched.land()
    watched.look()
    broken = TASKS.replace('"30 7 * * *"', '"99 7 * * *"').replace("10m", "10")
    watched.write(FILE, broken)
    (found,) = watched.found(kind=Kind.CONFIGURATION)
    assert found.identity == (Kind.CONFIGURATION, "jd_store", "")
    assert found.name == "京东门店数据"
    assert found.facts["what"].startswith(f"配置有误，任务 京东门店数据 不会运行：{FILE}:5:")
    (more,) = found.units
    assert more.shop_name.startswith(f"{FILE}:6")
    assert "'10'" in more.reason or "10" in more.reason


def test_nothing_is_said_of_a_job_that_cannot_be_read(watched: Watched) -> None:
    """What is open of it stays open; so it does where a whole file cannot be read."""
    watched.land(but={f"jd_store jd-1 {LAST}": BUSY})
    watched.write(FILE, TASKS.replace('"30 7 * * *"', '"99 7 * * *"'))
    collector = watched.look()
    assert collector.observed().unseen_subjects >= {"jd_store"}
    assert not [one for one in collector.findings if one.kind is Kind.LATE]
    watched.write(FILE, "tasks: [")
    (found,) = watched.found(kind=Kind.CONFIGURATION)
    assert found.subject == FILE
    assert found.facts["what"].startswith(f"配置有误：{FILE}:")


def test_a_problem_of_alerts_is_told_too(watched: Watched) -> None:
    """The rest of the file counts."""
    watched.land()
    watched.write("config/alerts.yaml", "channels: []\nrepeat: 1 day\n")
    (found,) = watched.found(kind=Kind.CONFIGURATION)
    assert "config/alerts.yaml:2:" in found.facts["what"]


def test_a_file_that_airflow_cannot_import_is_told(watched: Watched) -> None:
    """But not the file that only repeats what is wrong in config/."""
    watched.land()
    for name in ("dags/own.py", "dags/registry_errors.py"):
        watched.airflow.add(
            "import_error",
            filename=name,
            stacktrace="Traceback (most recent call last):\n  File\nNameError: name 'x'\n",
            timestamp=at("11:00"),
        )
    (found,) = watched.found(kind=Kind.CONFIGURATION)
    assert found.subject == "dags/own.py"
    assert found.facts["what"] == "Airflow 无法导入 dags/own.py：NameError: name 'x'"
    assert found.since == at("11:00")
