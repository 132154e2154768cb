"""What a run prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from include.running.script_process import LINE_CHARACTERS, TAIL_LINES, Output
from include.secrets.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """Return the file that an output writes to."""
    return tmp_path / "shown"


@pytest.fixture
def output(shown: Path) -> Iterator[Output]:
    """Return an output that masks one secret."""
    with shown.open("wb") as file:
        yield Output(file.fileno(), Masker(["hunter22"]))


def test_characters_may_come_in_pieces_and_bad_bytes_are_named(output: Output, shown: Path) -> None:
    """中文 cut between two bytes stays whole; what is not UTF-8 is shown as its bytes."""
    for byte in "店铺".encode() + b"\xff\xfe!\n\xe5\xba":
        output.feed(bytes([byte]))
    output.end_of_script()
    assert shown.read_text(encoding="utf-8") == "店铺\\xff\\xfe!\n\\xe5\\xba"


def test_the_runners_lines_stand_alone(output: Output, shown: Path) -> None:
    """They begin a line of their own, are masked, and are no part of the script's end."""
    output.feed(b"half a line")
    output.say("told hunter22 to end")
    assert shown.read_bytes() == b"half a line\nrunner: told *** to end\n"
    assert output.last_lines() == ["half a line"]


def test_the_last_lines_are_few_and_short(output: Output) -> None:
    """However much a script prints, what is kept is bounded, and another script starts again."""
    for number in range(1000):
        output.feed(b"x" * 10_000 + f"{number}\n\n".encode())
    output.feed(b"the end")
    assert output.last_lines()[-1] == "the end"
    assert len(output.last_lines()) <= TAIL_LINES
    assert max(map(len, output.last_lines())) <= LINE_CHARACTERS
    output.forget()
    assert output.last_lines() == []


def test_a_reader_that_left_does_not_end_the_run() -> None:
    """The output is dropped, the last lines are still known."""
    reading, writing = os.pipe()
    output = Output(writing, Masker([]))
    os.close(reading)
    output.feed(b"one\n")
    output.feed(b"two\n")
    os.close(writing)
    assert output.last_lines() == ["one", "two"]
