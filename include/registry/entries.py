"""Reads the entries of a YAML file: plain values, and for each the place where it stands.

Only what JSON knows: no tags, no anchors and aliases (a small file could grow without end), no
merge keys. What is wrong within an entry is a problem of that entry alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from include.language import _
from include.registry.problems import FULL_WIDTH_COLON, WRITE_A_COLON, Problem, costing_only
from include.registry.user_files import UnreadableError
from include.registry.yaml_positions import MAPPING, PREFIX, REMOVE, SEQUENCE, TEXT, compose
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from yaml.nodes import Node

SCALARS: dict[str, Callable[[str], Any]] = {
    TEXT: str,
    f"{PREFIX}null": lambda _: None,
    f"{PREFIX}bool": lambda text: {"true": True, "false": False}[text.lower()],
    f"{PREFIX}int": int,
    f"{PREFIX}float": float,
}
LONGEST_ID = 64
REFUSED = object()  # stands for a value that a problem was found with already


class Entry:
    """One item of a file's list."""

    def __init__(self, file: str, node: Node, seen: set[int] | None) -> None:
        self.file = file  # relative to the project root
        self.line: int = node.start_mark.line + 1  # where it starts, from 1
        # Its `id` as written; none when there is none that could be shown
        self.said_id = _said_id(node)
        self._node = node
        self._seen = seen

    def value(self) -> tuple[Any, list[Problem]]:
        """Build its value; problems are keys that are there twice, tags and aliases."""
        builder = _Builder(self._seen)
        value = builder.build(self._node)
        return value, [self._problem(node, message) for node, message in builder.found]

    def problem(
        self, path: tuple[int | str, ...], message: str, *, at_key: bool = False
    ) -> Problem:
        """Report what is wrong with a part of it.

        Args:
            path: the keys and list indexes that lead to the part, as far as they exist.
            message: what is wrong.
            at_key: it is the last key of the path that is wrong, not its value.
        """
        return self._problem(_find(self._node, path, at_key=at_key), message)

    def _problem(self, node: Node, message: str) -> Problem:
        return _problem_at(node, self.file, message, self.said_id)


def read_entries(
    file: str, raw: bytes, key: str, problems: list[Problem], if_empty: str = REMOVE
) -> list[Entry]:
    """Return the entries of a file's one list; never raises.

    Args:
        file: relative to the project root.
        raw: what it holds.
        key: the list's name, the only key such a file has.
        problems: gets what is no entry.
        if_empty: what to do with a file that is empty; marked with `N_`.
    """
    entries: list[Entry] = []
    with costing_only(file, 1, None, problems):
        try:
            document = compose(file, raw, if_empty)
        except UnreadableError as error:
            problems.append(error.problem)
            return entries
        seen: set[int] | None = set() if b"&" in raw else None
        for node in _listed(document, file, key, problems):
            with costing_only(file, node.start_mark.line + 1, None, problems):
                entries.append(Entry(file, node, seen))
    return entries


def _listed(document: Node, file: str, key: str, problems: list[Problem]) -> Sequence[Node]:
    """Return the items of the document's one list."""

    def refuse(node: Node, message: str) -> None:
        problems.append(_problem_at(node, file, message))

    if not isinstance(document, MappingNode):
        full_width = isinstance(document, ScalarNode) and FULL_WIDTH_COLON in document.value
        repair = _("begin it with the line '{key}:'", key=key)
        repair = _(WRITE_A_COLON) if full_width else repair
        refuse(document, _("is not a mapping: {repair}", repair=repair))
        return ()
    lists = [(name, node) for name, node in document.value if name.value == key]
    others = [name for name, _node in document.value if name.value != key]
    for name in others:
        refuse(name, _("unknown key {name}: the only one is '{key}'", name=_shown(name), key=key))
    for name, _node in lists[1:]:
        told = _("key '{key}' is there twice: put all entries below the first", key=key)
        refuse(name, told)
    if lists and isinstance(lists[0][1], SequenceNode):
        items: list[Node] = lists[0][1].value
        return items
    if lists:
        told = _("'{key}' is not a list: begin each entry below it with '- id:'", key=key)
        if lists[0][1].value == "":
            told = _("{problem} (without any, write [])", problem=told)
        refuse(lists[0][1], told)
    elif not others:
        refuse(document, _("has no list '{key}': add the line '{key}:'", key=key))
    return ()


def rivals(claims: Iterable[tuple[Hashable, Entry]]) -> dict[Entry, Entry]:
    """Return the entries whose name another claims, too, each with the first that does.

    None of them may have the name: nobody can say which had it first, and a copy in a file that
    comes earlier must not take the place of the job, shop or feed that everybody knows.
    """
    claiming: dict[Hashable, list[Entry]] = {}
    for name, entry in claims:
        claiming.setdefault(name, []).append(entry)
    shared = [entries for entries in claiming.values() if len(entries) > 1]
    return {one: entries[one is entries[0]] for entries in shared for one in entries}


