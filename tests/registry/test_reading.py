"""Entries, their values and their places."""

from __future__ import annotations

from include.registry.problems import Problem
from include.registry.reading import REFUSED, Entry, read_entries

TEXT = b"""\
tasks:
  - id: first
    list: [1, two, {three: 3.5}]
  - id: second
"""


def _entries(raw: bytes) -> list[Entry]:
    found = list(read_entries("a.yaml", raw, "tasks"))
    assert all(isinstance(one, Entry) for one in found)
    return [one for one in found if isinstance(one, Entry)]


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


def test_rest_of_a_file_with_a_foreign_key() -> None:
    """A key that does not belong into the file costs no entry."""
    problem, entry = read_entries("a.yaml", b"version: 2\ntasks: [{id: a}]\n", "tasks")
    assert str(problem) == "a.yaml:1:1: unknown key 'version': the only one is 'tasks'"
    assert isinstance(problem, Problem)
    assert isinstance(entry, Entry)
