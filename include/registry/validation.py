"""Makes models of entries; what is wrong with one becomes problems that tell how to repair it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from include.language import _
from include.registry.entries import REFUSED, rivals
from include.registry.problems import (
    BY_PLACE,
    FULL_WIDTH_COLON,
    WRITE_A_COLON,
    SentenceError,
    costing_only,
)
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pydantic_core import ErrorDetails

    from include.registry.entries import Entry
    from include.registry.problems import Problem

Model = TypeVar("Model", bound=BaseModel)
KEY = "[key]"  # pydantic's way to say that a mapping's key is wrong, not its value


def models_of(
    entries: Iterable[Entry],
    model: type[Model],
    context: Callable[[Entry], Any],
    clash: str,
    problems: list[Problem],
) -> tuple[dict[Entry, Model], Collection[Entry]]:
    """Make a model of each entry; what is wrong with one costs that one.

    Args:
        entries: of one kind.
        model: what they should be.
        context: what is given to the checks of an entry.
        clash: the template of what is said where another entry has the same `{id}`: in which
            `{file}` and `{line}` that is, and what does not happen until one has another.
        problems: gets what is wrong.

    Returns:
        the models that could be made, and the entries of which none is valid as another has its id.
    """
    entries = list(entries)
    others = rivals((entry.said_id, entry) for entry in entries if entry.said_id)
    made: dict[Entry, Model] = {}
    for entry in entries:
        with costing_only(entry.file, entry.line, entry.said_id, problems):
            if other := others.get(entry):
                told = _(clash, id=entry.said_id, file=other.file, line=other.line)
                problems.append(entry.problem(("id",), told))
            found = validate(entry, model, context(entry))
            if isinstance(found, list):
                problems += found
            else:
                made[entry] = found
    return made, others.keys()


def validate(entry: Entry, model: type[Model], context: Any) -> Model | list[Problem]:
    """Make a model of an entry; otherwise give every problem it has, in the file's order.

    Args:
        entry: one item of a file's list.
        model: what it should be.
        context: given to the model's checks.
    """
    value, problems = entry.value()
    if not isinstance(value, dict):
        told = _(
            "entry {value} is not a mapping: {repair}", value=quoted(value),
            repair=_colon_in(value) or _("begin it with '- id:'"),
        )  # fmt: skip
        return problems or [entry.problem((), told)]
    try:
        made = model.model_validate(value, context=context)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems += [_problem(entry, model, one) for one in found if one["input"] is not REFUSED]
    if problems:
        return sorted(problems, key=BY_PLACE)
    return made


def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's keys, as they are written, with their fields."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _problem(entry: Entry, model: type[BaseModel], error: ErrorDetails) -> Problem:
    kind, path = error["type"], error["loc"]
    if kind == "extra_forbidden":
        known = keys_of(_model_at(model, path[:-1]))
        told = _(
            "unknown key {key}: {repair}", key=quoted(path[-1]),
            repair=_colon_in(path[-1]) or suggestion(str(path[-1]), known),
        )  # fmt: skip
        return entry.problem(path, told, at_key=True)
    if kind == "missing":
        example = keys_of(_model_at(model, path[:-1]))[str(path[-1])].examples[0]
        told = _(
            "key '{key}' is missing: add it, as in {key}: {example}",
            key=path[-1], example=quoted(example),
        )  # fmt: skip
        return entry.problem(path[:-1], told)
    key_is_wrong = path[-1] == KEY
    path = path[:-1] if key_is_wrong else path
    named = path[:-1] if key_is_wrong else path
    words = [part for part in named if isinstance(part, str)]
    subject = ".".join(word if word.isprintable() else quoted(word) for word in words)
    message = misfit(error)
    if not isinstance(error.get("ctx", {}).get("error"), SentenceError):
        message = _("{key} {problem}", key=subject, problem=message)
    return entry.problem(path, message, at_key=key_is_wrong)


def misfit(error: ErrorDetails) -> str:
    """Return what is wrong with a value: its check says so, or it is no list, or no mapping.

    Models have no other check of pydantic's own, the texts of which are in English only.
    """
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, ValueError):
        return str(raised)
    value = quoted(error["input"])
    if error["type"] == "list_type":
        return _("{value} is not a list: write it like [a, b]", value=value)
    repair = _colon_in(error["input"]) or _("write lines like 'key: value' below it")
    return _("{value} is not a mapping: {repair}", value=value, repair=repair)


def _colon_in(written: Any) -> str:
    """Return how to repair what was meant as key and value; empty when it was not."""
    meant = isinstance(written, str) and FULL_WIDTH_COLON in written
    return _(WRITE_A_COLON) if meant else ""


def _model_at(model: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel]:
    for part in path:
        annotation = keys_of(model)[str(part)].annotation
        options = get_args(annotation) or (annotation,)
        model = next(option for option in options if issubclass(option, BaseModel))
    return model
