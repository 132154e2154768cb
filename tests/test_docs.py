"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.feeds import Feed, Paging, load_feeds
from include.feeds.placeholders import FORMS
from include.feeds.tables import TABLES
from include.platforms.feed import AUTHS
from include.registry import Job
from include.registry.schema import Checks
from include.running.exit_codes import ExitCode
from include.service.command_table import COMMANDS

ROOT = Path(__file__).parents[1]
README, README_ZH = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
ADD_A_JOB = (ROOT / "docs/add-a-job.md").read_text("utf-8")
FEEDS = (ROOT / "docs/feeds.md").read_text("utf-8")


@pytest.mark.parametrize("key", Job.model_fields)
def test_every_key_of_the_registry_is_documented(key: str) -> None:
    """docs/add-a-job.md has a row for it."""
    assert f"`{key}`" in ADD_A_JOB


@pytest.mark.parametrize("key", Checks.model_fields)
def test_every_key_of_the_checks_is_documented(key: str) -> None:
    """It stands in docs/add-a-job.md, in the example and in the table."""
    assert ADD_A_JOB.count(f"`{key}`") >= 1
    assert f"      {key}:" in ADD_A_JOB


@pytest.mark.parametrize("key", [*Feed.model_fields, *Paging.model_fields])
def test_every_key_of_a_feed_is_documented(key: str) -> None:
    """docs/feeds.md has a row for it."""
    assert f"\n| `{key}` |" in FEEDS


def test_what_a_feed_may_use_is_documented() -> None:
    """Every placeholder, table, column and way to send a password."""
    for name in FORMS:
        assert f"`{{{name}}}`" in FEEDS
    for auth in AUTHS:
        assert f'{{"auth": "{auth}"' in FEEDS
    for name, table in TABLES.items():
        (row,) = re.findall(rf"\n\| `{name}` \|[^\n]*", FEEDS)
        for column in table.columns.values():
            bold = "" if column.nullable else "**"
            assert f" {bold}`{column.name}`{bold}" in row


def test_the_example_of_a_feed_is_valid(tmp_path: Path) -> None:
    """It can be copied as it stands."""
    (example,) = re.findall(r"```yaml\n(.*?)```", FEEDS, re.DOTALL)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/feeds.yaml").write_text(example, "utf-8")
    feeds = load_feeds(tmp_path)
    assert feeds.problems == []
    assert list(feeds.by_id) == ["our_reviews"]


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
