"""What `start` says of a registry that is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.service.layout import Layout
from include.service.starting import warn_of_problems
from tests.registry.conftest import ProjectFolder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_start_warns_of_broken_entries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line on standard error, each file once; a registry that is right is no news."""
    project = ProjectFolder(tmp_path)
    project.write_tasks("t.yaml")
    warn_of_problems(Layout(tmp_path))
    assert capsys.readouterr() == ("", "")
    project.write_entry(
        "id: a", "name: a", "cron: '99 7 * * *'", "script: nowhere.py", file="u.yaml"
    )
    warn_of_problems(Layout(tmp_path))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "warning: 2 problems in config/tasks/u.yaml may keep jobs from running: "
        "`python3 scheduler_manager.py check` says what to repair\n"
    )
