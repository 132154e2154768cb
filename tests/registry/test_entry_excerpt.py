"""Cutting one entry out of a file's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry import load_registry
from include.registry.entries import alone

if TYPE_CHECKING:
    from pathlib import Path

FILE = """# yaml-language-server: $schema=../tasks.schema.json
tasks:
  - id: first
    name: one
    doc: |
      - id: second
        is mentioned here
    cron: "0 6 * * *"
    script: own.py
  # about the second
  - id: second
    name: two
    cron: "0 7 * * *"
    script: own.py
  - name: third
    id: third
    cron: "0 8 * * *"
    script: own.py
  - {id: fourth, name: four, cron: "0 9 * * *", script: own.py}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose entries are written in several ways."""
    for name in ("config/tasks", "include/scripts"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "include/scripts/own.py").touch()
    (tmp_path / "config/tasks/own.yaml").write_text(FILE, "utf-8")
    return tmp_path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("job_id", ["first", "second", "third", "fourth"])
def test_one_job_is_what_it_is_among_all(project: Path, job_id: str, line_end: str) -> None:
    """However an entry is written, alone it says the same, and at the same line."""
    (project / "config/tasks/own.yaml").write_bytes(FILE.replace("\n", line_end).encode())
    everything = load_registry(project)
    one = load_registry(project, only=job_id)
    assert not everything.problems
    assert one.jobs == {job_id: everything.jobs[job_id]}
    assert one.jobs[job_id].line == everything.jobs[job_id].line


def test_the_neighbours_are_left_out() -> None:
    """Of the other entries nothing is left to parse."""
    cut = alone(FILE.encode(), "second").decode()
    assert "id: first" not in cut
    assert "id: fourth" not in cut
    assert cut.splitlines()[10] == "  - id: second"


def test_a_broken_neighbour_does_not_keep_a_task_from_starting(project: Path) -> None:
    """While somebody edits one entry, the tasks of the others start."""
    (project / "config/tasks/own.yaml").write_text(FILE + "  - id: [half\n", "utf-8")
    assert load_registry(project, only="second").jobs
    assert not load_registry(project).jobs
