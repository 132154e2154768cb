"""What is said of a script that Python cannot run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from include.language import speaking
from include.script_errors import reason_of_syntax, remedy_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("program", "python", "remedy"),
    [
        ("# 拉取".encode("gbk"), None, "the script is not UTF-8 (it looks like GBK): save it"),
        ("import no_such.part", None, "the service's Python lacks no_such: make an environment"),
        ("import no_such", "venvs/a/bin/python", "`venvs/a/bin/python -m pip install`"),
        ("print(1，2)", None, "'，' is full-width: write a half-width ','"),
        ("print(“a”)", None, "'“' is full-width: write a half-width '\"'"),
        ("a =\u30001", None, "write a half-width ' '"),
        ("print(", None, None),
        ("raise ValueError('no UTF-8')", None, None),
    ],
)
def test_what_python_says_has_a_remedy(
    tmp_path: Path, program: str | bytes, python: str | None, remedy: str | None
) -> None:
    """By the words of this Python; what is nothing of all that is left alone."""
    script = tmp_path / "s.py"
    script.write_bytes(program if isinstance(program, bytes) else program.encode())
    done = subprocess.run(
        [sys.executable, "-X", "utf8", script], capture_output=True, encoding="utf-8", check=False
    )
    found = remedy_in(done.stderr.splitlines(), python)
    assert (found is None) == (remedy is None)
    assert (remedy or "") in (found or "")


def test_other_syntax_errors_stay_as_they_are() -> None:
    """In both languages the sign is named."""
    assert reason_of_syntax("invalid syntax") == "invalid syntax"
    with speaking("zh"):
        said = reason_of_syntax("invalid character '，' (U+FF0C)")
    assert said == "'，' 是全角符号：请写半角的 ','"
