"""Reads the files that users edit; whatever cannot be used becomes a problem with its place."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from include.registry.problems import Problem

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1_000_000  # bytes; 1,000 jobs take 400,000


class UnreadableError(Exception):
    """A whole file cannot be used; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_bytes(root: Path, file: str) -> bytes:
    """Read a whole file, given relative to the project root.

    Raises:
        UnreadableError: it is missing, no plain file, not readable or larger than any needs to be.
    """
    try:
        # A starting task reads the files of all jobs, where each layer of Python counts; without
        # O_NONBLOCK to open a pipe would wait for ever.
        descriptor = os.open(f"{root}/{file}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read(file, descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        message = f"cannot be read ({reason}): restore the file, or make it readable"
        raise _unreadable(file, message) from error


def _read(file: str, descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(file, "is not a file: remove it, or put a file in its place")
    if status.st_size > LARGEST:
        size = f"{status.st_size / 1e6:.1f} MB, and at most 1 MB is read"
        raise _unreadable(file, f"is too large ({size}): split it into several files")
    return os.read(descriptor, LARGEST)


def check_encoding(file: str, raw: bytes) -> None:
    """Refuse what is not UTF-8.

    Raises:
        UnreadableError: names the first byte that does not fit, and the encoding it may be.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        line, column = place_of(raw, error.start)
        found = f"holds byte 0x{raw[error.start]:02x}, which is not UTF-8"
        guess = " (it looks like GBK)" if _is_chinese(raw) else ""
        message = f"{found}{guess}: save the file as UTF-8"
        raise UnreadableError(Problem(file, line, column, None, message)) from error


def place_of(raw: bytes, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of a byte."""
    before = raw[:offset]
    line_start = before.rfind(b"\n") + 1
    return before.count(b"\n") + 1, len(before[line_start:].decode(errors="replace")) + 1


def _is_chinese(raw: bytes) -> bool:
    try:
        text = raw.decode("gbk")
    except UnicodeDecodeError:
        return False
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _unreadable(file: str, message: str) -> UnreadableError:
    return UnreadableError(Problem(file, 1, 1, None, message))
