"""The hooks of a commit: `.pre-commit-config.yaml`."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from manager.commands import COMMANDS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for repo in yaml.safe_load(TEXT)["repos"] for hook in repo["hooks"]
}


@pytest.mark.parametrize("hook", HOOKS.values(), ids=list(HOOKS))
def test_each_hook_is_a_command_that_exists(hook: dict[str, Any]) -> None:
    """A command of ours, or a module that the development requirements install."""
    python, *words = hook["entry"].split()
    assert hook["language"] == "system"
    if words[0] == "-m":
        assert python == ".venv/bin/python"
        assert find_spec(words[1])
        assert re.search(
            rf"^{words[1]}\b", (ROOT / "requirements-dev.in").read_text(), re.MULTILINE
        )
    else:
        assert shutil.which(python)
        assert (ROOT / words[0]).is_file()
        assert words[1] in COMMANDS


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("config/tasks/pdd.yaml", {"check"}),
        ("config/pools.json", {"check"}),
        ("include/scripts/pdd/pdd_feed.py", {"check", "mypy"}),
        ("include/periods.py", {"mypy"}),
        ("README.md", set()),
    ],
)
def test_a_change_runs_what_it_may_break(path: str, hooks: set[str]) -> None:
    """An entry or a script is checked as a whole, as its parts depend on each other."""
    whole = [hook for hook in HOOKS.values() if hook.get("pass_filenames") is False]
    assert {hook["id"] for hook in whole if re.search(hook["files"], path)} == hooks
