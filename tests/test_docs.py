"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.registry import Job
from include.registry.schema import Checks
from include.running.exit_codes import ExitCode
from include.service.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README, README_ZH = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
ADD_A_JOB = (ROOT / "docs/add-a-job.md").read_text("utf-8")


@pytest.mark.parametrize("key", Job.model_fields)
def test_every_key_of_the_registry_is_documented(key: str) -> None:
    """docs/add-a-job.md has a row for it."""
    assert f"`{key}`" in ADD_A_JOB


@pytest.mark.parametrize("key", Checks.model_fields)
def test_every_key_of_the_checks_is_documented(key: str) -> None:
    """It stands in docs/add-a-job.md, in the example and in the table."""
    assert ADD_A_JOB.count(f"`{key}`") >= 1
    assert f"      {key}:" in ADD_A_JOB


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    """docs/add-a-job.md has a row for it; 1 is among the others."""
    assert f"| {'other' if code == ExitCode.FAILED else int(code)} |" in ADD_A_JOB


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    """In both languages."""
    for readme in (README, README_ZH):
        assert f"scheduler_manager.py {command}" in readme.read_text("utf-8")


def test_the_readme_is_short() -> None:
    """Under 120 lines; depth goes to docs/."""
    for readme in (README, README_ZH):
        assert len(readme.read_text("utf-8").splitlines()) < 120


def test_both_readmes_say_the_same() -> None:
    """As many headings, and the same commands in the same order."""

    def said(readme: Path) -> tuple[int, list[str]]:
        text = readme.read_text("utf-8")
        commands = re.findall(r"scheduler_manager\.py [a-z]+[^`\n]*", text)
        return text.count("\n#"), commands

    assert said(README) == said(README_ZH)


@pytest.mark.parametrize("path", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_links_lead_to_files_that_are_there(path: str) -> None:
    """Every link within the project."""
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / path).read_text("utf-8")):
        assert (ROOT / target).exists(), target
