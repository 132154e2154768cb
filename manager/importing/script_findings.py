"""What a person must look at in a script of the old system, each with its line."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from include.language import _
from include.registry.checks.interpreters import imports_of, lacking_in
from include.script_errors import reason_of_syntax
from manager.importing.old_jobs import Finding, Place
from manager.importing.programs import parse
from manager.importing.script_secrets import secrets_in
from manager.importing.source_text import (
    COOKIE,
    UnreadableSourceError,
    is_file,
    read_bytes,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from manager.importing.scripts import ScriptCopy

WINDOWS_PATH = re.compile(r"\b[A-Za-z]:(?:\\{1,2}|/(?!/))[^\s\"'*?<>|]*")
# Commands that only Windows has.
OF_WINDOWS = re.compile(
    r"^\s*(?:cls|pause|title|chcp|taskkill|tasklist|start|dir|copy|xcopy|move|del|rd|cmd|mode|color"
    r"|shutdown|explorer|powershell|wmic|net use|schtasks)\b|\.(?:bat|cmd|exe|vbs|ps1)\b",
    re.IGNORECASE,
)
STARTERS = ("system", "popen", "run", "call", "Popen", "check_call", "check_output", "startfile")
CODECS = re.compile(r"(?:cp936|gbk|gb2312|gb18030|mbcs|ansi)", re.IGNORECASE)
LONGEST_NAME = 200
ASKED_AT_ONCE = 500  # scripts
MOST_OF_A_KIND = 20  # of one file; a table of paths is told once
SHEBANG = b"#!"


def findings_in(copies: Sequence[ScriptCopy]) -> list[Finding]:
    """Return the findings in all scripts that are on this machine, and in their modules."""
    found: list[Finding] = []
    for copy in copies:
        if copy.found is None:
            continue
        files = [copy.found, *(path for path, _new in copy.modules)]
        for path in files:
            found += _in_file(path)
        names = {path.name for path in files}
        found += _files_named(copy.found, names)
    return list(dict.fromkeys([*found, *_lacked(copies)]))


def _in_file(path: Path) -> Iterator[Finding]:
    where = Place(str(path))
    try:
        text = read_text(path)
        raw = read_bytes(path)
    except UnreadableSourceError as error:
        yield Finding(where, str(error))
        return
    if text.line_of_gbk:
        yield Finding(Place(str(path), text.line_of_gbk), _gbk(raw))
    if text.encoding == "utf-16":
        yield Finding(where, _("this is UTF-16, which Python does not read: save it as UTF-8"))
    if path.suffix != ".py":
        if text.has_crlf or text.encoding == "utf-8-sig":
            yield Finding(where, _("its lines end as those of Windows do, or it begins with a byte "
                                   "order mark, so that no shell starts it: save it as UTF-8 with "
                                   "LF"))  # fmt: skip
        if not raw.startswith(SHEBANG):
            yield Finding(Place(str(path), 1), _("begin it with the program that runs it, as in "
                                                 "#!/bin/bash"))  # fmt: skip
        return
    if text.encoding == "utf-8-sig":
        yield Finding(
            Place(str(path), 1), _("it begins with a byte order mark, which does no harm")
        )
    if text.has_crlf:
        yield Finding(Place(str(path), 1), _("its lines end as those of Windows do (CRLF), which "
                                             "does no harm"))  # fmt: skip
    try:
        tree = parse(text.text)
    except SyntaxError as error:
        yield Finding(Place(str(path), error.lineno or 0),
                      _("this is not Python 3: {reason}",
                        reason=reason_of_syntax(error.msg)))  # fmt: skip
        return
    yield from _in_tree(str(path), tree)


def _in_tree(file: str, tree: ast.Module) -> Iterator[Finding]:
    told = 0
    for node in ast.walk(tree):
        for line, text in (*_command(node), *_text(node)):
            told += 1
            if told <= MOST_OF_A_KIND:
                yield Finding(Place(file, line), text)
    if told > MOST_OF_A_KIND:
        yield Finding(Place(file), _("and {count} more of Windows' paths and commands",
                                     count=told - MOST_OF_A_KIND))  # fmt: skip
    for line, name in secrets_in(tree):
        yield Finding(Place(file, line), _("{name} is a secret in the text: put it in a connection "
                                           "(Admin > Connections), and change it",
                                           name=name))  # fmt: skip


def _command(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Return that a call starts what only Windows has, as os.system("cls")."""
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
    if name not in STARTERS:
        return
    first = node.args[0] if node.args else None
    if isinstance(first, (ast.List, ast.Tuple)) and first.elts:
        first = first.elts[0]
    said = first.value if isinstance(first, ast.Constant) else None
    if isinstance(said, str) and (OF_WINDOWS.search(said) or name == "startfile"):
        yield node.lineno, _("{call} is a command of Windows: it fails here; remove it, or "
                                 "replace it", call=f"{name}({said[:40]!r})")  # fmt: skip


