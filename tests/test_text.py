"""What came from outside is shown short, and as JSON writes it."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from include.text import LONGEST_QUOTE, quoted, storable, storable_json, suggestion
from tests.documents import ROOT


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (0, "0"),
        (Decimal("23.0"), "23.0"),
        ("0", "'0'"),
        ("差评\n", "'差评\\n'"),
        ({"名": ["a", None, Decimal("1.50")]}, '{"名": ["a", null, 1.50]}'),
        (["\x1b[2J", "\ud800"], '["\\u001b[2J", "\\ud800"]'),
    ],
)
def test_json_is_shown_as_json(value: Any, shown: str) -> None:
    """No word of Python, nothing that a terminal would obey, and each decimal as it came."""
    assert quoted(value) == shown


def test_it_is_short_whatever_came() -> None:
    """Long or deep, it fits into a line."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(quoted("x" * 999)) == LONGEST_QUOTE + 1
    assert quoted(deep) == "something nested too deeply to be shown"


def test_what_cannot_be_stored_is_escaped() -> None:
    """Half characters and NUL; all other texts are left as they are."""
    assert storable("退款\ud83d失败\0\udcff") == r"退款\ud83d失败\x00\udcff"
    for text in ("", "plain\n\t\x1b", "退款 \U0001f600", r"\ud83d"):
        assert storable(text) == text
    assert storable_json({"\ud800": ["\0", 1, None, {"a": "\udfff"}]}) == {
        r"\ud800": [r"\x00", 1, None, {"a": r"\udfff"}]
    }


def test_a_closed_output_takes_all() -> None:
    """Python has no stream for `>&-`: what is printed goes nowhere, and nothing fails."""
    code = "import sys; from include.text import *; print_anything(); sys.stdout.flush()"
    command = ["/bin/sh", "-c", f"exec '{sys.executable}' -B -c '{code}' >&-"]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 1000] * 1000, 10**4000, "a\nb"])
def test_quoted_is_one_short_line(value: object) -> None:
    """Whatever somebody wrote is quoted on one line that fits a terminal."""
    assert len(quoted(value)) < 600
    assert "\n" not in quoted(value)


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("crom", ["cron", "name"], "did you mean 'cron'?"),
        ("Cron", ["cron", "name"], "did you mean 'cron'?"),
        ("desc", ["description", "name"], "did you mean 'description'?"),
        ("wobble", ["cron", "name"], "write one of cron, name"),
        ("x" * 100_000, ["cron"], "write one of cron"),
        ("asia/shanghai", ["Asia/Shanghai"], "did you mean 'Asia/Shanghai'?"),
        ("ｅｒｐ＿store", ["store", "erp_store"], "did you mean 'erp_store'?"),
        ("wobble", [], "there are none"),
        ("-", ["a"] * 33, f"write one of {', '.join(['a'] * 32)}, …"),
    ],
)
def test_suggestion(word: str, known: list[str], said: str) -> None:
    """The nearest known word is named, or all of them when none is near."""
    assert suggestion(word, known) == said
