"""Plain English of the field in what people read: docstrings, comments, messages, documents."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

from include import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FOLDERS = ("include", "manager", "sandbox", "plugins", "dags", "tests")
CODE = sorted(
    path
    for folder in FOLDERS
    for path in (PROJECT_ROOT / folder).rglob("*.py")
    if path.name != "test_words.py"
)
DOCUMENTS = [
    *sorted((PROJECT_ROOT / "docs").glob("*.md")),
    *(PROJECT_ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    PROJECT_ROOT / "include/coverage_page/static/words.js",
]
# What to write in place of each.
WORDS = {
    r"\bill(?:-\w+|\b)": "invalid, wrong",
    r"\banew\b": "again",
    r"\bmend(?:s|ed|ing)?\b": "fix, repair",
    r"\bnobody knows\b": "unknown, None",
    r"\b(?:see|sees|seen|seeing|saw) to\b": "handle, cover",
    r"\bnought\b": "zero, nothing",
    r"\b(?:where|there|here)(?:upon|with|of)\b": "then, with it, of it",
    r"\btill\b": "until",
}
CHINESE = [
    *sorted((PROJECT_ROOT / "docs").glob("*.zh-CN.md")),
    *sorted((PROJECT_ROOT / "include/locale/zh").glob("*.po")),
    *sorted((PROJECT_ROOT / "config").rglob("*.yaml")),
    *(PROJECT_ROOT / name for name in ("README.zh-CN.md", "include/coverage_page/static/words.js")),
]
# One word for each way of closing gaps.
CHINESE_WORDS = {"补齐|补跑|补数": "补拉 (repair), 回填 (Airflow's backfill) or 自动补上 (recover)"}
FSTRING_MIDDLE = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)  # Python 3.12 and later
AT_FIRST = {r"(?:Give|Tell|Hold|Let)s?\b": "Return, Report, Check, Allow"}


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the comments and the texts of a program, with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING, FSTRING_MIDDLE):
            yield token.start[0], token.string


def _docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a program, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text


def _found(
    path: Path, texts: Iterable[tuple[int, str]], words: dict[str, str], *, begins: bool
) -> Iterator[str]:
    for line, text in texts:
        for word, better in words.items():
            for found in re.finditer(rf"\A{word}" if begins else word, text):
                at = line + text.count("\n", 0, found.start())
                yield f"{path.relative_to(PROJECT_ROOT)}:{at}: {found[0]!r}: write {better}"


def test_words_of_the_code() -> None:
    """No word that a reader has to look up, and docstrings begin with what a function does."""
    found: list[str] = []
    for path in CODE:
        source = path.read_text("utf-8")
        # To read a program costs far more than to look for a word anywhere in its text.
        if any(re.search(word, source) for word in WORDS):
            found += _found(path, _texts(source), WORDS, begins=False)
        if any(re.search(rf"[\"']\s*{word}", source) for word in AT_FIRST):
            found += _found(path, _docstrings(source), AT_FIRST, begins=True)
    assert not found, "\n".join(found)


def test_words_of_the_documents() -> None:
    """The same in what people read."""
    found: list[str] = []
    for path in DOCUMENTS:
        lines = enumerate(path.read_text("utf-8").splitlines(), 1)
        found += _found(path, lines, WORDS, begins=False)
    assert not found, "\n".join(found)


def test_chinese_words() -> None:
    """The same thing has one name on the page, in the commands and in the documents."""
    found: list[str] = []
    for path in CHINESE:
        lines = enumerate(path.read_text("utf-8").splitlines(), 1)
        found += _found(path, lines, CHINESE_WORDS, begins=False)
    assert not found, "\n".join(found)
