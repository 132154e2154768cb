"""The simple commands."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.service.commands import _window, find_job
from include.service.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {"period": None, "first": None, "last": None, "shop": None, "again": False}
ENTRY = """tasks:
  - id: copy_files
    name: Copy
    cron: "0 8 * * *"
    script: copy_files.py
  - id: bad_cron
    name: Bad
    cron: "99 8 * * *"
    script: copy_files.py
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give a project with one good and one bad job."""
    (tmp_path / "config" / "tasks").mkdir(parents=True)
    (tmp_path / "config" / "tasks" / "own.yaml").write_text(ENTRY)
    (tmp_path / "include" / "scripts").mkdir(parents=True)
    (tmp_path / "include" / "scripts" / "copy_files.py").touch()
    return Layout(root=tmp_path, var=tmp_path / "var")


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ({}, []),
        ({"period": "2025-10-02"}, ["--period", "2025-10-02"]),
        ({"first": "2025-09", "last": "2025-10"}, ["--from", "2025-09", "--to", "2025-10"]),
        ({"shop": ["a", "b"], "again": True}, ["--shop", "a", "--shop", "b", "--again"]),
    ],
)
def test_the_runner_gets_what_was_given(given: dict[str, object], arguments: list[str]) -> None:
    """Period, shops and `--again` reach the runner unchanged, and nothing else does."""
    assert _window(Namespace(**{**NOTHING, **given})) == arguments


def test_a_job_is_found(layout: Layout) -> None:
    """A job of the registry is found by its id."""
    assert find_job(layout, "copy_files").name == "Copy"


def test_a_misspelt_job_names_the_nearest(layout: Layout) -> None:
    """An unknown id names the one that was probably meant."""
    with pytest.raises(ConfigurationError, match="did you mean 'copy_files'"):
        find_job(layout, "copy_file")


def test_a_broken_job_says_what_is_wrong(layout: Layout) -> None:
    """A job whose entry is wrong says so, with its place, instead of `unknown`."""
    with pytest.raises(ConfigurationError, match=r"config/tasks/own\.yaml:8:\d+: bad_cron: cron"):
        find_job(layout, "bad_cron")
