"""What is made to keep a reader busy for ever costs no more than its length."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from include.registry.paths import TASKS_FOLDER
from manager.importing import crontab
from manager.importing.recognising import kind_of
from manager.importing.record import read_records

if TYPE_CHECKING:
    from pathlib import Path

    from tests.registry.conftest import ProjectFolder

LANGUAGE = """
import sys
from pathlib import Path
from include import language
language.SETTINGS = Path(sys.argv[1])
print(language.process_language())
"""


@pytest.mark.parametrize("text", ["\n" * 200_000, " " * 200_000, " \n\t" * 70_000])
def test_blank_text(tmp_path: Path, text: str) -> None:
    """What kind of source it is, is known at once: none."""
    (tmp_path / "blank.txt").write_text(f"{text}x\n")
    begun = time.process_time()
    assert not isinstance(kind_of(str(tmp_path / "blank.txt")), str)
    assert time.process_time() - begun < 10


def test_a_variable_of_blanks() -> None:
    """So is the value of a crontab's variable."""
    begun = time.process_time()
    found = crontab.read_as("crontab", f"A=b{' ' * 100_000}c\nB =  c  \n0 8 * * * python a.py\n")
    assert found.jobs[0].env["B"] == "c"
    assert time.process_time() - begun < 10


def test_a_record_that_is_a_pipe(project: ProjectFolder) -> None:
    """Nobody waits for who writes into it."""
    project.write(f"{TASKS_FOLDER}/imported.json", "")
    (project.root / TASKS_FOLDER / "imported.json").unlink()
    os.mkfifo(project.root / TASKS_FOLDER / "imported.json")
    with pytest.raises(ConfigurationError, match=r"imported\.json is not the record"):
        read_records(project.root)


def test_a_setting_of_the_language_that_is_a_pipe(tmp_path: Path) -> None:
    """The same; the locale decides."""
    os.mkfifo(tmp_path / "language.yaml")
    done = subprocess.run(
        [sys.executable, "-c", LANGUAGE, str(tmp_path / "language.yaml")],
        capture_output=True, text=True, check=False, timeout=60,
        env={"LANG": "zh_CN.UTF-8", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout == "zh\n"
