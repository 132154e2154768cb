"""A deployment runs a function; the program with that function says which script that is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.manager.importing.prefect.server import HERE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manager.importing.planning import Plan

YAML = """\
deployments:
  - name: prod
    entrypoint: {entrypoint}
    schedules: [{{cron: "0 8 * * *", timezone: Asia/Shanghai}}]
"""
FLOWS = """\
from prefect import flow, task

@flow
def orders():
    {body}

@flow
def forgotten():
    execute_script("D:/old/b.py", "b")
"""


def _said(plan: Plan) -> str:
    return "\n".join(map(str, plan.findings))


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., list[Path]]:
    """Return what writes a project of Prefect."""

    def written(entrypoint: str = "flows.py:orders", body: str = "", more: str = "") -> list[Path]:
        files = [tmp_path / "prefect.yaml", tmp_path / "flows.py"]
        files[0].write_text(YAML.format(entrypoint=entrypoint), "utf-8")
        files[1].write_text(FLOWS.format(body=body or 'execute_script("D:/old/a.py")') + more)
        return files

    return written


def test_a_database_and_the_flows_are_enough(planned: Callable[..., Plan], old: Path) -> None:
    """The usual project of Prefect has no TASK_CONFIGS, and its files are all given."""
    (old / "scheduler_config.py").unlink()
    with closing(sqlite3.connect(old / "prefect.db")) as connection:
        connection.executescript((HERE / "prefect_3_9_1.sql").read_text("utf-8"))
    plan = planned(old / "prefect.db", old / "scheduler_flows.py")
    scripts = {entry.job.name: entry.job.script for entry in plan.entries}
    assert scripts["ERP门店数据"] == "D:\\testyd\\erp\\erp_store.py"
    said = _said(plan)
    assert "TASK_CONFIGS" not in said
    assert "never ran" not in said
    assert "scheduler_flows.py:generate_daily_flow" not in said


@pytest.mark.parametrize("entrypoint", ["flows.py:orders", "./src/flows.py:orders"])
def test_prefect_yaml_and_the_flows_are_enough(
    planned: Callable[..., Plan], shop: Callable[..., list[Path]], entrypoint: str
) -> None:
    """What no deployment names never ran by schedule."""
    plan = planned(*shop(entrypoint))
    assert [entry.job.script for entry in plan.entries] == ["D:/old/a.py"]
    assert plan.entries[0].job.schedules[0].cron == "0 8 * * *"
    assert "flows.py:8: nothing that was read names flow forgotten: it never ran" in _said(plan)
    assert "flow orders" not in _said(plan)


def test_several_scripts_of_one_function(
    planned: Callable[..., Plan], shop: Callable[..., list[Path]]
) -> None:
    """Each is a job of its own, by the same schedule."""
    plan = planned(*shop(body='execute_script("/o/a.py"); execute_script("/o/c.py")'))
    assert [entry.job.name for entry in plan.entries] == ["prod (1)", "prod (2)"]


def test_a_function_that_runs_no_script(
    planned: Callable[..., Plan], shop: Callable[..., list[Path]], tmp_path: Path
) -> None:
    """Its own file is the script where it calls it; else it is said what to do."""
    plan = planned(*shop(body="pass"))
    assert not plan.entries
    assert "flows.py:orders, of which no script is known" in _said(plan)
    plan = planned(*shop(body="pass", more='if __name__ == "__main__":\n    orders()\n'))
    assert [entry.job.script for entry in plan.entries] == [str(tmp_path / "flows.py")]


def test_a_script_that_only_the_program_knows(
    planned: Callable[..., Plan], shop: Callable[..., list[Path]]
) -> None:
    """Its file was given: where it stands is said, and no file is asked for."""
    plan = planned(*shop(body="execute_script(pick())"))
    (said,) = (line for line in _said(plan).splitlines() if "flows.py:orders" in line)
    assert "only the running program knows with which script" in said
    assert "flows.py:5)" in said
    assert "name its file" not in said


def test_flows_alone_ask_for_what_schedules_them(
    planned: Callable[..., Plan], shop: Callable[..., list[Path]]
) -> None:
    """Once, with all that may."""
    assert _said(planned(shop()[1])).count("nothing that was read schedules the flows") == 1
