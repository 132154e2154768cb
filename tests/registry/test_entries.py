"""Entries, their values and their places; one that is cut out of a file's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry import load_registry
from include.registry.entries import REFUSED, Entry, alone, read_entries
from include.registry.problems import Problem

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

TEXT = b"""\
tasks:
  - id: first
    list: [1, two, {three: 3.5}]
  - id: second
"""


def _entries(raw: bytes) -> list[Entry]:
    problems: list[Problem] = []
    entries = read_entries("a.yaml", raw, "tasks", problems)
    assert not problems
    return entries


def test_values_and_lines() -> None:
    """Entries have plain values, their line and the id they state."""
    first, second = _entries(TEXT)
    assert first.value() == ({"id": "first", "list": [1, "two", {"three": 3.5}]}, [])
    assert (first.line, first.said_id) == (2, "first")
    assert (second.line, second.said_id) == (4, "second")


def test_places() -> None:
    """A part is found by its path, as far as the path goes."""
    first, _ = _entries(TEXT)
    assert str(first.problem(("list", 1), "x")) == "a.yaml:3:15: first: x"
    assert str(first.problem(("list", 2, "three"), "x")) == "a.yaml:3:28: first: x"
    assert str(first.problem(("list",), "x", at_key=True)) == "a.yaml:3:5: first: x"
    assert str(first.problem(("missing", "part"), "x")) == "a.yaml:2:5: first: x"


def test_alias_is_refused_where_it_is_used() -> None:
    """An anchor alone harms nobody; the entry that uses it is the one with the problem."""
    anchored, using = _entries(b"tasks:\n- &a {id: a}\n- {id: b, x: [*a, *a, *a]}\n")
    assert anchored.value() == ({"id": "a"}, [])
    value, problems = using.value()
    assert value == {"id": "b", "x": [REFUSED] * 3}
    assert [str(one).partition(":")[2] for one in problems] == [
        "2:3: b: anchors and aliases (& and *) are not read: write the value out"
    ]


def test_id_that_cannot_be_shown() -> None:
    """An id that would spoil the line it is told in is left out of it."""
    entries = _entries(b'tasks:\n- id: "a\\nb"\n- id: [a]\n- id: ""\n- {}\n')
    assert [entry.said_id for entry in entries] == [None] * 4


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("tasks：\n  - id: a\n", 1, 6),
        ("tasks:\n  - id： a\n    name: x\n", 2, 7),
        ("tasks:\n  - id: a\n    name：x\n    cron: b\n", 3, 9),
        ('tasks:\n  - id: a\n    cron："0 8 * * *"\n', 3, 9),
        ("tasks:\n  - id: a\n    env：\n      A: b\n    name: x\n", 3, 8),
    ],
)
def test_a_full_width_colon_is_told_where_it_stands(text: str, line: int, column: int) -> None:
    """YAML takes it for text, and complains of a later line that is right."""
    problems: list[Problem] = []
    assert not read_entries("a.yaml", text.encode(), "tasks", problems)
    assert str(*problems) == (
        f"a.yaml:{line}:{column}: is not YAML: a key ends with '：': "
        "write ': ', half-width and with a space, in place of '：'"
    )


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("tasks:\n  － id: a\n    name: x\n", 2, 3),
        ("tasks:\n  - id: a\n\u3000\u3000name: x\n    cron: b\n", 3, 1),
        ("tasks:\n  - id: a\n  — id: b\n", 3, 3),
    ],
)
def test_a_full_width_beginning_is_told_where_it_stands(text: str, line: int, column: int) -> None:
    """A blank or a dash of a Chinese keyboard looks right, and is text to YAML."""
    problems: list[Problem] = []
    assert not read_entries("a.yaml", text.encode(), "tasks", problems)
    assert str(*problems) == (
        f"a.yaml:{line}:{column}: is not YAML: "
        "here is a full-width blank or dash: write it half-width"
    )


def test_full_width_colons_without_any_other(project: ProjectFolder) -> None:
    """A file, or an entry, without one right colon is no mapping: it says why, for shops too."""
    problems: list[Problem] = []
    assert not read_entries("a.yaml", "tasks：[]\n".encode(), "tasks", problems)
    assert str(*problems).endswith(
        "is not a mapping: write ': ', half-width and with a space, in place of '：'"
    )
    project.write_tasks("t.yaml")
    project.write("config/shops.yaml", "shops:\n  - id：a\n    name：b\n")
    (problem,) = load_registry(project.root).problems
    assert str(problem) == (
        "config/shops.yaml:2:5: entry 'id：a name：b' is not a mapping: "
        "write ': ', half-width and with a space, in place of '：'"
    )


def test_rest_of_a_file_with_a_foreign_key() -> None:
    """A key that does not belong into the file costs no entry."""
    problems: list[Problem] = []
    (entry,) = read_entries("a.yaml", b"version: 2\ntasks: [{id: a}]\n", "tasks", problems)
    assert str(*problems) == "a.yaml:1:1: unknown key 'version': the only one is 'tasks'"
    assert entry.said_id == "a"


def test_a_problem_reads_like_a_compilers() -> None:
    """With the job where there is one."""
    assert str(Problem("config/tasks/a.yaml", 3, 5, "a", "is wrong")) == (
        "config/tasks/a.yaml:3:5: a: is wrong"
    )
    assert str(Problem("config/tasks/a.yaml", 1, 1, None, "is empty")) == (
        "config/tasks/a.yaml:1:1: is empty"
    )


FILE = """# yaml-language-server: $schema=../tasks.schema.json
tasks:
  - id: first
    name: one
    doc: |
      - id: second
        is mentioned here
    cron: "0 6 * * *"
    script: good.py
  # about the second
  - id: second
    name: two
    cron: "0 7 * * *"
    script: good.py
  - name: third
    id: third
    cron: "0 8 * * *"
    script: good.py
  - {id: fourth, name: four, cron: "0 9 * * *", script: good.py}
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("job_id", ["first", "second", "third", "fourth"])
def test_one_is_what_it_is_among_all(project: ProjectFolder, job_id: str, line_end: str) -> None:
    """However an entry is written, alone it says the same, and at the same line."""
    project.write_tasks("t.yaml", FILE.replace("\n", line_end))
    everything = load_registry(project.root)
    one = load_registry(project.root, only=job_id)
    assert not everything.problems
    assert one.jobs == {job_id: everything.jobs[job_id]}
    assert one.jobs[job_id].line == everything.jobs[job_id].line


def test_the_neighbours_are_left_out() -> None:
    """Of the other entries nothing is left to parse."""
    cut = alone(FILE.encode(), "second").decode()
    assert "id: first" not in cut
    assert "id: fourth" not in cut
    assert cut.splitlines()[10] == "  - id: second"


def test_a_broken_neighbour_does_not_keep_a_task_from_starting(project: ProjectFolder) -> None:
    """While somebody edits one entry, the tasks of the others start."""
    project.write_tasks("t.yaml", FILE + "  - id: [half\n")
    assert load_registry(project.root, only="second").jobs
    assert not load_registry(project.root).jobs
