"""What answers look like: the paths of their JSON, and the values of their status fields.

A platform adds a field or a status one day, and drops another, and nothing fails at once. So each
page is compared with what its method, or feed, has had before: of all rows their keys and the
values of status fields, of a sample of them what is inside of these. So a key inside of another one
that few rows have may be seen some pages later. Values are names of states; no other value of an
answer is looked at.
"""

from __future__ import annotations

import re
from random import randrange
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STATUS = re.compile(r"(?:status|state|type)$", re.IGNORECASE)
# Keys that are ids or dates name things, not fields: what has one is no object of fields.
FIELD = re.compile(r"(?!.*\d{4})[^\W\d][\w-]{0,63}")
MOST_KEYS, MOST_VALUES = 200, 50
# Of rows with the same keys in the same order; where there are more, the sample has to do.
MOST_LAYOUTS = 500
LONGEST_PATH, LONGEST_VALUE = 255, 64
ITEMS = "[]"
# One row of so many is looked at in full, and of a short page so many, if it has them.
STEP, FEWEST = 32, 4
# Of fewer rows the share that lacks a path tells nothing.
LEAST_ROWS = 20
SCALARS = (str, int)
# A look costs as much as decoding two hundred bytes: it is at most 2 % of decoding where there is
# one for so many bytes, as `benchmarks/shapes.py` measures.
WORTH_A_LOOK = 20_000
# Fewer bytes hold no row: most answers of 拼多多 are so.
NO_ROWS = 160


class Shape(NamedTuple):
    """A path of a source's answers, or a value that is found at one."""

    source: str  # the platform's method, or the feed
    path: str  # as in `data.list[].order.sn`
    value: str = ""  # of a status field; empty: the path itself

    def __str__(self) -> str:
        """Name it as messages do."""
        return f"{self.source}: {self.inner}"

    @property
    def inner(self) -> str:
        """What is within the source."""
        return f"{self.path} = {self.value}" if self.value else self.path


class Share(NamedTuple):
    """How many of the objects that were looked at in full lack a path."""

    looked: int
    missing: int

    @property
    def is_lacking(self) -> bool:
        """Whether more than a fifth lack it."""
        return self.missing * 5 > self.looked


class _Status:
    """The values of a status field: as they came, and as they are kept."""

    __slots__ = ("known", "seen")

    def __init__(self) -> None:
        self.seen: set[Any] = {None}
        self.known: set[str] = set()


class _Node:
    """What is found at one path."""

    __slots__ = ("children", "is_map", "layouts", "looked", "missing", "path", "statuses")

    def __init__(self, path: str) -> None:
        self.path = path
        self.children: dict[str, _Node] = {}
        self.statuses: dict[str, _Status] = {}
        self.layouts: set[tuple[str, ...]] = set()
        self.looked = self.missing = 0
        self.is_map = len(path) > LONGEST_PATH

    def child(self, key: str) -> _Node:
        """Return what is at a key, which is made where it is not known."""
        if key not in self.children:
            inner = key if key == ITEMS or not self.path else f".{key}"
            self.children[key] = _Node(self.path + inner)
            if STATUS.search(key):
                self.statuses[key] = _Status()
        return self.children[key]


