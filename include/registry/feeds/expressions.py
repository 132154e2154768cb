"""JMESPath, read so that a field that is not there is told apart from one that is null.

JMESPath itself gives null for both. Here a field that is not there is an error, except where the
expression says that it may be missing: in `not_null(…)`, and before `||`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from include.foreign_errors import explained
from include.language import N_, _
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NAMES = 12  # that a message lists
ADVICE = N_("write a path like data.list (https://jmespath.org)")
# What JMESPath raises for data that it cannot work with: besides its own errors those of Python, as
# for an order of a text and a number, and for a slice of step 0.
UNCOMPUTABLE = (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError)
# What is made of the values of several paths, each of which begins at the top.
CONDITIONS = (
    "comparator",
    "and_expression",
    "or_expression",
    "not_expression",
    "function_expression",
)


class UnfitError(Exception):
    """Data that an expression does not fit; its text completes `field x …`."""


class Expression:
    """A JMESPath expression."""

    def __init__(self, written: str) -> None:
        """Compile it.

        Raises:
            ValueError: it is none, or calls a function that is not there.
        """
        self.written = written
        try:
            self._tree: Any = jmespath.compile(written).parsed
        except JMESPathError as error:
            place = getattr(error, "lex_position", None)
            if place is None:
                told = _(
                    "{value} is not JMESPath: {advice}", value=quoted(written), advice=_(ADVICE)
                )
            else:
                told = _(
                    "{value} is not JMESPath from character {place} on: {advice}",
                    value=quoted(written), place=place + 1, advice=_(ADVICE),
                )  # fmt: skip
            raise ValueError(told) from error
        for name, arguments in _calls(self._tree):
            _check_call(written, name, arguments)

    def __repr__(self) -> str:
        """Show it as it was written."""
        return f"Expression({self.written!r})"

    def __str__(self) -> str:
        """Write it as it was written."""
        return self.written

    def find(self, data: Any) -> Any:
        """Return what it finds in decoded JSON; None is a null that stands there.

        Raises:
            UnfitError: a field that it names is not there, or what holds it is no object.
        """
        return self._found(_Strict(), data)

    def find_if_any(self, data: Any) -> Any:
        """Return what it finds in decoded JSON; None where there is nothing."""
        try:
            return self._found(TreeInterpreter(), data)
        except UnfitError:
            return None

    def holding(self, data: Any) -> dict[str, Any]:
        """Return what each path that it names holds in decoded JSON; for messages."""
        found = {}
        for path in _paths(self._tree):
            with suppress(UnfitError):
                found[_written(path)] = self._found(TreeInterpreter(), data, path)
        return found

    def _found(self, interpreter: TreeInterpreter, data: Any, tree: Any = None) -> Any:
        try:
            return interpreter.visit(tree or self._tree, data)
        except UNCOMPUTABLE as error:
            raise UnfitError(_("cannot be computed: {error}", error=explained(error))) from None


class _Strict(TreeInterpreter):
    """Finds what is there, and raises for what is not."""

    def __init__(self) -> None:
        super().__init__()
        self._forgiving = TreeInterpreter()

    def visit_field(self, node: Any, value: Any) -> Any:
        name = node["value"]
        if value is None:  # such as `agent.name` where agent is null
            return None
        if not isinstance(value, dict):
            told = _(
                "is not there: {value} stands where {name!r} was expected",
                value=quoted(value), name=name,
            )  # fmt: skip
            raise UnfitError(told)
        if name not in value:
            if not value:
                raise UnfitError(_("is not there: there is nothing"))
            raise UnfitError(_("is not there: there are {names}", names=[*value][:MOST_NAMES]))
        return value[name]

    def visit_index(self, node: Any, value: Any) -> Any:
        index = node["value"]
        if value is None:
            return None
        if not isinstance(value, list):
            told = _("is not there: {value} stands where a list was expected", value=quoted(value))
            raise UnfitError(told)
        if not -len(value) <= index < len(value):
            raise UnfitError(_("is not there: the list has {count} items", count=len(value)))
        return value[index]

    def visit_projection(self, node: Any, value: Any) -> Any:
        """Keep nulls, which JMESPath would drop: one may stand for a row."""
        base, each = node["children"]
        found = self.visit(base, value)
        return [self.visit(each, one) for one in found] if isinstance(found, list) else None

    def visit_or_expression(self, node: Any, value: Any) -> Any:
        first, second = node["children"]
        found = self._forgiving.visit(first, value)
        return self.visit(second, value) if _is_false(found) else found

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        if node["value"] == "not_null":
            return self._forgiving.visit(node, value)
        return super().visit_function_expression(node, value)


def _is_false(value: Any) -> bool:
    """Return what JMESPath takes for false; a 0 is not."""
    return value is None or value is False or value in ("", [], {})


def _paths(node: Any) -> Iterator[Any]:
    """Return the paths of fields that stand in a tree, each as a tree."""
    if not isinstance(node, dict):
        return
    if _written(node):
        yield node
    elif node["type"] in CONDITIONS:
        for child in node["children"]:
            yield from _paths(child)


def _written(node: Any) -> str:
    """Write a path of fields as it was written; empty for anything else."""
    if node["type"] == "field":
        return str(node["value"])
    if node["type"] != "subexpression":
        return ""
    parts = [_written(child) for child in node["children"]]
    return ".".join(parts) if all(parts) else ""


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """Return the name and the number of arguments of every call in a tree."""
    if not isinstance(node, dict):
        return
    if node["type"] == "function_expression":
        yield node["value"], len(node["children"])
    for child in node["children"]:
        yield from _calls(child)


def _check_call(written: str, name: str, arguments: int) -> None:
    table: dict[str, Any] = Functions.FUNCTION_TABLE
    if name not in table:
        told = _(
            "{value} calls {name}, which is no function: {near}",
            value=quoted(written), name=quoted(name), near=suggestion(name, table),
        )  # fmt: skip
        raise ValueError(told)
    signature = table[name]["signature"]
    variadic = bool(signature) and signature[-1].get("variadic", False)
    fits = arguments >= len(signature) if variadic else arguments == len(signature)
    if not fits:
        template = N_("{value} calls {name}() with {count} arguments: it takes {wanted}")
        if variadic:
            template = N_(
                "{value} calls {name}() with {count} arguments: it takes at least {wanted}"
            )
        told = _(template, value=quoted(written), name=name, count=arguments, wanted=len(signature))
        raise ValueError(told)
