"""Adding one entry to a file that people edit, everything else left as it is."""

import ast
import json
import re

from include.errors import ConfigurationError

RUN_OF_IMPORTS = re.compile(r"(?:^ *from include[.\w]* import [^(\n]+\n)+", re.MULTILINE)


def with_entry(path: str, text: str, table: str, entry: str) -> str:
    """Return a module with one more entry at the end of a dict that is written out in it.

    Args:
        path: for messages.
        text: of the module.
        table: the name that the dict is assigned to.
        entry: its lines, each ended.

    Raises:
        ConfigurationError: there is no such dict, or it does not end on a line of its own.
    """
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        named = [one.id for one in targets if isinstance(one, ast.Name)]
        if named == [table] and isinstance(value, ast.Dict) and value.end_lineno:
            lines = text.splitlines(keepends=True)
            if lines[value.end_lineno - 1].strip() == "}":
                lines.insert(value.end_lineno - 1, entry)
                return "".join(lines)
    raise ConfigurationError(
        "{path} has no table {table} with a line for each entry: add by hand\n{entry}",
        path=path,
        table=table,
        entry=entry,
    )


def with_import(text: str, line: str) -> str:
    """Return a module with one more `from … import …`, in its place among those of its package."""
    package = line.split()[1].partition(".")[0]
    lines = text.splitlines(keepends=True)
    of_package = [
        number
        for number, one in enumerate(lines)
        if re.match(rf"from {package}[. ]", one) and one < f"{line}\n"
    ]
    place = of_package[-1] + 1 if of_package else _first_import(lines, package)
    lines.insert(place, f"{line}\n")
    return "".join(lines)


def _first_import(lines: list[str], package: str) -> int:
    return next(n for n, one in enumerate(lines) if re.match(rf"from {package}[. ]", one))


def with_sorted_imports(text: str) -> str:
    """Return a module with its imports in order, wherever an id comes in the alphabet."""
    return RUN_OF_IMPORTS.sub(
        lambda run: "".join(sorted(run[0].splitlines(keepends=True), key=_module)), text
    )


def _module(line: str) -> str:
    return line.split()[1]


def with_name_imported(text: str, package: str, name: str) -> str:
    """Return a module in which `from PACKAGE import a, c` names one more."""
    found = re.search(rf"^from {package} import ([\w, ]+)$", text, re.MULTILINE)
    if found is None:
        return with_import(text, f"from {package} import {name}")
    names = sorted({*found[1].split(", "), name})
    return text.replace(found[0], f"from {package} import {', '.join(names)}", 1)


def with_json_entry(text: str, entry: str) -> str:
    """Return a JSON object, in the lines that it has, with one more entry at its end."""
    head = text.rstrip().removesuffix("}").rstrip()
    comma = "," if not head.endswith("{") else ""
    whole = f"{head}{comma}\n{entry}}}\n"
    json.loads(whole)  # both were JSON, and so is this
    return whole
