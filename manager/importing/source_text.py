"""The text of a file that somebody else wrote: in whatever encoding, never larger than sensible."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import ExpectedError, reason_of

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 32_000_000  # bytes; 10,000 jobs take some 4 MB
COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
CHINESE_CODES = {"gbk", "gb2312", "gb18030", "cp936", "936", "ms936"}


class UnreadableSourceError(ExpectedError):
    """A file that cannot be read as text."""


@dataclass(frozen=True)
class SourceText:
    """A text file.

    Attributes:
        text: its text, every line ended by a line feed.
        encoding: how it was decoded: `utf-8`, `utf-8-sig`, `utf-16`, `gbk` or what it names itself.
        has_crlf: its lines end as those of Windows do.
        line_of_gbk: the first line that is no UTF-8; 0 for none.
    """

    text: str
    encoding: str
    has_crlf: bool = False
    line_of_gbk: int = 0


def read_bytes(path: Path, at_most: int | None = None) -> bytes:
    """Read a plain file.

    Args:
        path: of it.
        at_most: how many bytes of its beginning; all unless given.

    Raises:
        UnreadableSourceError: it is missing, no plain file, not readable or too large.
    """
    try:
        # Without O_NONBLOCK to open a pipe would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UnreadableSourceError(
            "{path} cannot be read: {reason}", path=str(path), reason=reason_of(error)
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableSourceError("{path} is not a file", path=str(path))
        if at_most is None and status.st_size > LARGEST:
            raise UnreadableSourceError(
                "{path} is too large ({size:,} bytes; at most {largest:,} are read)",
                path=str(path), size=status.st_size, largest=LARGEST
            )  # fmt: skip
        return file.read(LARGEST if at_most is None else at_most)


def is_file(path: Path | str) -> bool:
    """Return whether a file is there; never raises, whatever the path holds."""
    return os.path.isfile(path)  # noqa: PTH113 -- that of Path raises for what no name can be


def is_folder(path: Path | str) -> bool:
    """Return the same for a folder."""
    return os.path.isdir(path)  # noqa: PTH112 -- the same


def read_text(path: Path) -> SourceText:
    """Read a whole text file: UTF-8 or UTF-16 by its mark, what it names itself, UTF-8, or GBK.

    Raises:
        UnreadableSourceError: it cannot be read, or is no text in any of these.
    """
    raw = read_bytes(path)
    text = _decoded(raw)
    if text is None:
        raise UnreadableSourceError(
            "{path} is no text: neither UTF-8 nor GBK; save it as UTF-8", path=str(path)
        )
    return text


def _decoded(raw: bytes) -> SourceText | None:
    bom = next((name for mark, name in BOMS.items() if raw.startswith(mark)), None)
    cookie = COOKIE.search(b"\n".join(raw[:400].split(b"\n", 2)[:2]))
    named = cookie[1].decode("ascii", "replace").lower() if cookie else "utf-8"
    gbk_at = _first_line_of_gbk(raw) if bom is None else 0
    for encoding in filter(None, (bom, named, "utf-8", "gbk", "gb18030")):
        try:
            text = raw.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
        if "\0" in text or not isinstance(text, str):
            return None
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        known = "gbk" if encoding in CHINESE_CODES else encoding
        return SourceText(lines, known, "\r\n" in text, gbk_at)
    return None


def _first_line_of_gbk(raw: bytes) -> int:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1
    return 0
