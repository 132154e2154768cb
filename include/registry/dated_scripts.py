"""Whether a job's script can be told which period to bring, and the line that decides it.

A script that works out "yesterday" itself brings another day than the one that a run of an older
period is for, and ends well. It is taken for such a one unless something names the period: the
entry's `dated`, a placeholder in its `args`, or the script's own text.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from include.errors import reason_of
from include.language import _
from include.registry.environment import placeholders_in
from include.registry.paths import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.registry.schema import Job

# What the runner tells a script of its period; the first three are nobody else's.
VARIABLES = ("PERIOD_KEY", "PERIOD_START", "PERIOD_END", "FIRST_DAY", "LAST_DAY")
PULLING = "include.pulling"
_ANY = "|".join(VARIABLES)
HINT = re.compile(rb"PERIOD_|FIRST_DAY|LAST_DAY|pulling")
# A variable's name is a text of its own (its beginning is, where the rest is put together), or
# stands in one that a shell or `format` fills in.
TEXT = re.compile(rf"(?P<whole>{_ANY}|PERIOD_)\Z|.*[$%{{](?P<part>{_ANY})\b", re.DOTALL)
WORD = re.compile(r"\bPERIOD_(?:KEY|START|END)\b|[$\"'{.%](?:FIRST|LAST)_DAY\b|[\"']PERIOD_[\"']")
COMMENT = re.compile(r"^\s*(?:#|//|--|;|rem\b).*|\s#\s.*", re.IGNORECASE)
# Shell: a variable that the script gives a value of its own says nothing of ours.
ASSIGNED = re.compile(rf"\s*(?:export\s+|local\s+|readonly\s+)?({_ANY})=(?!.*\1)")
CLOCK = re.compile(
    r"\b(?:now|today|utcnow|localtime|gmtime|time)\(|\bdate\s+[-+'\"]|\$\(date\b|`date\b|\bDate\("
)


class Dating(NamedTuple):
    """Whether a script takes its period from us."""

    dated: bool  # it does; if not, it can only bring the period that ended last
    because: str  # where that is said, as `file:line`, and what stands there


def dating_of(job: Job) -> Dating:
    """Find out whether a job's script can be told which period to bring.

    Reads the script, unless the entry itself says it; the text of one that has not changed since is
    not looked at again.
    """
    if said := said_by_entry(job):
        return said
    script = f"{SCRIPTS}/{job.script}"
    try:
        found = look_at(job.script_path)
    except OSError as error:
        because = _("{script} cannot be read: {reason}", script=script, reason=reason_of(error))
        return Dating(dated=False, because=because)
    if found.named:
        line, name = found.named
        return Dating(
            dated=True, because=_("{where} names {name}", where=f"{script}:{line}", name=name)
        )
    entry = f"{job.file}:{job.line}"
    if found.clock:
        because = _(
            "neither {script} nor args of {entry} name the period, and line {line} of the script "
            "asks the clock",
            script=script, entry=entry, line=found.clock,
        )  # fmt: skip
    else:
        because = _(
            "neither {script} nor args of {entry} name the period", script=script, entry=entry
        )
    return Dating(dated=False, because=because)


def said_by_entry(job: Job) -> Dating | None:
    """Return what an entry says by itself; nothing where its script decides."""
    entry = f"{job.file}:{job.line}"
    if job.dated is not None:
        value = str(job.dated).lower()
        return Dating(job.dated, _("{entry} says dated: {value}", entry=entry, value=value))
    for text in job.args:
        for name, _form, _conversion in placeholders_in(text):
            because = _("args of {entry} names {{{name}}}", entry=entry, name=name)
            return Dating(dated=True, because=because)
    return None


def clock_beside_args(job: Job) -> tuple[str, int] | None:
    """Return what says that `args` alone tell a script its period, and its line that asks the time.

    Such a script may take the period for no more than a file's name. None where it does not ask.
    """
    if job.dated is not None or not (said := said_by_entry(job)):
        return None
    try:
        line = look_at(job.script_path).clock
    except OSError:
        return None
    return (said.because, line) if line else None


class Found(NamedTuple):
    """What a script's text has."""

    # The line that names the period, and by what; none where nothing does
    named: tuple[int, str] | None
    clock: int  # otherwise the first line that asks what time it is; 0 for none


def look_at(script: Path) -> Found:
    """Look for the period in a script's text.

    Raises:
        OSError: it cannot be read.
    """
    stat = script.stat()
    return _look(script, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _look(path: Path, mtime_ns: int, size: int) -> Found:
    del mtime_ns, size  # they stand for the text
    raw = path.read_bytes()
    lines = [COMMENT.sub("", line) for line in raw.decode("utf-8", "replace").splitlines()]
    named = None
    if HINT.search(raw):  # only then it is worth being parsed, which takes much longer
        is_python = path.suffix == ".py" or b"python" in raw[:80].split(b"\n")[0]
        tree = tree_of(raw) if is_python else None
        named = _in_lines(lines) if tree is None else min(_in_tree(tree), default=None)
    clocks = (number for number, line in enumerate(lines, 1) if CLOCK.search(line))
    return Found(named, 0 if named else next(clocks, 0))


def tree_of(program: str | bytes) -> ast.Module | None:
    """Return what Python makes of a program; None where that is another Python's, or none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _in_tree(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return each line of a Python program that names the period, and what names it.

    Not its comments and docstrings, nor where it sets such a variable for somebody else.
    """
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            silent.add(id(node.value))
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            silent.add(id(node.slice))
        elif isinstance(node, ast.Constant) and id(node) not in silent:
            if isinstance(node.value, str) and (match := TEXT.match(node.value)):
                yield node.lineno, match["whole"] or match["part"]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None)
            names = [alias.name for alias in node.names]
            for name in [module, *names, *(f"{module}.{each}" for each in names)]:
                if name is not None and f"{name}.".startswith(f"{PULLING}."):
                    yield node.lineno, PULLING


def _in_lines(lines: list[str]) -> tuple[int, str] | None:
    """Return the first line of a program in whatever language that names the period."""
    own = {match[1] for line in lines if (match := ASSIGNED.match(line))}
    for number, line in enumerate(lines, 1):
        for match in WORD.finditer(line):
            name = match[0].strip("$\"'{.%")
            if name not in own:
                return number, name
    return None
