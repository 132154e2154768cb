"""Files that cannot be used, whatever they hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from include.registry.user_files import (
    LARGEST,
    UnreadableError,
    check_encoding,
    place_of,
    read_bytes,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_read(tmp_path: Path) -> None:
    """A file of up to a megabyte is read whole."""
    (tmp_path / "a").write_bytes(b"x" * LARGEST)
    assert read_bytes(tmp_path, "a") == b"x" * LARGEST


def test_pipe(tmp_path: Path) -> None:
    """A pipe, which nobody may ever write to, is not waited for."""
    os.mkfifo(tmp_path / "a")
    with pytest.raises(UnreadableError, match="a:1:1: is not a file"):
        read_bytes(tmp_path, "a")


def test_too_large(tmp_path: Path) -> None:
    """A file of more than a megabyte is refused by its size, unread."""
    with (tmp_path / "a").open("wb") as file:
        file.truncate(50 * LARGEST)
    with pytest.raises(UnreadableError, match=r"too large \(50.0 MB, .* split it"):
        read_bytes(tmp_path, "a")


def test_missing(tmp_path: Path) -> None:
    """A file that vanished is a problem, not a crash."""
    with pytest.raises(UnreadableError, match="cannot be read"):
        read_bytes(tmp_path, "a")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("好: 拼多多".encode("gbk"), "a:1:1: .* looks like GBK"),
        ("x\n好\n".encode() + b"\xe9\n", "a:3:1: holds byte 0xe9, which is not UTF-8: save"),
        ("x".encode("utf-16"), "a:1:1: holds byte 0xff"),
    ],
)
def test_encoding(raw: bytes, told: str) -> None:
    """What is not UTF-8 is refused at its first byte that does not fit."""
    with pytest.raises(UnreadableError, match=told):
        check_encoding("a", raw)


def test_place() -> None:
    """A place is counted in lines and characters, not in bytes."""
    assert place_of("a\n好好x".encode(), 8) == (2, 3)
