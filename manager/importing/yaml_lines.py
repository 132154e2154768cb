"""YAML that is not ours, as plain values that know their lines; nothing of it is ever run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node

from include.errors import ConfigurationError
from include.language import _
from include.text import quoted

DEEPEST = 40  # levels; the parser recurses in C and would overflow the stack
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be built without libyaml


class Lines(dict[Any, Any]):
    """A mapping.

    Attributes:
        line: where it begins.
        lines: where each of its keys stands; one of a merged mapping stands there.
    """

    line: int = 1
    lines: Mapping[Any, int] = MappingProxyType({})

    def copy(self) -> "Lines":
        """Return another one of the same keys and lines."""
        made = Lines(self)
        made.line, made.lines = self.line, self.lines
        return made

    def line_of(self, key: Any) -> int:
        """Return where a key stands; where the mapping begins for one that it has not."""
        return self.lines.get(key, self.line)


class Foreign:
    """A value of a type that only another program knows, as `!!python/name:x.y`."""

    def __init__(self, tag: str) -> None:
        self.tag = tag

    def __repr__(self) -> str:
        """Return the tag, as messages show it."""
        return self.tag


class Loader(_Base):  # type: ignore[misc] # one of two classes
    """Makes mappings with lines; refuses deep nesting."""

    depth = 0

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """Count a level; called for every node, in place of a feature that is not used."""
        del index
        self.depth += 1
        if self.depth > DEEPEST and parent is not None:
            raise yaml.MarkedYAMLError(
                problem=_("nested deeper than {deepest} levels", deepest=DEEPEST),
                problem_mark=parent.start_mark,
            )

    def ascend_resolver(self) -> None:
        """Count a level back."""
        self.depth -= 1

    def mapping(self, node: MappingNode) -> Any:
        """Make a mapping, filled once what it may refer to is there."""
        made = Lines()
        made.line = node.start_mark.line + 1
        lines: dict[Any, int] = {}
        made.lines = lines
        yield made
        self.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            try:
                made[key] = self.construct_object(value_node, deep=True)
            except TypeError:  # a list for a key
                raise yaml.MarkedYAMLError(
                    problem=_("{key} cannot be a key", key=quoted(key)),
                    problem_mark=key_node.start_mark,
                ) from None
            lines[key] = key_node.start_mark.line + 1

    def foreign(self, suffix: str, node: Node) -> Foreign:
        """Make a mark of what is of a type that only another program knows."""
        del suffix
        return Foreign(str(node.tag))


Loader.add_constructor("tag:yaml.org,2002:map", Loader.mapping)
Loader.add_multi_constructor("", Loader.foreign)


def load(source: str, text: str) -> Lines:
    """Return the mapping that a YAML text is.

    Raises:
        ConfigurationError: it is not YAML, or no mapping; names the line.
    """
    try:
        loader = Loader(text)
        try:
            found = loader.get_single_data()
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = _(getattr(error, "problem", None) or str(error))
        raise ConfigurationError(
            "{source}:{line} is not YAML: {problem}", source=source, line=line, problem=problem
        ) from None
    if not isinstance(found, Lines):
        raise ConfigurationError("{source} is not a mapping of YAML", source=source)
    return found
