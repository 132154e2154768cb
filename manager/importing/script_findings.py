"""What a script of the old system holds: what a person must look at, and what it imports.

Each file is read once, however often it is asked about.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from include.language import _
from include.registry.checks.interpreters import imports_of, lacking_in
from include.script_errors import reason_of_syntax
from manager.importing.old_jobs import Finding, Place
from manager.importing.programs import parse
from manager.importing.script_access import is_below
from manager.importing.secret_words import secrets_in
from manager.importing.source_text import (
    COOKIE,
    UnreadableSourceError,
    is_file,
    is_folder,
    read_bytes,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

WINDOWS_PATH = re.compile(r"\b[A-Za-z]:(?:\\{1,2}|/(?!/))[^\s\"'*?<>|]*")
# Commands that only Windows has.
OF_WINDOWS = re.compile(
    r"^\s*(?:cls|pause|title|chcp|taskkill|tasklist|start|dir|copy|xcopy|move|del|rd|cmd|mode|color"
    r"|shutdown|explorer|powershell|wmic|net use|schtasks)\b|\.(?:bat|cmd|exe|vbs|ps1)\b",
    re.IGNORECASE,
)
STARTERS = ("system", "popen", "run", "call", "Popen", "check_call", "check_output", "startfile")
CODECS = re.compile(r"(?:cp936|gbk|gb2312|gb18030|mbcs|ansi)", re.IGNORECASE)
FILE_NAME = re.compile(r"(?:.*[/\\])?([^/\\]{1,100}\.[^/\\]{0,100})", re.DOTALL)
ASKED_AT_ONCE = 500  # scripts
MOST_OF_A_KIND = 20  # of one file; a table of paths is told once
MOST_MODULES = 200  # of one script, or one package
SHEBANG = b"#!"


@dataclass(frozen=True)
class Facts:
    """What a file holds.

    Attributes:
        findings: what a person must look at.
        encoding: of its text; None where it is none.
        imports: the packages that it cannot do without, with the line of each.
        relative: what it imports relative to its own folder.
        names: the names of files that stand in its text, with the line of each.
        is_program: it can be parsed as Python 3.
    """

    findings: tuple[Finding, ...] = ()
    encoding: str | None = None
    imports: dict[str, int] = field(default_factory=dict)
    relative: tuple[str, ...] = ()
    names: dict[str, int] = field(default_factory=dict)
    is_program: bool = False


def facts_of(path: Path) -> Facts:
    """Return what a file holds, as it is now."""
    try:
        status = path.stat()
    except OSError:
        return _facts_of(path, 0, 0)
    return _facts_of(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=50_000)
def _facts_of(path: Path, mtime_ns: int, size: int) -> Facts:
    del mtime_ns, size  # they stand for the text
    where = Place(str(path))
    try:
        text = read_text(path)
        raw = read_bytes(path)
    except UnreadableSourceError as error:
        return Facts((Finding(where, str(error)),))
    found: list[Finding] = []
    if text.line_of_gbk:
        found.append(Finding(Place(str(path), text.line_of_gbk), _gbk(raw)))
    if text.encoding == "utf-16":
        found.append(
            Finding(where, _("this is UTF-16, which Python does not read: save it as UTF-8"))
        )
    found += _of_its_form(path, raw, has_bom=text.encoding == "utf-8-sig", has_crlf=text.has_crlf)
    try:
        tree = parse(text.text)
    except SyntaxError as error:
        if path.suffix == ".py":
            found.append(Finding(Place(str(path), error.lineno or 0), _("this is not Python 3: "
                                 "{reason}", reason=reason_of_syntax(error.msg))))  # fmt: skip
        return Facts(tuple(found), text.encoding)
    nodes = list(ast.walk(tree))
    if path.suffix == ".py":
        found += _in_nodes(str(path), nodes)
    relative = tuple(
        node.module or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    )
    return Facts(
        tuple(found), text.encoding, imports_of(tree), relative, _names(nodes), is_program=True
    )


def findings_in(scripts: Iterable[Sequence[Path]]) -> list[Finding]:
    """Return the findings in some scripts, each with its modules behind it."""
    found: list[Finding] = []
    for files in scripts:
        found += (finding for path in files for finding in facts_of(path).findings)
        found += (each for script in files[:1] for each in _files_named(script, files))
    return list(dict.fromkeys(found))


def modules_of(script: Path) -> list[Path]:
    """Return the modules beside a script that it imports, and those that these import."""
    base = script.parent
    inside = [base.resolve()]
    found: dict[Path, None] = {}
    pending = [script]
    while pending and len(found) < MOST_MODULES:
        path = pending.pop()
        facts = facts_of(path)
        for name in (*facts.imports, *facts.relative):
            for module in _files_of(name.partition(".")[0], (base, path.parent)):
                # None that a link leads out of the folder to.
                if module not in found and module != script and is_below(module.resolve(), inside):
                    found[module] = None
                    pending.append(module)
    return list(found)


def _files_of(name: str, folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of a module, or a package, that is in one of some folders."""
    for folder in dict.fromkeys(folders):
        if is_file(module := folder / f"{name}.py"):
            yield module
        elif name and is_folder(folder / name):
            yield from filter(is_file, sorted((folder / name).rglob("*.py"))[:MOST_MODULES])


