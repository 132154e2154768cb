"""Scripts that somebody starts by hand, without the runner."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.registry import load_registry
from tests.runner import run_script

ROOT = Path(__file__).parents[2]
ARGUMENTS = {"generate_tasks": ["--period-unit", "day"], "pdd_feed": ["--feed", "pdd_review"]}
SENTENCE = re.compile(r".*with 'python3 scheduler_manager.py run (\w+)'\n")
SCRIPTS = sorted((ROOT / "include/scripts").rglob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_says_how_it_is_started(script: Path, tmp_path: Path) -> None:
    """One sentence and 78, also where it does not find the project's code."""
    done = subprocess.run(
        [sys.executable, script, *ARGUMENTS.get(script.stem, [])],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (78, "")
    (named,) = SENTENCE.findall(done.stderr)
    assert load_registry().jobs[named].script_path == script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_with_the_projects_path_it_says_so_too(script: Path, tmp_path: Path) -> None:
    """It finds the project's code, and not what the runner tells a script."""
    words, nothing = ARGUMENTS.get(script.stem, []), {"PATH": os.environ["PATH"]}
    code, output = run_script(script, *words, environment=nothing, folder=tmp_path)
    assert code == 78
    assert SENTENCE.fullmatch(output), output
