"""The command behind `scheduler_manager.py check`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.registry.checks.__main__ import main

if TYPE_CHECKING:
    import pytest

    from tests.registry.conftest import ProjectFolder

IMPORTS = "import sys, include.registry.checks; print('airflow' in sys.modules)"


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
        encoding="utf-8",
        capture_output=True,
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
    """Started as a program it finds nothing wrong, and nothing useless, in what is delivered."""
    run = _python("-m", "include.registry.checks")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "erp_store ERP门店数据: At 07:00, every day" in run.stdout
    assert "note: " not in run.stdout


def test_imports_no_airflow() -> None:
    """Checking does not need Airflow, whose import takes seconds."""
    assert _python("-c", IMPORTS).stdout == "False\n"


def test_a_reader_who_has_enough_is_no_failure() -> None:
    """`check | head -1` ends quietly, with the code that the registry deserves."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "include.registry.checks"],
            cwd=PROJECT_ROOT,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
