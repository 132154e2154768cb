"""From pydantic's errors to problems that tell how to repair them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo

from include.registry.entries import read_entries
from include.registry.problems import Problem
from include.registry.validation import validate


def _even(value: Any) -> int:
    if not isinstance(value, int) or value % 2:
        raise ValueError(f"{value!r} is not even: add one")
    return value


def _given(value: Any, info: ValidationInfo) -> Any:
    return info.context or value


class Part(BaseModel):
    """A part of a thing."""

    model_config = ConfigDict(extra="forbid")
    size: Annotated[int, PlainValidator(_even)] = Field(default=0)


class Thing(BaseModel):
    """Something to make of an entry."""

    model_config = ConfigDict(extra="forbid")
    size: Annotated[int, PlainValidator(_even)] = Field(examples=[4])
    sizes: list[Annotated[int, PlainValidator(_even)]] = []
    part: Part | None = None
    since: Annotated[Any, PlainValidator(_given)] = Field(default=None, alias="from")


def _made(text: str, context: Any = None) -> Thing | list[str]:
    (entry,) = read_entries("a.yaml", f"tasks:\n- {text}\n".encode(), "tasks", [])
    found = validate(entry, Thing, context)
    return [str(one)[7:] for one in found] if isinstance(found, list) else found


def test_made() -> None:
    """A valid entry becomes the model, checked in its context."""
    thing = _made("{size: 2, sizes: [4], part: {size: 6}, from: x}", context="elsewhere")
    assert isinstance(thing, Thing)
    assert (thing.size, thing.sizes, thing.part) == (2, [4], Part(size=6))
    assert thing.since == "elsewhere"


def test_each_problem_at_its_place() -> None:
    """Faults of values, list items and parts are told where they stand, in the file's order."""
    assert _made("{size: 1, sizes: [2, 3], part: {size: 5, sizo: 1}, form: x}") == [
        "2:10: size 1 is not even: add one",
        "2:24: sizes 3 is not even: add one",
        "2:41: part.size 5 is not even: add one",
        "2:44: unknown key 'sizo': did you mean 'size'?",
        "2:54: unknown key 'form': did you mean 'from'?",
    ]


def test_missing() -> None:
    """A key that is not there is told with an example."""
    assert _made("{sizes: []}") == ["2:3: key 'size' is missing: add it, as in size: 4"]


def test_no_mapping() -> None:
    """An entry, list or part of another shape is told with the shape it should have."""
    assert _made("word") == ["2:3: entry 'word' is not a mapping: begin it with '- id:'"]
    assert _made("{size: 2, sizes: 4, part: 6}") == [
        "2:20: sizes 4 is not a list: write it like [a, b]",
        "2:29: part 6 is not a mapping: write lines like 'key: value' below it",
    ]


def test_refused_while_reading() -> None:
    """What was refused as YAML is told once, and does not hide other problems."""
    assert _made("{size: !!binary aGk=, sizes: [1]}") == [
        "2:10: tag '!!binary' is not read: remove it, only plain values are allowed",
        "2:33: sizes 1 is not even: add one",
    ]


def test_problems_are_problems() -> None:
    """Problems carry the id that the entry states."""
    (entry,) = read_entries("a.yaml", b"tasks:\n- {id: x}\n", "tasks", [])
    found = validate(entry, Thing, None)
    assert isinstance(found, list)
    assert all(isinstance(one, Problem) and one.job_id == "x" for one in found)
