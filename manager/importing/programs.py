"""A program of the old scheduler as its text shows it: its constants, and what its names are."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.language import _
from include.script_errors import reason_of_syntax
from manager.importing.literals import Literals, NotLiteralError
from manager.importing.old_jobs import Finding, Place
from manager.importing.source_text import UnreadableSourceError, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.language import Message

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Program:
    """One parsed file.

    Attributes:
        file: its path, as the user wrote it.
        tree: its syntax tree.
        findings: gets what of it is not carried over.
    """

    def __init__(self, file: str, tree: ast.Module, findings: list[Finding]) -> None:
        self.file = file
        self.tree = tree
        self.findings = findings

    def place(self, node: ast.AST | None) -> Place:
        """Return where a part of it stands; without one, the whole file."""
        return Place(self.file, getattr(node, "lineno", 0))

    def note(self, node: ast.AST | None, text: str) -> None:
        """Take down that a part of it is not carried over."""
        self.findings.append(Finding(self.place(node), text))

    @cached_property
    def stored(self) -> Counter[str]:
        """How often each name is given a value, outside of functions."""
        return Counter(
            node.id
            for node in _outside_functions(self.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The names that are given a value once, and not by a condition or in a loop."""
        return constants_of(self.tree.body, self.stored)

    @cached_property
    def literals(self) -> Literals:
        """What its expressions are worth."""
        return Literals(str(Path(self.file).absolute()), self.constants)

    @cached_property
    def imported(self) -> dict[str, str]:
        """What it imports under another name, by that name."""
        return {
            alias.asname: alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }

    def modules(self) -> list[str]:
        """Return the modules from which it imports names, in the order of the text."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom)]
        return list(dict.fromkeys(node.module for node in found if node.module))

    def names(self, name: str) -> bool:
        """Return whether it gives a name a value, also as its loops and functions run."""
        return any(
            isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
            for node in ast.walk(self.tree)
        )

    def value(self, node: ast.expr) -> Any:
        """Return what an expression is worth; None where that is unknown."""
        try:
            return self.literals.value(node)
        except (NotLiteralError, RecursionError):
            return None


def parse_program(file: str, findings: list[Finding]) -> Program | None:
    """Parse a file; what is no program is a finding.

    Args:
        file: its path, as the user wrote it.
        findings: gets what keeps it from being read, and later what is not carried over.
    """
    try:
        tree = parse(read_text(Path(file)).text)
    except UnreadableSourceError as error:
        findings.append(Finding(Place(file), str(error)))
    except SyntaxError as error:
        text = _("this is not Python 3, so that nothing of the file is read: {reason}",
                 reason=reason_of_syntax(error.msg))  # fmt: skip
        findings.append(Finding(Place(file, error.lineno or 0), text))
    else:
        return Program(file, tree, findings)
    return None


def parse(text: str) -> ast.Module:
    """Parse a program, without a warning of what it holds.

    Raises:
        SyntaxError: it is none, or nested too deeply.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or type(error).__name__) from error


def script_of(folder: str, entrypoint: Any) -> str | None:
    """Return the file of a function, where running the file calls the function; else None.

    Args:
        folder: what the file's path is relative to.
        entrypoint: `flows/orders.py:orders`, or whatever stands in its place.
    """
    file, _colon, function = str(entrypoint or "").rpartition(":")
    path = Path(folder, file)
    if not file or not path.is_absolute() or not calls_itself(path, function):
        return None
    return str(path)


def calls_itself(file: Path, function: str) -> bool:
    """Return whether a Python file, when it is run, calls one of its functions without arguments.

    The file is read, and not run.
    """
    try:
        tree = parse(read_text(file).text)
    except (UnreadableSourceError, SyntaxError):
        return False
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == function
        and not call.args
        and not call.keywords
        for block in tree.body
        if isinstance(block, ast.If) and "__main__" in ast.unparse(block.test)
        for call in ast.walk(block)
    )


def constants_of(body: list[ast.stmt], stored: Counter[str]) -> dict[str, ast.expr]:
    """Return the names that some statements give a value, of those that are stored once."""
    found = {}
    for statement in body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and value is not None and stored[target.id] == 1:
                found[target.id] = value
    return found


def not_literal(key: str) -> Message:
    """Return the text of a value that only the running program knows."""
    return _("{key} is not literal, so that only the running program knows it: it is left out; "
             "write it into the entry", key=key)  # fmt: skip


def _outside_functions(tree: ast.Module) -> Iterator[ast.AST]:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)
