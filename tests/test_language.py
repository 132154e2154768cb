"""Every text that a person reads has a Chinese translation, and none escapes the catalogues."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po

from include.errors import ExpectedError
from include.language import (
    CHINESE,
    ENGLISH,
    LOCALE,
    Message,
    _,
    clauses,
    english,
    restored,
    speaking,
    stored_message,
)
from include.locale.__main__ import KEYWORDS
from include.units.unit import Drift

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CATALOGUES = sorted((LOCALE / CHINESE).glob("*.po"))
SOURCES = sorted(
    path
    for shell in ("include", "manager")
    for path in (ROOT / shell).rglob("*.py")
    if not {"migrations", "locale"} & set(path.parts)
)
# What looks like a text and is read by a machine, each with its reason: file: beginnings.
FOR_MACHINES: dict[str, tuple[str, ...]] = {
    # A fault of our own code.
    "include/cron.py": ("{} is not in a named time zone",),
    # What others say, as regular expressions.
    "include/foreign_errors.py": ("",),
    # A command, a name in a list of processes, a line that is put together.
    "include/running/__main__.py": ("python -m include.running",),
    "include/running/process_tree.py": ("{} (pid {})",),
    "include/running/journal.py": ("{now} {subject} {event}",),
    # A command.
    "include/scripts/service/housekeeping.py": ("python3 scheduler_manager.py",),
    # SQL that begins with another word; a type; what a connection holds; a fault of our own code.
    "include/gateways/limit_store.py": ("\nBEGIN;",),
    "include/pulling/landing.py": ("Upsert | Replace",),
    "include/gateways/connection.py": ('{"conn_type": "http"',),
    "include/platforms/feed/dialect.py": ('{"conn_type": "http"',),
    "include/platforms/feed/conversion.py": ("no feed can fill a column of type",),
    "include/scheduling/operator.py": ('exec "$RUNNER_PYTHON"',),
    # Looked for in a column that is in English.
    "include/units/unit.py": ("landed, the source counts",),
    # Codes as regular expressions; how lines are set; JSON of a connection, as an example.
    "include/alerts/channels/remedies.py": ("SMTP 5", "HTTP "),
    "include/alerts/channels/settings.py": ('{"conn_type"',),
    "include/alerts/connections.py": ('{"conn_type"',),
    # Commands, as somebody types them.
    "manager/cli.py": ("{} [--lang {en,zh}]",),
    "manager/commands/__init__.py": ("[--airflow VERSION]",),
    "manager/commands/airflow.py": ("tasks test",),
    "manager/doctor/old_scheduler.py": ("`{} import",),
    "manager/gap_lines.py": ("{} --until {}",),
    "manager/jobs_page.py": ("{} check",),
    "manager/lifecycle/ports.py": ("{} --port {}",),
    "manager/backup/restoring.py": ("pg_restore",),
    "manager/scaffolding/edits.py": ("from {}", "^from {}"),
    "manager/scaffolding/platform.py": ("from include.platforms.{}",),
    # An entry of config/alerts.yaml; a comment in a file of keys; a line of supervisord's log.
    "manager/commands/alerts/connecting.py": (", to: [", "- {id: ops"),
    "manager/lifecycle/settings.py": ("# Losing this file",),
    "manager/lifecycle/event_listener.py": ("exited: ",),
    # Names of encodings; a fault that callers answer; programs; a line of each file.
    "manager/importing/parity_report.py": ("GBK > UTF-8",),
    "manager/importing/literals.py": ("line {} is not",),
    "manager/importing/enabling.py": ("airflow dags pause", "prefect deployment"),
    "manager/importing/old_library.py": ("import asyncio",),
    "manager/importing/scripts.py": ("{mark}",),
    "manager/importing/writing.py": ("# yaml-language-server",),
    # SQL, and the columns of tables.
    "manager/airflow/tables.py": ("conn_type, host",),
    "include/alerts/database.py": ("BEGIN",),
    "include/alerts/sql.py": ("",),
    # A header's value, and a line of a log.
    "include/coverage_page/permissions.py": ("default-src",),
    "include/coverage_page/repairing.py": ("%s %s: ",),
    # What figures mean, for Prometheus and who sets it up.
    "include/metrics/figures.py": (
        *("text/plain", "# TYPE"),
        *("Always 1", "When these", "Whether a", "Problems in", "Units ", "Since when"),
        *("How many", "Open alerts", "Calls that"),
    ),
    # For the log of a task; commands.
    "include/alerts/notifiers.py": ("%s has taken",),
    "include/alerts/watching/connections.py": ("python3 ",),
    "include/alerts/watching/scope.py": ("python -m", "{} "),
    # What Airflow's log says; the name of a lock; faults of our own code.
    "include/housekeeping/airflow_rows.py": ("did not clean",),
    "include/warehouse/migrating.py": ("migrating the",),
    "include/warehouse/loading.py": ("an empty scope",),
    "include/warehouse/transactions.py": ("the last try",),
    # A command; descriptions that are kept in connections, and looked for there.
    "include/registry/checks/__main__.py": ("python -m",),
    "include/prepare.py": (
        "python -m",
        "Airflow's own database",
        "{}; edit it",
        "{}: a SQLite file",
    ),
    # What a user copies into a file.
    "include/registry/airflow_objects.py": ('{"slots": ', '{"my_feed": '),
    "include/registry/alerts/loading.py": ("{from: ", "{group: "),
    "include/registry/checks/interpreters.py": ("import importlib",),  # a program
    # What editors show of a schema, as the descriptions of its fields.
    "include/registry/json_schema.py": ("The ", "What config/"),
    # What libyaml's messages are recognized by.
    "include/registry/yaml_positions.py": (
        *("scanning an", "mapping values", "cannot start", "did not find", "end of"),
        "found another",
    ),
}
# Errors of Python that hold messages of ours, or faults of our own code.
MAY_BE_OURS = {"Exception", "BaseException", "ValueError", "TypeError", "RecursionError"}
MAY_BE_OURS |= {"OverflowError", "SyntaxError", "KeyError", "AttributeError", "IndexError"}
MARKS = {*KEYWORDS, "Message"}
LIKE_A_TEXT = 2  # spaces in it, and words outside of placeholders
WORD, PLACEHOLDER = re.compile(r"[A-Za-z]{2,}"), re.compile(r"\{[^{}]*\}")
# What a script says where this project, and with it the catalogues, cannot be imported.
SCRIPTS = "include/scripts/"
SAID_ALONE = "{}: start it with 'python3 scheduler_manager.py run"
SQL = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "PRAGMA", "WITH", "SET")
# Calls and keywords whose texts are for engineers, in an editor or a log of their own.
FOR_ENGINEERS = {"Field", "compile", "debug", "text", "deprecated"}


def test_catalogues_are_complete_and_compiled() -> None:
    """Every message of the code is translated, and what is compiled is what the catalogues say."""
    command = [sys.executable, "-m", "include.locale", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, f"{done.stdout}{done.stderr}\nrun `python -m include.locale`"


def test_translations_have_the_same_placeholders() -> None:
    """A translation has the values of its message, each at least once, and no other."""
    wrong = []
    for path in CATALOGUES:
        with path.open("rb") as file:
            wrong += [
                f"{path.name}: {message.id}"
                for message in read_po(file)
                if message.id and _fields(message.id) != _fields(message.string)
            ]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def programs() -> dict[str, list[ast.AST]]:
    """Return the nodes of every program whose texts people read, by its path; the first is all."""
    return {
        str(path.relative_to(ROOT)): [*ast.walk(ast.parse(path.read_text("utf-8")))]
        for path in SOURCES
    }


def test_no_text_escapes_the_catalogues(programs: dict[str, list[ast.AST]]) -> None:
    """What reads like a sentence is a message, unless only a machine reads it."""
    escaped = [
        f"{name}:{line}: {text!r}"
        for name, nodes in programs.items()
        if not name.startswith(SCRIPTS) or _knows_the_catalogues(nodes)
        for line, text in _texts(nodes[0])
        if re.search("[A-Za-z]{2}", text)
        and not text.startswith((*FOR_MACHINES.get(name, ()), *SQL, SAID_ALONE))
    ]
    assert not escaped, "write it as _(...), or name it in FOR_MACHINES: " + "\n".join(escaped)


def _knows_the_catalogues(nodes: list[ast.AST]) -> bool:
    """Return whether a script imports this project at all: none needs to."""
    froms = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return any(module.partition(".")[0] == "include" for module in froms)


def test_no_function_hides_the_mark_that_it_uses(programs: dict[str, list[ast.AST]]) -> None:
    """`_, rest = pair` makes `_` a variable of the whole function, which then says nothing."""
    hidden = [
        f"{name}:{line}"
        for name, nodes in programs.items()
        if any(_is_set(node) for node in nodes)
        for function in nodes
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for line in _lines_that_hide_the_mark(function)
    ]
    assert not hidden, f"call it `_rest`, or what it is: {hidden}"


def _is_set(node: ast.AST) -> bool:
    """Return whether this is a variable `_` that is given a value."""
    return isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)


def _lines_that_hide_the_mark(function: ast.AST) -> list[int]:
    nodes = [*ast.walk(function)]
    # Comprehensions have variables of their own.
    apart = [n.target for n in nodes if isinstance(n, ast.comprehension)]
    inner = {id(part) for target in apart for part in ast.walk(target)}
    names = [n for n in nodes if isinstance(n, ast.Name) and n.id == "_" and id(n) not in inner]
    if not any(isinstance(name.ctx, ast.Load) for name in names):
        return []
    return [name.lineno for name in names if _is_set(name)]


def test_no_error_of_others_is_shown_as_it_is(programs: dict[str, list[ast.AST]]) -> None:
    """What a message quotes of one goes through `explained`, `reason_of` or `cause_of`."""
    shown = [
        f"{name}:{line}"
        for name, nodes in programs.items()
        for line in _lines_with_raw_errors(nodes)
    ]
    assert not shown, shown


def _lines_with_raw_errors(nodes: list[ast.AST]) -> Iterator[int]:
    ours = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("include", "mana"))
        for alias in node.names
    }
    ours |= {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    for handler in nodes:
        if not isinstance(handler, ast.ExceptHandler) or not handler.name or not handler.type:
            continue
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if {_name(one) for one in types} <= ours | MAY_BE_OURS:
            continue
        raw = {handler.name, f"str({handler.name})", f"{handler.name}.strerror"}
        for node in ast.walk(handler):
            if isinstance(node, ast.Call) and _name(node.func) in MARKS:
                yield from (
                    keyword.value.lineno
                    for keyword in node.keywords
                    if ast.unparse(keyword.value).partition(" or ")[0] in raw
                )


def test_a_message_is_shown_in_the_language_of_who_reads_it() -> None:
    """What was stored in one language is read in the other, with lists and messages within."""
    words = ["a", "b"]
    with speaking(ENGLISH):
        inner = Message(", ")
        message = _("{n:,} {at:%H:%M} {sum} {inner}{words}", n=1000, at=_at(7), sum=Decimal("1.50"),
                    inner=inner, words=words)  # fmt: skip
        assert message == "1,000 07:00 1.50 , a, b"
    stored = stored_message(message)
    with speaking(CHINESE):
        assert restored(stored, "as it was") == "1,000 07:00 1.50 、a、b"
        assert restored("{cut off", "as it was") == "as it was"
        assert restored(None, "as it was") == "as it was"


def test_what_an_error_says_is_the_message_that_it_holds() -> None:
    """It can be shown in another language, also within other messages and lists."""
    error = ExpectedError(_("{first}; {then}", first=Message(", "), then="as it came"))
    told = str(error)
    assert told == english(told) == f"{error}" == ", ; as it came"
    several = _("{first}; {then}", first=[error, ValueError("x")], then=error)
    with speaking(CHINESE):
        assert restored(stored_message(told), "") == "、；as it came"
        assert restored(stored_message(several), "") == "、；as it came、x；、；as it came"
        assert several.into(ENGLISH) == several == ", ; as it came, x; , ; as it came"
    assert _("{drift}", drift=Drift(1, 2, 1)) == "1 -> 2 rows (+1), 1 changed"  # not a list
    assert clauses("", "one", "", "two") == "one; two"
    assert clauses("", "") == ""


def _at(hour: int) -> datetime:
    return datetime(2025, 10, 2, hour, tzinfo=timezone.utc)


def _fields(template: str) -> set[str]:
    """Return the placeholders of a message; none where it is no template of `str.format`."""
    try:
        return {field for _text, field, *_rest in Formatter().parse(template) if field}
    except ValueError:
        return set()


def _texts(tree: ast.AST) -> list[tuple[int, str]]:
    """Return what reads like a sentence, docstrings and what is marked left out."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and _name(node.func) in MARKS | FOR_ENGINEERS:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
            found += [(node.lineno, text)] if _is_a_text(text) else []
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.strip()
            found += [(node.lineno, text)] if _is_a_text(text) else []
        found += _texts(node)
    return found


def _is_a_text(text: str) -> bool:
    words = WORD.findall(PLACEHOLDER.sub("", text))
    return min(text.count(" "), len(words)) >= LIKE_A_TEXT


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
