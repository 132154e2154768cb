"""The files that users edit: read, whatever they hold; and those that nobody reads are told."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from include.errors import reason_of
from include.language import N_, _
from include.registry.paths import CONFIG, FILES, TASKS_FOLDER
from include.registry.problems import Problem
from include.text import MISTYPED, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

LARGEST = 1_000_000  # bytes; 1,000 jobs take 400,000
# What editors leave beside a file while it is open, and hide.
LEFTOVER = re.compile(r"\..*|.*~|#.*#|.*\.sw[a-z]|.*\.tmp", re.IGNORECASE)
# What somebody put aside on purpose: worth a note.
ASIDE = re.compile(r".*[.](bak|backup|old|orig|rej|save|off|disabled)(\d*|\.txt)", re.IGNORECASE)
HIDDEN = re.compile(r"[.](?!#).*[.]ya?ml", re.IGNORECASE)  # Emacs locks a file as .# and its name
NAMED_LIKE_YAML = re.compile(r".*[.．。]ya?ml\b.*", re.IGNORECASE)
# How the names of schemas end, with which editors check what people write.
ENDING, CHINESE_ENDING = ".schema.json", ".schema.zh.json"
KINDS = (".yaml", ".yml", ".json", ".env")
PROSE = (".md", ".rst")
LISTS = re.compile(rb"^(?:\xef\xbb\xbf)?(tasks|shops|feeds|contracts) *:", re.MULTILINE)
DEEPEST = 3  # folders
NO_UTF_8 = N_("holds byte 0x{byte:02x}, which is not UTF-8: save the file as UTF-8")
GBK = N_("holds byte 0x{byte:02x}, which is not UTF-8 (it looks like GBK): save the file as UTF-8")


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
        message = _(
            "cannot be read ({reason}): restore the file, or make it readable",
            reason=reason_of(error),
        )
        raise UnreadableError(Problem(file, 1, 1, None, message)) from error


def _read(file: str, descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        message = _("is not a file: remove it, or put a file in its place")
        raise UnreadableError(Problem(file, 1, 1, None, message))
    if status.st_size > LARGEST:
        message = _(
            "is too large ({size:.1f} MB, and at most 1 MB is read): split it into several files",
            size=status.st_size / 1e6,
        )
        raise UnreadableError(Problem(file, 1, 1, None, message))
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
        message = _(GBK if _is_chinese(raw) else NO_UTF_8, byte=raw[error.start])
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


def unread_tasks(root: Path, names: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each file of the folder of tasks that looks like one, and is not read.

    Args:
        root: the project root.
        names: what is in the folder beside the files that are read.
    """
    for name in names:
        file = f"{TASKS_FOLDER}/{name}"
        if _is_kept_apart(name):
            continue
        if (root / file).is_dir():
            yield from _in_folder(root, file)
        elif NAMED_LIKE_YAML.fullmatch(name) or _list_in(root, file):
            yield _unread(file, _("rename it, so that it ends in .yaml"))


def _in_folder(root: Path, folder: str) -> Iterator[Problem]:
    for path, folders, names in os.walk(root / folder):
        below = os.path.relpath(path, root).replace(os.sep, "/")
        folders[:] = [name for name in sorted(folders) if not LEFTOVER.fullmatch(name)]
        if below.count("/") - TASKS_FOLDER.count("/") >= DEEPEST:
            folders.clear()
        for name in sorted(names):
            if NAMED_LIKE_YAML.fullmatch(name) and not _is_kept_apart(name):
                repair = _("move it to {folder}, under a name of its own", folder=TASKS_FOLDER)
                yield _unread(f"{below}/{name}", repair)


def stray_files(root: Path) -> Iterator[Problem]:
    """Yield a problem for each file of config/ that nobody reads, though it seems to be for us."""
    for name in _names(root, CONFIG):
        file = f"{CONFIG}/{name}"
        home = "" if file in FILES.values() or _is_kept_apart(name) else _home(root, file, name)
        if home == TASKS_FOLDER:
            yield _unread(file, _("move its jobs to {folder}/", folder=home))
        elif home and (root / home).exists():
            yield _unread(file, _("put what it holds into {file}, and remove it", file=home))
        elif home:
            yield _unread(file, _("rename it to {file}", file=home))
    for name in _names(root, TASKS_FOLDER):  # what an editor keeps there ends otherwise
        file = f"{TASKS_FOLDER}/{name}"
        if HIDDEN.fullmatch(name) and _list_in(root, file):
            repair = _("rename it, so that it does not begin with a dot, or remove it")
            yield _unread(file, repair)


def put_aside(root: Path) -> list[str]:
    """Return the files of config/ that were put aside there, relative to the project root."""
    folders = (TASKS_FOLDER, CONFIG)
    return [
        f"{one}/{name}" for one in folders for name in _names(root, one) if ASIDE.fullmatch(name)
    ]


def _names(root: Path, folder: str) -> list[str]:
    path = root / folder
    return sorted(os.listdir(path)) if path.is_dir() else []  # noqa: PTH208 - names are enough


def _is_kept_apart(name: str) -> bool:
    return bool(LEFTOVER.fullmatch(name) or ASIDE.fullmatch(name))


def _list_in(root: Path, file: str) -> str:
    """Return which of the lists of config/ a file has, such as tasks; empty for none."""
    if file.endswith(PROSE):
        return ""
    try:
        found = LISTS.search(read_bytes(root, file))
    except UnreadableError:
        return ""
    return found[1].decode() if found else ""


def _home(root: Path, file: str, name: str) -> str:
    """Return where what a file or folder holds belongs; empty for the team's own."""
    word, _dot, rest = name.lower().partition(".")
    near = nearest(word, FILES, MISTYPED)
    if (root / file).is_dir():
        return TASKS_FOLDER if near == "tasks" else ""
    if (
        f".{rest}" not in (ENDING, CHINESE_ENDING)
        and near
        and any(kind in f".{rest}" for kind in KINDS)
    ):
        return FILES[near]
    return FILES.get(_list_in(root, file), "")


def _unread(file: str, repair: str) -> Problem:
    return Problem(file, 1, 1, None, _("is not read: {repair}", repair=repair))
