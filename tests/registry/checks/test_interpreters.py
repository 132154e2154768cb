"""Whether the Pythons of scripts run, and what these import in vain."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from include.registry import load_registry
from include.registry.checks import interpreters, report
from include.registry.checks.interpreters import troubles_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.registry.conftest import ProjectFolder

SCRIPT = """\
import json
import nowhere_to_be_found
from typing import TYPE_CHECKING
from include.errors import ExpectedError
from . import beside
import neighbour
if TYPE_CHECKING:
    import only_for_types
try:
    import faster
except ImportError:
    faster = json
def later():
    from lazily.below import it
"""


def _troubles(project: ProjectFolder, script: str, *keys: str) -> list[tuple[bool, str]]:
    project.write("include/scripts/own/o.py", script)
    project.write("include/scripts/own/neighbour.py", "")
    project.write_entry("id: o", "name: x", 'cron: "0 8 * * *"', "script: own/o.py", *keys)
    registry = load_registry(project.root)
    assert registry.problems == []
    return [(one.is_certain, one.text) for one in troubles_of(registry.jobs.values())]


def _program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_imports_that_are_not_there_are_named(project: ProjectFolder) -> None:
    """With the line; not those beside the script, of ours, for type checkers, or with a way out."""
    repair = "which the service's Python lacks: write 'python' with the path of an environment that"
    assert _troubles(project, SCRIPT) == [
        (False, f"include/scripts/own/o.py:2 imports nowhere_to_be_found, {repair} has it"),
        (False, f"include/scripts/own/o.py:14 imports lazily, {repair} has it"),
    ]


def test_an_environment_of_its_own_is_asked(project: ProjectFolder) -> None:
    """A real one, by its link: what the service has is none of its business."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", project.root / "venvs/own"], check=True
    )
    found = _troubles(project, "import json, yaml\nimport include", "python: venvs/own/bin/python")
    python = project.root / "venvs/own/bin/python"
    packages, ours = (text for _, text in found)
    assert packages == (
        "include/scripts/own/o.py:1 imports yaml, which python 'venvs/own/bin/python' lacks: "
        f"install its package with `{python} -m pip install`"
    )
    assert ours == (
        "include/scripts/own/o.py:2 imports include, which python 'venvs/own/bin/python' "
        "lacks: with 'python' a script sees nothing of this project: let it read PERIOD_KEY and "
        "write RESULTS_FILE"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 0", "it does not answer as a Python does"),
        ("echo nothing >&2; exit 3", "it ends with exit code 3, nothing"),
        ("echo 7", "it does not answer as a Python does"),
        ("exec sleep 60", "it does not answer within 1 s"),
    ],
)
def test_what_is_no_python_is_a_problem(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    """It is told within a bounded time, and `check` ends with 1."""
    monkeypatch.setattr(interpreters, "ANSWER_SECONDS", 1.0 if "sleep" in text else 15.0)
    python = _program(project.root / "fake", text)
    ((is_certain, told),) = _troubles(project, "", f"python: {python}")
    assert is_certain
    assert told.startswith(f"python '{python}' does not run: {why}")
    lines, code = report(project.root)
    assert (code, lines) == (1, [f"config/tasks/t.yaml:2:1: o: {told}"])


def test_a_python_that_is_not_there_is_a_problem(project: ProjectFolder) -> None:
    """As an environment that was not made on this machine."""
    ((is_certain, told),) = _troubles(project, "", "python: venvs/gone/bin/python")
    assert is_certain
    assert "'venvs/gone/bin/python' does not run: No such file or directory: make that" in told


def test_a_script_of_another_python_is_noted(project: ProjectFolder) -> None:
    """The service's cannot run it; one that the entry names may."""
    ((is_certain, told),) = _troubles(project, "import os\nprint 'two'")
    assert not is_certain
    assert told.startswith("include/scripts/own/o.py:2 is no Python 3.")
    assert _troubles(project, "print 'two'", f"python: {os.path.realpath(sys.executable)}") == []


def test_the_delivered_scripts_lack_nothing() -> None:
    """Of the service's Python."""
    assert list(troubles_of(load_registry().jobs.values())) == []