class _Builder:
    """Builds the value of a node."""

    def __init__(self, seen: set[int] | None) -> None:
        """Start with the nodes that the file's entries have used; none when it has no anchors."""
        self.found: list[tuple[Node, str]] = []  # nodes with what is wrong with them
        self._seen = seen
        self._aliased: set[int] = set()

    def build(self, node: Node) -> Any:
        if self._seen is not None:
            if id(node) in self._seen:
                return self._refuse_alias(node)
            self._seen.add(id(node))
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if node.tag != (MAPPING if isinstance(node, MappingNode) else SEQUENCE):
            return self._refuse_tag(node)
        if isinstance(node, MappingNode):
            return self._mapping(node)
        return [self.build(item) for item in node.value]

    def _scalar(self, node: ScalarNode) -> Any:
        if node.tag == TEXT:
            return node.value
        try:
            return SCALARS[node.tag](node.value)
        except (KeyError, ValueError):
            return self._refuse_tag(node)

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key, _("a key is a list or a mapping: write a plain word"))
                continue
            name = key.value
            if name in mapping:
                told = _(
                    "key {key} is there twice (the first is in line {line}): remove one",
                    key=quoted(name), line=lines[name],
                )  # fmt: skip
                self._refuse(key, told)
            lines[name] = key.start_mark.line + 1
            mapping[name] = self.build(value)
        return mapping

    def _refuse_tag(self, node: Node) -> object:
        tag = quoted(node.tag.replace(PREFIX, "!!"))
        told = _("tag {tag} is not read: remove it, only plain values are allowed", tag=tag)
        self._refuse(node, told)
        return REFUSED

    def _refuse_alias(self, node: Node) -> object:
        if id(node) not in self._aliased:  # once, for a thousand aliases
            self._aliased.add(id(node))
            told = _("anchors and aliases (& and *) are not read: write the value out")
            self._refuse(node, told)
        return REFUSED

    def _refuse(self, node: Node, message: str) -> None:
        self.found.append((node, message))


def _said_id(node: Node) -> str | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    for key, value in pairs:
        if key.value == "id" and isinstance(value, ScalarNode):
            said: str = value.value
            return said if said.isprintable() and 0 < len(said) <= LONGEST_ID else None
    return None


def _find(node: Node, path: tuple[int | str, ...], *, at_key: bool) -> Node:
    """Follow a path as far as it goes."""
    for step, part in enumerate(path, start=1):
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            continue
        pairs = node.value if isinstance(node, MappingNode) else ()
        # Of a key that is there twice the last counts, as in the entry's value.
        found = next((pair for pair in reversed(pairs) if pair[0].value == part), None)
        if found is None:
            return node
        node = found[0] if at_key and step == len(path) else found[1]
    return node


def _shown(name: Node) -> str:
    # What is no scalar holds nodes, which may hold themselves.
    return quoted(name.value) if isinstance(name, ScalarNode) else _("of several parts")


def _problem_at(node: Node, file: str, message: str, said_id: str | None = None) -> Problem:
    mark = node.start_mark
    return Problem(file, mark.line + 1, mark.column + 1, said_id, message)


def alone(raw: bytes, job_id: str) -> bytes:
    """Return a file's text with no entry but one, which keeps its line number.

    A line that begins with the list's own indent and dash cannot be inside of an entry, whatever
    the entry holds: all that belongs to it is indented further. A file that is not written with
    the id first, on a line of its own, is returned whole, and so is one that has the id twice.

    Args:
        raw: what a file of config/tasks/ holds.
        job_id: of the entry.
    """
    name = re.escape(job_id.encode())
    line = re.compile(rb"^( *)(- +)id: +%s *\r?$" % name, re.MULTILINE)
    # Inside of another entry's text such a line is indented further.
    found = min(line.finditer(raw), key=lambda match: len(match[1]), default=None)
    if found is None:
        return raw
    keys = len(found[1] + found[2])  # the column of the entries' keys
    said = rb"^ {0,%d}(?! ).*\bid[\"']?\s*:\s*[\"']?%s(?![a-z0-9_])" % (keys, name)
    if len(re.findall(said, raw, re.MULTILINE)) > 1:
        return raw
    dash = re.compile(rb"^%s- " % found[1], re.MULTILINE)
    first = dash.search(raw)
    following = dash.search(raw, found.end())
    head = raw[: first.start() if first else 0]
    blank = b"\n" * raw.count(b"\n", len(head), found.start())
    return head + blank + raw[found.start() : following.start() if following else len(raw)]
