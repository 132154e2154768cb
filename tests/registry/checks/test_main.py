"""The command behind `scheduler_manager.py check`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.registry import load_registry
from include.registry.checks.__main__ import main

if TYPE_CHECKING:
    import pytest

    from tests.registry.conftest import ProjectFolder

PROGRAM = """\
import sys
from include.registry import load_registry
from include.registry.checks.__main__ import main
code = main([])
sys.exit("Airflow was imported" if "airflow" in sys.modules else code)
"""


def _python(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
        encoding="utf-8",
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_exit_code(project: ProjectFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the report and gives 0 without problems, 1 with some."""
    project.write_tasks("t.yaml")
    root = ["--root", str(project.root)]
    assert main([*root, "--lang", "zh"]) == 0
    assert "每天" in capsys.readouterr().out
    project.write_tasks("u.yaml", "")
    assert main(root) == 1
    assert capsys.readouterr().out.startswith("config/tasks/u.yaml:1:1: ")


def test_delivered_configuration() -> None:
    """It finds nothing wrong or useless in what is delivered, and says that no alert is sent.

    Without Airflow, which is slow.
    """
    run = _python("-c", PROGRAM)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "erp_store ERP门店数据: At 07:00, every day" in run.stdout
    notes = [line for line in run.stdout.splitlines() if line.startswith("note: ")]
    jobs, shops = load_registry().jobs.values(), load_registry().shops.values()
    pulled = {job.platform for job in jobs if job.enabled}  # a new platform's is not, at first
    idle = [shop.id for shop in shops if shop.platform not in pulled]
    told = [f"note: config/shops.yaml: {shop}: no enabled job pulls from" for shop in idle]
    told.append("note: config/alerts.yaml: no alert is sent: t")
    assert len(notes) == len(told)
    assert all(map(str.startswith, notes, told)), notes


def test_a_reader_who_has_enough_is_no_failure() -> None:
    """`check | head -1` ends quietly, with the code that the registry deserves."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb"):
        done = _python("-m", "include.registry.checks", stdout=writing)
    assert (done.returncode, done.stderr) == (0, "")
