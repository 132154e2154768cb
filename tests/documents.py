"""Reads the documents for the tests that hold them against the code."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

from include import MANAGER
from include.language import LOCALE
from manager.commands import COMMANDS

ROOT = Path(__file__).parents[1]
FILLED_IN = "{}"
CHINESE = ".zh-CN.md"
# Rooms with names of the platforms' data.
CODE = [
    path
    for room in ("include", "manager", "sandbox")
    for path in sorted((ROOT / room).rglob("*.py"))
]
DATA = ("sandbox/", "include/warehouse/migrations/")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def named(path: Path) -> str:
    """Return a page's path the way links write it."""
    return path.relative_to(ROOT).as_posix()


def table(text: str, *head: str) -> list[list[str]]:
    """Return the rows of the table that has these heads; cells of code without its ticks."""
    top = re.escape(f"| {' | '.join(head)} |")
    found = re.search(rf"^{top}\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"no table with {head}"
    rows = [row.strip("| ").split(" | ") for row in found[1].splitlines()]
    return [[re.sub("^`([^`]+)`$", r"\1", cell.strip()) for cell in row] for row in rows]


def anchors(text: str) -> set[str]:
    """Return what a link to a heading of a page may name, as GitHub does."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ +(.+)$", without_code_blocks(text), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        if found[name]:
            found[f"{name}-{found[name]}"] = 0
    return set(found)


def headings(text: str) -> list[int]:
    """Return the levels of a page's headings, in order."""
    return [
        len(hashes) for hashes in re.findall(r"^(#+) ", without_code_blocks(text), re.MULTILINE)
    ]


def rows_of_tables(text: str) -> list[int]:
    """Return how many cells each row of a page's tables has, in order."""
    return [
        row.count(" | ") for row in re.findall(r"^ *\|.*", without_code_blocks(text), re.MULTILINE)
    ]


def links(text: str) -> list[str]:
    """Return the targets of a page's links within the project, and of its pictures."""
    found = re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(text))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def without_code_blocks(text: str) -> str:
    """Return a page without what stands between fences."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code(text: str) -> list[str]:
    """Return a page's code, each span and each line of a block as a text of its own."""
    blocks = re.findall(r"^ *```.*?$(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return lines + [
        " ".join(span.split()) for span in re.findall(r"`([^`]+)`", without_code_blocks(text))
    ]


def untranslated(text: str) -> Counter[str]:
    """Return what must be the same in every language: code without comments and drawings."""
    bare = (re.sub(r"\s#.*", "", said) for said in code(text))
    return Counter(said for said in bare if said and not said.startswith(("│", "└", "#")))


@cache
def translations() -> dict[str, str]:
    """Return all messages in English, each with the Chinese of it."""
    found = {}
    for path in (LOCALE / "zh").glob("*.po"):
        with path.open("rb") as file:
            found |= {str(one.id): str(one.string) for one in read_po(file) if one.id}
    return found


def quotes(said: str, template: str) -> bool:
    """Return whether what a page shows is part of a message, `…` standing for a value."""
    return all(part.strip(" '") in template for part in said.split("…"))


def shows(said: str, template: str) -> bool:
    """Return whether what a page shows quotes a message, or is a line of output that has it."""
    return quotes(said, template) or bool(_shown(template).search(said))


@cache
def _shown(template: str) -> re.Pattern[str]:
    """Return the pattern of a message with its values; of one without words, what is nowhere."""
    try:
        texts = [text for text, *_value in Formatter().parse(template)]
    except ValueError:
        texts = [template]
    enough = re.search(r"\w", "".join(texts))
    return re.compile(".*".join(re.escape(text.strip()) for text in texts) if enough else "(?!)")


def in_english(target: str) -> str:
    """Return the page or picture that a link leads to, in English, without the heading."""
    page = target.partition("#")[0].replace(CHINESE, ".md")
    return re.sub(r"-zh-(\w+\.png)$", r"-en-\1", page)


def commands(text: str) -> list[list[str]]:
    """Return the words behind `scheduler_manager.py` of each command that a page's code has.

    A span that begins with a command's name and has an option is one too: `check --lang zh`.
    """
    found = []
    for said in code(text):
        if given := re.match(
            r"(?:\$ )?(?:python3? )?scheduler_manager\.py (?:--lang \w+ )?(.+)", said
        ):
            found.append(given[1])
        elif re.match(rf"(?:{'|'.join(COMMANDS)}) .*-", said):
            found.append(said)
    return [shlex.split(command, comments=True) for command in found]


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Return all of a module's syntax, once for all tests."""
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


@cache
def spoken(path: Path) -> str:
    """Return all texts of a module, what is filled in when they are said written as `{}`."""
    nodes = nodes_of(path)
    composed = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in composed for part in node.values}
    texts = ["".join(map(_said, node.values)) for node in composed]
    texts += [_said(node) for node in nodes if id(node) not in parts and _said(node) != FILLED_IN]
    return "\n".join(texts)


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    filled_in = node.value if isinstance(node, ast.FormattedValue) else node
    is_manager = isinstance(filled_in, ast.Name) and filled_in.id == "MANAGER"
    return MANAGER if is_manager else FILLED_IN


def settings_of_airflow() -> dict[str, str]:
    """Return what config/airflow.env sets."""
    lines = (ROOT / "config/airflow.env").read_text("utf-8").splitlines()
    said = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {key: value for key, _, value in said}


@cache
def variables_of_the_code() -> frozenset[str]:
    """Return the environment variables that the code names: texts that are one whole such name."""
    found: set[str] = set()
    for path in CODE:
        if not path.relative_to(ROOT).as_posix().startswith(DATA):
            nodes = nodes_of(path)
            exported = {id(name) for node in nodes for name in _exported(node)}
            texts = [_said(node) for node in nodes if id(node) not in exported]
            found |= {text for text in texts if re.fullmatch("[A-Z][A-Z0-9]*(__?[A-Z0-9]+)+", text)}
    for name in ("config/airflow.env", "docker-compose.yaml"):
        if (ROOT / name).exists():
            found |= set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / name).read_text("utf-8")))
    if (ROOT / ".env.example").exists():
        text = (ROOT / ".env.example").read_text("utf-8")
        found |= set(re.findall(r"^#? ?([A-Z_]+)=", text, re.MULTILINE))
    return frozenset(found)


def _exported(node: ast.AST) -> list[ast.expr]:
    names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
    listed = isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
    return node.value.elts if listed and names == ["__all__"] else []
