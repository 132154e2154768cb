"""Passwords that stand in the text of a program: where, never which."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from include.registry.environment import CAMEL_CASE, SECRET
from include.secrets.masking import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

URL = re.compile(r"(?<=://)[^/\s:@]{0,200}:([^/\s@{}]{4,300})@")
# Words that the registry's own list of names does not have.
MORE = re.compile(r"(?:^|_)(?:PW|PSW|COOKIES?|AUTHORIZATION)\d*(?:_|$)|PASSW(?:OR)?D(?:_|$)")
CHINESE = re.compile(r"密码|口令|密钥|令牌")
SCHEME = re.compile(r"[a-z][a-z+]{0,20}://\Z")
# What stands where a secret is to be filled in, or names where it is kept.
EMPTY = re.compile(r"[*x.]+|<.*>|\$.*|\{.*\}|your.*|None|null", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Return whether a name is one that secrets have, such as `db_password` or `appKey`."""
    word = CAMEL_CASE.sub("_", name.strip()).replace("-", "_").upper()
    return bool(SECRET.search(word) or MORE.search(word) or CHINESE.search(name))


def secrets_in(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield line and name of each secret that a program, of these nodes, is written with."""
    for node in nodes:
        for name, value in _named(node):
            if is_secret_name(name) and _is_secret(value):
                yield getattr(value, "lineno", 0), name
        text = node.value if isinstance(node, ast.Constant) else None
        found = URL.search(text) if isinstance(text, str) else None
        if found and isinstance(text, str) and not EMPTY.fullmatch(found[1]):
            yield getattr(node, "lineno", 0), _scheme(text[: found.start()]) + "…"


def _scheme(before: str) -> str:
    found = SCHEME.search(before[-30:])
    return found[0] if found else "://"


def _named(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield the values of a node that have a name: variables, arguments, keys."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield _name(target), node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield _name(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        places = [*node.args.posonlyargs, *node.args.args]
        defaults = node.args.defaults
        for argument, value in zip(places[len(places) - len(defaults) :], defaults, strict=True):
            yield argument.arg, value


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return getattr(target, "id", "") or getattr(target, "attr", "")


def _is_secret(value: ast.AST) -> bool:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, (str, bytes)):
        return False
    text = value.value if isinstance(value.value, str) else value.value.decode("utf-8", "replace")
    return len(text) >= SHORTEST and not EMPTY.fullmatch(text)
