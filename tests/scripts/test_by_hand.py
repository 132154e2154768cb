"""Scripts that somebody starts by hand, without the runner."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.registry import load_registry

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "include/scripts").rglob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("path", ["", str(ROOT)], ids=["alone", "with the project's path"])
def test_it_says_how_it_is_started(script: Path, path: str, tmp_path: Path) -> None:
    """One sentence and 78, whether or not it finds the project's code."""
    arguments = {"generate_tasks": ["--period-unit", "day"], "pdd_feed": ["--feed", "pdd_review"]}
    done = subprocess.run(
        [sys.executable, script, *arguments.get(script.stem, [])],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **({"PYTHONPATH": path} if path else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (78, "")
    (sentence,) = done.stderr.splitlines()
    named = re.search(r"with 'python3 scheduler_manager.py run (\w+)'$", sentence)
    assert named, sentence
    if not path:
        job = load_registry().jobs[named[1]]
        assert job.script_path == script