class Shapes:
    """What the answers of some sources look like.

    Args:
        known: what is known of them already.
    """

    def __init__(self, known: Iterable[Shape] = ()) -> None:
        self.found: dict[Shape, str] = {}  # what was new, and in the answers for which unit
        self._roots: dict[str, _Node] = {}
        self._source = self._where = ""
        # Bytes until the next look, of what is known; by chance at first, so that it is not always
        # the same shop that is looked at.
        self._left: dict[str, int] = {}
        for source, path, value in known:
            *inner, last = path.replace(ITEMS, f".{ITEMS}").removeprefix(".").split(".")
            if source not in self._left:
                self._left[source] = randrange(WORTH_A_LOOK)  # noqa: S311 - a sample
            node = self._roots.setdefault(source, _Node(""))
            for key in inner:
                node = node.child(key)
            node.child(last)
            if value and last in node.statuses:
                node.statuses[last].known.add(value)

    def wants(self, source: str, size: int) -> bool:
        """Return whether to look at an answer of so many bytes: of small ones, not at each.

        All answers of a source that is not known are looked at.
        """
        left = self._left.get(source, 0) - size
        if left > 0:
            self._left[source] = left
            return False
        if source in self._left:
            self._left[source] = WORTH_A_LOOK
        return True

    def look(self, source: str, answer: Any, where: str) -> None:
        """Look at an answer (decoded JSON) of a source; `where` names the unit that it is for."""
        self._source, self._where = source, where
        self._visit(self._roots.setdefault(source, _Node("")), answer)

    def shares(self) -> Iterator[tuple[Shape, Share]]:
        """Yield how many of the rows lacked each path, where enough were looked at to tell."""
        for source, root in self._roots.items():
            nodes = [root]
            while nodes:
                node = nodes.pop()
                nodes += node.children.values()
                if node.looked >= LEAST_ROWS and not node.is_map:
                    for child in node.children.values():
                        yield Shape(source, child.path), Share(node.looked, child.missing)

    def _visit(self, node: _Node, value: Any) -> None:
        if value.__class__ is dict:
            self._object(node, value)
        elif value.__class__ is list and value:
            self._list(node.child(ITEMS), value)

    def _list(self, node: _Node, rows: list[Any]) -> None:
        if {*map(type, rows)} != {dict}:
            rows = [row for row in rows if row.__class__ is dict]
        if not rows or node.is_map:
            return
        if len(node.layouts) < MOST_LAYOUTS:
            other = {*map(tuple, rows)} - node.layouts
            node.layouts |= other
            for layout in other:
                one = next(row for row in rows if tuple(row) == layout)
                self._object(node, one, counted=0)  # it is no sample
        step = min(STEP, max(1, len(rows) // FEWEST))
        for row in rows[randrange(step) :: step]:  # noqa: S311 - a sample
            self._object(node, row)
        for key, status in list(node.statuses.items()):
            try:
                new = {row.get(key) for row in rows} - status.seen
            except TypeError:  # it holds objects or lists
                continue
            for value in new:
                self._value(node, key, value)

    def _object(self, node: _Node, found: dict[str, Any], counted: int = 1) -> None:
        if node.is_map:
            return
        node.looked += counted
        children = node.children
        if found.keys() != children.keys():
            self._differs(node, found, counted)
        for key, value in found.items():
            kind = value.__class__
            if (kind is dict or kind is list) and key in children:
                self._visit(children[key], value)
        for key, status in list(node.statuses.items()):
            value = found.get(key)
            if value.__class__ in SCALARS and value not in status.seen:
                self._value(node, key, value)

    def _differs(self, node: _Node, found: dict[str, Any], counted: int) -> None:
        """Note the keys that are new, and those that are missing."""
        children = node.children
        for key in children.keys() - found.keys():
            children[key].missing += counted
        new = found.keys() - children.keys()
        if len(children) + len(new) > MOST_KEYS or not all(map(FIELD.fullmatch, new)):
            node.is_map = True
            return
        for key in new:
            child = node.child(key)
            child.missing = node.looked - counted
            if not child.is_map:
                self.found.setdefault(Shape(self._source, child.path), self._where)

    def _value(self, node: _Node, key: str, value: Any) -> None:
        status = node.statuses[key]
        text = str(value)
        if value.__class__ not in SCALARS or not 0 < len(text) <= LONGEST_VALUE:
            return
        status.seen.add(value)
        if len(status.known) > MOST_VALUES:  # it names things, not states
            del node.statuses[key]
        elif text not in status.known:
            status.known.add(text)
            path = node.children[key].path
            self.found.setdefault(Shape(self._source, path, text), self._where)