def _text(node: ast.AST) -> Iterator[tuple[int, str]]:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return
    if found := WINDOWS_PATH.search(node.value[:1000]):
        yield node.lineno, _("{path} is a path of Windows, which is not here: write one of this "
                             "machine, or one beside the script", path=found[0][:80])  # fmt: skip
    elif CODECS.fullmatch(node.value):
        yield node.lineno, _("encoding {name!r}: scripts run in UTF-8 here; it is right only for "
                             "files that are still written so", name=node.value)  # fmt: skip


def _gbk(raw: bytes) -> str:
    if COOKIE.search(b"\n".join(raw[:400].split(b"\n", 2)[:2])):
        return _("this is GBK, as its first lines say: it runs, and is copied as it is")
    return _("this is GBK, and nothing in it says so, so that Python 3 does not run it: save it as "
             "UTF-8")  # fmt: skip


def _files_named(script: Path, copied: set[str]) -> Iterator[Finding]:
    """Yield the files beside a script that its text names, and that are not copied."""
    try:
        tree = parse(read_text(script).text)
    except (UnreadableSourceError, SyntaxError):
        return
    told: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = re.split(r"[/\\]", node.value)[-1]
            if "." not in name[1:] or name.endswith(".py") or name in copied | told:
                continue
            if is_file(script.parent / name[:LONGEST_NAME]):
                told.add(name)
                yield Finding(
                    Place(str(script), node.lineno),
                    _(
                        "it names {file}, which stands beside it and is not copied: copy it to the "
                        "script's new folder, if it is needed",
                        file=name,
                    ),
                )


def _lacked(copies: Sequence[ScriptCopy]) -> Iterator[Finding]:
    """Yield the packages that scripts import and the service's Python lacks."""
    asked: list[tuple[Path, dict[str, int]]] = []
    for copy in copies:
        if copy.found is None or copy.found.suffix != ".py":
            continue
        for path in (copy.found, *(module for module, _new in copy.modules)):
            try:
                asked.append((path, imports_of(parse(read_text(path).text))))
            except (UnreadableSourceError, SyntaxError, RecursionError):  # noqa: PERF203 -- each for itself
                continue
    for start in range(0, len(asked), ASKED_AT_ONCE):
        yield from _answered(asked[start : start + ASKED_AT_ONCE])


def _answered(asked: Sequence[tuple[Path, dict[str, int]]]) -> Iterator[Finding]:
    answer = lacking_in(None, [(str(path.parent), list(names)) for path, names in asked])
    if isinstance(answer, str):
        text = _("which packages this and {count} more scripts lack is unknown: the service's "
                 "Python did not answer ({reason}); `check` asks again once they are imported",
                 count=len(asked) - 1, reason=answer)  # fmt: skip
        yield Finding(Place(str(asked[0][0])), text)
        return
    for (path, names), lacked in zip(asked, answer, strict=True):
        for name in lacked:
            yield Finding(
                Place(str(path), names[name]),
                _(
                    "imports {package}, which the service's Python lacks: make an environment that "
                    "has it, and write its Python as 'python' into the entry",
                    package=name,
                ),
            )