def lacked(python: Path | None, scripts: Iterable[Path]) -> dict[Path, list[str]]:
    """Return what each script, with its modules, imports that a Python lacks; where it stands.

    Of a script that is no program of Python 3, and where that Python does not answer, nothing is
    known, and the script is left out.

    Args:
        python: its path; None for the service's own.
        scripts: their paths.
    """
    found: dict[Path, list[str]] = {}
    files = {one: [one, *modules_of(one)] for one in scripts if facts_of(one).is_program}
    by_folder = {
        path: (str(path.parent), tuple(facts_of(path).imports))
        for each in files.values()
        for path in each
    }
    asked = list(dict.fromkeys(by_folder.values()))
    answers: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for start in range(0, len(asked), ASKED_AT_ONCE):
        some = asked[start : start + ASKED_AT_ONCE]
        answer = lacking_in(python, [(folder, list(names)) for folder, names in some])
        if isinstance(answer, str):
            return {}
        answers |= dict(zip(some, answer, strict=True))
    for script, each in files.items():
        found[script] = [
            f"{name} ({path.name}:{facts_of(path).imports[name]})"
            for path in each
            for name in answers[by_folder[path]]
        ]
    return found


def _of_its_form(path: Path, raw: bytes, *, has_bom: bool, has_crlf: bool) -> Iterator[Finding]:
    """Yield what its line ends and its first line do; shells are not as patient as Python."""
    first = Place(str(path), 1)
    if path.suffix == ".py":
        if has_bom:
            yield Finding(first, _("it begins with a byte order mark, which does no harm"))
        if has_crlf:
            text = _("its lines end as those of Windows do (CRLF), which does no harm")
            yield Finding(first, text)
        return
    if has_bom or has_crlf:
        text = _("its lines end as those of Windows do, or it begins with a byte order mark, so "
                 "that no shell starts it: save it as UTF-8 with LF")  # fmt: skip
        yield Finding(Place(str(path)), text)
    if not raw.startswith(SHEBANG):
        yield Finding(first, _("begin it with the program that runs it, as in #!/bin/bash"))


def _in_nodes(file: str, nodes: Sequence[ast.AST]) -> Iterator[Finding]:
    told = 0
    for node in nodes:
        for line, text in (*_command(node), *_text(node)):
            told += 1
            if told <= MOST_OF_A_KIND:
                yield Finding(Place(file, line), text)
    if told > MOST_OF_A_KIND:
        yield Finding(Place(file), _("and {count} more of Windows' paths and commands",
                                     count=told - MOST_OF_A_KIND))  # fmt: skip
    for line, name in secrets_in(nodes):
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


def _names(nodes: Iterable[ast.AST]) -> dict[str, int]:
    """Return what may be names of files in the texts of a program, with the line of each."""
    found: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = FILE_NAME.fullmatch(node.value)
            if named and not named[1].endswith(".py"):
                found.setdefault(named[1], node.lineno)
    return found


def _files_named(script: Path, copied: Iterable[Path]) -> Iterator[Finding]:
    """Yield the files beside a script that its text names, and that are not copied."""
    known = {path.name for path in copied}
    for name, line in facts_of(script).names.items():
        if name not in known and is_file(script.parent / name):
            text = _("it names {file}, which stands beside it and is not copied: copy it to the "
                     "script's new folder, if it is needed", file=name)  # fmt: skip
            yield Finding(Place(str(script), line), text)
