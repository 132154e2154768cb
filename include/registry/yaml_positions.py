"""Turns YAML text into nodes, which know their place; safe for whatever anyone wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from include.language import N_, Message, _
from include.registry.problems import FULL_WIDTH_COLON, WRITE_A_COLON, Problem
from include.registry.user_files import UnreadableError, check_encoding, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPEST = 20  # levels; an entry needs 8. The parser recurses in C and would overflow the stack.
REMOVE = N_("remove it, or add an entry")  # what to do with a file that is empty
PREFIX = "tag:yaml.org,2002:"
TEXT, SEQUENCE, MAPPING = f"{PREFIX}str", f"{PREFIX}seq", f"{PREFIX}map"
DEFAULT_TAGS: dict[type[Node], str] = {
    ScalarNode: TEXT,
    SequenceNode: SEQUENCE,
    MappingNode: MAPPING,
}
# What a syntax error of libyaml means in most cases, and what to do; the first that it contains.
HINTS = {
    "tab": N_("indent with spaces, not tabs"),
    "scanning an alias": N_("quote a value that begins with *, as in cron: '*/5 * * * *'"),
    "mapping values are not allowed": N_("indent keys alike, and quote a value that holds ': '"),
    "cannot start any token": N_("quote a value that begins with this character"),
    "did not find expected key": N_("indent the keys of an entry alike, and close every quote"),
    "did not find expected '-'": N_("indent the entries of a list alike"),
    "end of stream": N_("close the quote"),
    "did not find expected ','": N_("close the bracket"),
    "found another document": N_("remove the line '---', or make it two files"),
    "undefined alias": N_("quote a value that begins with *"),
}
FULL_WIDTH_BEGINNING = re.compile(r" *([\u3000\uff0d\u2013\u2014])")  # a blank, or a dash
KEY_WITH_FULL_WIDTH_COLON = re.compile(rf"\s*(- +)?[A-Za-z_]\w*{FULL_WIDTH_COLON}")
QUOTES = ("'", '"')
# Of what is opened and never closed the end of the file, or of an entry, says nothing.
NEVER_CLOSED = re.compile(r"end of stream|did not find expected ',' or '[]}]'")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be built without libyaml


class _TooDeepError(yaml.MarkedYAMLError):
    """Something is nested deeper than any entry needs."""


class Loader(_Base):  # type: ignore[misc] # one of two classes
    """Composes nodes of JSON's types; refuses nesting that no entry needs.

    Whatever looks like text is text: YAML 1.1 would read 10:00 as 600, 010001 as 4097, yes as true.
    """

    depth = 0
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own form of it
        first: [(tag, form) for tag, form in forms if tag == f"{PREFIX}null"]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """Count a level; called for every node, in place of a feature that is not used."""
        del index
        self.depth += 1
        if self.depth > DEEPEST and parent is not None:
            raise _TooDeepError(problem_mark=parent.start_mark)

    def ascend_resolver(self) -> None:
        """Count a level back."""
        self.depth -= 1

    def resolve(self, kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str:
        """Return a node's tag; PyYAML's own, for more than is needed here, takes twice as long."""
        if kind is ScalarNode and implicit[0]:
            for tag, form in self.yaml_implicit_resolvers.get(value[:1], ()):
                if form.match(value):
                    return str(tag)
        return DEFAULT_TAGS[kind]


for _type, _form, _firsts in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"-?(0|[1-9]\d{0,17})", "-0123456789"),
    ("float", r"-?\d{1,17}\.\d{1,17}", "-0123456789"),
):
    _whole = re.compile(rf"(?:{_form})\Z", re.ASCII)
    Loader.add_implicit_resolver(PREFIX + _type, _whole, list(_firsts))


def compose(file: str, raw: bytes, if_empty: str = REMOVE) -> Node:
    """Return the root node of a file's one document.

    Args:
        file: relative to the project root.
        raw: what it holds.
        if_empty: what to do with it when it is empty; marked with `N_`.

    Raises:
        UnreadableError: it is not UTF-8, not YAML, empty, or several documents.
    """
    check_encoding(file, raw)
    loader = Loader(raw)
    try:
        node: Node | None = loader.get_single_node()
    except yaml.YAMLError as error:
        raise UnreadableError(_syntax_problem(file, raw, error)) from error
    finally:
        loader.dispose()
    if node is None:
        told = _("is empty: {repair}", repair=_(if_empty))
        raise UnreadableError(Problem(file, 1, 1, None, told))
    return node


def _syntax_problem(file: str, raw: bytes, error: yaml.YAMLError) -> Problem:
    if isinstance(error, ReaderError):
        line, column = place_of(raw, error.position)
        message = _(
            "is not YAML: character {sign!r} is not allowed: remove it", sign=error.character
        )
        return Problem(file, line, column, None, message)
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if isinstance(error, _TooDeepError):
        message = _(
            "is not YAML: nested deeper than {levels} levels: remove the brackets or dashes too "
            "many",
            levels=DEEPEST,
        )
        return Problem(file, line, column, None, message)
    if quote := _open_quote(raw, line):
        line, column, last = quote
        message = _("is not YAML: this quote ends only in line {line}: close the quote", line=last)
        return Problem(file, line, column, None, message)
    said = [getattr(error, name, None) for name in ("context", "problem")]
    parts = [part for part in said if part] or [str(error)]
    reason = " ".join(parts)
    lines = raw.decode().splitlines()
    if found := _full_width(lines, line):
        line, column, message = found
        return Problem(file, line, column, None, message)
    context = getattr(error, "context_mark", None)
    if context and NEVER_CLOSED.search(reason):
        line, column = context.line + 1, context.column + 1
    at_fault = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
    seen = "tab" if at_fault == "\t" else reason
    hint = next((hint for sign, hint in HINTS.items() if sign in seen), N_("correct this line"))
    told = _(parts[-1])
    if len(parts) > 1:
        told = _("{context} {problem}", context=_(parts[0]), problem=told)
    message = _("is not YAML: {reason}: {hint}", reason=told, hint=_(hint))
    return Problem(file, line, column, None, message)


def _full_width(lines: Sequence[str], line: int) -> tuple[int, int, Message] | None:
    """Return line, column and message of a full-width sign that a Chinese keyboard wrote.

    What it stands before is read as text, so that only a later line seems wrong.
    """
    for number in range(max(1, line - 2), min(line, len(lines)) + 1):
        text = lines[number - 1]
        if KEY_WITH_FULL_WIDTH_COLON.match(text):
            message = _("is not YAML: a key ends with '：': {repair}", repair=_(WRITE_A_COLON))
            return number, text.index(FULL_WIDTH_COLON) + 1, message
        if sign := FULL_WIDTH_BEGINNING.match(text):
            message = _("is not YAML: here is a full-width blank or dash: write it half-width")
            return number, sign.start(1) + 1, message
    return None


def _open_quote(raw: bytes, line: int) -> tuple[int, int, int] | None:
    """Return line, column and last line of the quote that swallowed what stood before an error.

    One that is not closed ends with the next quote of its kind, lines below, where the rest then
    makes no sense.
    """
    loader = Loader(raw)
    found = None
    try:
        while loader.check_token():
            token = loader.get_token()
            start, end = token.start_mark, token.end_mark
            if start.line >= line - 1:
                break
            if getattr(token, "style", None) in QUOTES and start.line < end.line == line - 1:
                found = start.line + 1, start.column + 1, end.line + 1
    except yaml.YAMLError:
        pass
    finally:
        loader.dispose()
    return found
