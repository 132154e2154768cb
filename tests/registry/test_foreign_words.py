"""No text of pydantic's, which has English only, reaches who has written an entry."""

from __future__ import annotations

import json
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ValidationError

from include import registry
from include.registry.entries import read_entries
from include.registry.paths import NOWHERE
from include.registry.validation import keys_of, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.registry.problems import Problem

for _module in walk_packages(registry.__path__, f"{registry.__name__}."):
    if not _module.name.endswith("__main__"):
        import_module(_module.name)

# What can go wrong in each part of a model; `value_error` is what a check of ours raises.
CAN_GO_WRONG: dict[str, set[str]] = {
    "model": {"model_type"},
    "model-fields": {"missing", "extra_forbidden"},
    "list": {"list_type"},
    "dict": {"dict_type"},
    **{kind: {"value_error"} for kind in ("function-plain", "function-after", "function-before")},
    **{kind: set[str]() for kind in ("any", "default", "nullable", "model-field")},
}
BOUNDS = {"min_length", "max_length", "pattern", "gt", "ge", "lt", "le", "fail_fast"}
# Something of each type, for keys of any.
VALUES: tuple[Any, ...] = (None, True, 7, 1.5, "x", "", [], [None], [[]], {}, {"x": None}, {"": []})


def _models(model: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        if one.__module__.startswith(registry.__name__) and one.model_fields:
            yield one
        yield from _models(one)


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Return what checks a value, part by part; how it is written is no check."""
    if isinstance(schema, dict):
        if schema.get("type") == "definitions":
            schema = schema["schema"]
        if isinstance(schema.get("type"), str):
            yield schema
        for key, part in schema.items():
            if key not in ("metadata", "serialization", "function", "json_schema_input_schema"):
                yield from _parts(part)
    elif isinstance(schema, (list, tuple)):
        for part in schema:
            yield from _parts(part)


MODELS = sorted(_models(), key=lambda model: model.__name__)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_all_that_can_go_wrong_has_words_of_ours(model: type[BaseModel]) -> None:
    """Each part of a model is of a kind whose errors are known; none has a bound of pydantic's."""
    for part in _parts(model.__pydantic_core_schema__):
        assert part["type"] in CAN_GO_WRONG, part["type"]
        assert not BOUNDS & part.keys()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_wrong_is_said_in_words_of_ours(model: type[BaseModel]) -> None:
    """Whatever is written behind a key, or in its place: pydantic's words are in no problem."""
    met = set()
    wrongs: list[Any] = [{key: value} for key in keys_of(model) for value in VALUES]
    for written in [*wrongs, {"unknown": 1}, {}]:
        foreign = _foreign(model, written)
        met |= foreign.keys()
        for problem in _problems(model, written):
            for said in foreign.values():
                assert said not in problem, (written, problem)
    assert met <= set().union(*CAN_GO_WRONG.values())


def _foreign(model: type[BaseModel], written: dict[str, Any]) -> dict[str, str]:
    """Return pydantic's own words by the kinds of errors; those of our checks left out."""
    try:
        model.model_validate(written, context=NOWHERE)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return {one["type"]: "\n" if "error" in one.get("ctx", {}) else one["msg"] for one in found}
    return {}


def _problems(model: type[BaseModel], written: dict[str, Any]) -> list[str]:
    text = json.dumps({"things": [written]}, ensure_ascii=False)
    problems: list[Problem] = []
    (entry,) = read_entries("things.yaml", text.encode(), "things", problems)
    found = validate(entry, model, NOWHERE)
    return [one.message for one in found] if isinstance(found, list) else []
