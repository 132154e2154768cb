"""What an expression of a Python program is worth, worked out from its text; nothing is executed.

Literals, names of constants, texts that are put together, `os.path.join`, `Path(...) / ...`: what
people write into a configuration. Whatever needs the program to run is `NotLiteralError`.
"""

from __future__ import annotations

import ast
import ntpath
import operator
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_TEXT = 10_000
LARGEST_NUMBER = 10**12
DEEPEST = 40
MOST_STEPS = 3_000_000  # of one file; 10,000 entries take 300,000
OF_WINDOWS = re.compile(r"[A-Za-z]:|.*\\")
NUMBERS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
}
# What returns the path that it is given, or as good as that.
SAME = {"abspath", "normpath", "realpath", "expanduser", "resolve", "absolute", "as_posix"}
MADE_OF_ONE = {"str", "Path", "PurePath", "WindowsPath", "PureWindowsPath", "fspath"} | SAME


class NotLiteralError(Exception):
    """An expression that only the running program could work out.

    Attributes:
        line: where it stands.
    """

    def __init__(self, node: ast.AST) -> None:
        super().__init__(f"line {getattr(node, 'lineno', 0)} is not literal")
        self.line: int = getattr(node, "lineno", 0)


@dataclass
class Literals:
    """Works out the expressions of one file.

    Attributes:
        file: the absolute path of the program, which `__file__` stands for.
        names: the constants that it has, by name, each with its expression.
    """

    file: str
    names: Mapping[str, ast.expr] = field(default_factory=dict)
    _steps: list[int] = field(default_factory=lambda: [0])

    def value(self, node: ast.expr, depth: int = 0) -> Any:
        """Return what an expression is worth.

        Raises:
            NotLiteralError: it is not known without running the program.
        """
        self._steps[0] += 1
        if depth > DEEPEST or self._steps[0] > MOST_STEPS:
            raise NotLiteralError(node)
        found = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        if found is None:
            raise NotLiteralError(node)
        value = found(node, depth + 1)
        too_long = isinstance(value, str) and len(value) > LONGEST_TEXT
        if too_long or (isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER):
            raise NotLiteralError(node)
        return value

    def _of_constant(self, node: ast.Constant, _depth: int) -> Any:
        if node.value is None or isinstance(node.value, (str, int, float, bool)):
            return node.value
        raise NotLiteralError(node)

    def _of_name(self, node: ast.Name, depth: int) -> Any:
        if node.id == "__file__":
            return self.file
        if node.id not in self.names:
            raise NotLiteralError(node)
        return self.value(self.names[node.id], depth)

    def _of_list(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> list[Any]:
        return [self.value(one, depth) for one in node.elts]

    _of_tuple = _of_set = _of_list

    def _of_dict(self, node: ast.Dict, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, one in zip(node.keys, node.values, strict=True):
            value = self.value(one, depth)
            if key is not None:
                name = self.value(key, depth)
                if isinstance(name, (list, dict)):
                    raise NotLiteralError(key)
                found[name] = value
            elif isinstance(value, dict):  # `**COMMON`
                found |= value
            else:
                raise NotLiteralError(one)
        return found

    def _of_subscript(self, node: ast.Subscript, depth: int) -> Any:
        try:
            return self.value(node.value, depth)[self.value(node.slice, depth)]
        except (KeyError, IndexError, TypeError) as error:
            raise NotLiteralError(node) from error

    def _of_unaryop(self, node: ast.UnaryOp, depth: int) -> Any:
        value = self.value(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return not value
        if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
            return -value
        raise NotLiteralError(node)

    def _of_binop(self, node: ast.BinOp, depth: int) -> Any:
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        numbers = all(isinstance(one, (int, float)) for one in (left, right))
        both = all(isinstance(one, str) for one in (left, right))
        try:
            if numbers and type(node.op) in NUMBERS:
                return NUMBERS[type(node.op)](left, right)
        except ArithmeticError as error:
            raise NotLiteralError(node) from error
        if isinstance(node.op, ast.Add) and both:
            return left + right
        if isinstance(node.op, ast.Div) and both:  # Path(...) / "pdd"
            return join([left, right])
        raise NotLiteralError(node)

    def _of_joinedstr(self, node: ast.JoinedStr, depth: int) -> str:
        return "".join(str(self.value(one, depth)) for one in node.values)

    def _of_formattedvalue(self, node: ast.FormattedValue, depth: int) -> str:
        if node.format_spec is not None or node.conversion != -1:
            raise NotLiteralError(node)
        value = self.value(node.value, depth)
        if not isinstance(value, (str, int)):
            raise NotLiteralError(node)
        return str(value)

    def _of_attribute(self, node: ast.Attribute, depth: int) -> str:
        if node.attr != "parent":
            raise NotLiteralError(node)
        return parent(self._text(node.value, depth))

    def _of_call(self, node: ast.Call, depth: int) -> Any:
        func = node.func
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if name == "dict" and not node.args:
            return {one.arg: self.value(one.value, depth) for one in node.keywords if one.arg}
        if node.keywords:
            raise NotLiteralError(node)
        if name in SAME and isinstance(func, ast.Attribute) and not node.args:
            return self._text(func.value, depth)  # Path(...).resolve()
        if name == "dirname" and len(node.args) == 1:
            return parent(self._text(node.args[0], depth))
        if name in MADE_OF_ONE and len(node.args) == 1:
            return self._text(node.args[0], depth)
        if name == "joinpath" and isinstance(func, ast.Attribute):
            return join([self._text(one, depth) for one in (func.value, *node.args)])
        if name in ("join", "Path", "PurePath") and self._is_of_paths(func) and node.args:
            return join([self._text(one, depth) for one in node.args])
        raise NotLiteralError(node)

    def _is_of_paths(self, func: ast.expr) -> bool:
        """Return whether it is the `join` of paths, not that of a text."""
        if not isinstance(func, ast.Attribute):
            return True
        return ast.unparse(func.value) in ("os.path", "path", "osp", "ntpath", "pathlib")

    def _text(self, node: ast.expr, depth: int) -> str:
        value = self.value(node, depth)
        if not isinstance(value, str):
            raise NotLiteralError(node)
        return value


def join(parts: list[str]) -> str:
    """Join the parts of a path, in the way of the system that its beginning is of."""
    of_windows = OF_WINDOWS.match(parts[0])
    return ntpath.join(*parts) if of_windows else posixpath.join(*parts)


def parent(path: str) -> str:
    """Return the folder of a path."""
    return ntpath.dirname(path) if OF_WINDOWS.match(path) else posixpath.dirname(path)
