"""Whether the Pythons that scripts run in can be started, and which of their imports they lack.

One call per Python answers for all its scripts. Nothing of a script is run, nor any package.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from include import PROJECT_ROOT
from include.errors import reason_of
from include.language import N_, Message, _
from include.registry.paths import SCRIPTS
from include.script_errors import reason_of_syntax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from include.registry import Job

ANSWER_SECONDS = 15.0
# For any Python 3; a module counts as there when looking for it fails.
PROGRAM = """
import importlib.util, json, sys
def lacks(name):
    try:
        return importlib.util.find_spec(name) is None
    except Exception:
        return False
found = []
for folder, names in json.loads(sys.stdin.read()):
    sys.path[0] = folder
    importlib.invalidate_caches()
    found.append([name for name in names if lacks(name)])
print(json.dumps(found))
"""
IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
UNREADABLE = N_("it does not answer as a Python does")


class Trouble(NamedTuple):
    """What keeps a script from running."""

    job: Job
    # Its Python does not run; else an import is lacking, which may be never reached
    is_certain: bool
    text: str  # what it is, and what repairs it


def troubles_of(jobs: Iterable[Job]) -> Iterator[Trouble]:
    """Look at the Python and the imports of each job's script."""
    by_python: dict[Path | None, list[tuple[Job, dict[str, int]]]] = defaultdict(list)
    for job in jobs:
        if job.python_path is None and job.script_path.suffix != ".py":
            continue
        try:
            found = imports_of(ast.parse(job.script_path.read_bytes()))
        except SyntaxError as error:
            found = {}
            if job.python_path is None:  # another one may know more, or less
                text = _(
                    "{where} is no Python {version}: {reason}", reason=reason_of_syntax(error.msg),
                    where=f"{SCRIPTS}/{job.script}:{error.lineno}", version=_version(),
                )  # fmt: skip
                yield Trouble(job, is_certain=False, text=text)
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            found = {}
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            text = _(
                "{script} cannot be read: {reason}", script=f"{SCRIPTS}/{job.script}", reason=reason
            )
            yield Trouble(job, is_certain=False, text=text)
        by_python[job.python_path].append((job, found))
    for python, asked in by_python.items():
        yield from _ask(python, asked)


def _ask(python: Path | None, asked: list[tuple[Job, dict[str, int]]]) -> Iterator[Trouble]:
    wanted = [(str(job.script_path.parent), list(found)) for job, found in asked]
    answer = lacking_in(python, wanted)
    for place, (job, found) in enumerate(asked):
        if isinstance(answer, str):
            whose = _("python {python!r}", python=job.python)
            if not job.python:
                whose = _("the service's {python}", python=sys.executable)
            text = _(
                "{python} does not run: {reason}: make that environment again, or correct the path",
                python=whose, reason=answer,
            )  # fmt: skip
            yield Trouble(job, is_certain=True, text=text)
            continue
        for name in answer[place]:
            yield Trouble(job, is_certain=False, text=_lacked(job, name, found[name]))


def _lacked(job: Job, name: str, line: int) -> Message:
    where = f"{SCRIPTS}/{job.script}:{line}"
    if not job.python:
        return _(
            "{where} imports {name}, which the service's Python lacks: write 'python' with the "
            "path of an environment that has it",
            where=where, name=name,
        )  # fmt: skip
    if name == "include":
        return _(
            "{where} imports include, which python {python!r} lacks: with 'python' a script sees "
            "nothing of this project: let it read PERIOD_KEY and write RESULTS_FILE",
            where=where, python=job.python,
        )  # fmt: skip
    return _(
        "{where} imports {name}, which python {python!r} lacks: install its package with `{path} "
        "-m pip install`",
        where=where, name=name, python=job.python, path=job.python_path,
    )  # fmt: skip


def lacking_in(python: Path | None, wanted: list[tuple[str, list[str]]]) -> list[list[str]] | str:
    """Ask a Python which modules it lacks; a text says why it does not answer.

    Args:
        python: its path; None for the service's own.
        wanted: for each script its folder, and the modules that it imports.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    own = {"PYTHONPATH": str(PROJECT_ROOT)} if python is None else {}
    try:
        done = subprocess.run(
            [str(python or sys.executable), "-c", PROGRAM],
            input=json.dumps(wanted).encode(),
            capture_output=True,
            env={**kept, **own},
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _("it does not answer within {seconds:.0f} s", seconds=ANSWER_SECONDS)
    except OSError as error:
        return reason_of(error)
    lines = (done.stdout if done.returncode == 0 else done.stderr).decode("utf-8", "replace")
    last = (lines.strip().splitlines() or [""])[-1]
    if done.returncode:
        told = _("it ends with exit code {code}", code=done.returncode)
        return _("{problem}, {output}", problem=told, output=last) if last else told
    try:
        answer: Any = json.loads(last)
    except ValueError:
        return _(UNREADABLE)
    return answer if isinstance(answer, list) else _(UNREADABLE)


def imports_of(tree: ast.Module) -> dict[str, int]:
    """Return the packages that a program cannot do without, with the first line of each."""
    found: dict[str, int] = {}
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop(0)
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in names:
            found.setdefault(name.partition(".")[0], getattr(node, "lineno", 0))
        pending += _needed_of(node)
    return found


def _needed_of(node: ast.AST) -> list[ast.AST]:
    """Return what is below a node, but for what is there for type checkers, or may be lacking."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return [*node.orelse]
    if isinstance(node, ast.Try) and any(map(_takes_import_errors, node.handlers)):
        handled = [each for handler in node.handlers for each in handler.body]
        return [*handled, *node.orelse, *node.finalbody]
    # No import stands in an expression, of which there are the most.
    return [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.expr)]


def _takes_import_errors(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in IMPORT_ERRORS for n in ast.walk(handler.type))


def _version() -> str:
    return "{}.{}".format(*sys.version_info)
