"""Which kind of source a file or an address is, by what it holds; and reading all of them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import ExpectedError, reason_of
from include.language import _
from manager.importing import flows
from manager.importing.old_jobs import Finding, Place, Read
from manager.importing.source_text import (
    UnreadableSourceError,
    is_file,
    is_folder,
    read_bytes,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SQLITE = b"SQLite format 3\0"
ADDRESS = ("http://", "https://")
PROGRAM = re.compile(
    r"^(?:TASK_CONFIGS\b|[ \t]*@(?:\w+\.)?flow\b|(?:from|import) prefect\b"
    r"|(?:async )?def execute_script\b)",
    re.MULTILINE,
)
DEPLOYMENTS = re.compile(r"^[\"']?deployments[\"']?\s*:", re.MULTILINE)
DAGS = re.compile(r"^[ \t]+[\"']?tasks[\"']?\s*:|^[\"']?default[\"']?\s*:", re.MULTILINE)
CRON_LINE = re.compile(
    r"^[ \t]*(?:@(?:reboot|hourly|daily|midnight|weekly|monthly|yearly|annually)"
    r"|(?:[-*?\d/,LW~]+[ \t]+){3}[-*?\w/,#]+[ \t]+[-*?\w/,#]+)[ \t]+\S",
    re.MULTILINE,
)
SUFFIXES = (".py", ".yaml", ".yml", ".db", ".sqlite", ".cron", ".crontab", ".txt", "")


# A crontab of which all jobs have changed over: comments and settings.
IDLE_LINE = re.compile(r"[ \t]*(?:#.*|\w+[ \t]*=.*)?")
# By which module of this room a text is read, by its suffix and what it holds: the first that
# matches. A program is read together with all others.
KINDS: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("flows", lambda suffix, text: suffix == ".py" or bool(PROGRAM.search(text))),
    ("prefect_yaml", lambda _, text: bool(DEPLOYMENTS.search(text))),
    ("dag_factory", lambda suffix, text: suffix in (".yaml", ".yml") or bool(DAGS.search(text))),
    ("crontab", lambda _, text: bool(CRON_LINE.search(text)) or _is_idle(text)),
)


def _is_idle(text: str) -> bool:
    return all(IDLE_LINE.fullmatch(line) for line in text.splitlines())


def read_sources(sources: Sequence[str]) -> list[tuple[str, Read]]:
    """Read what each source has; what is none, and what cannot be read, is a finding.

    Args:
        sources: paths of files or folders, and addresses, as the user wrote them.

    Returns:
        what each reader has returned, with its name; of what none reads that is empty.
    """
    found: list[tuple[str, Read]] = []
    programs: list[str] = []
    for source in sources:
        try:
            files = files_of(source)
        except OSError as error:
            text = _("{path} cannot be read: {reason}", path=source, reason=reason_of(error))
            found.append(("", Read(findings=(Finding(Place(source), text),), is_unread=True)))
            continue
        if not files:
            text = _("nothing in this folder is of an old scheduler: name its files themselves")
            found.append(("", Read(findings=(Finding(Place(source), text),))))
        for file in files:
            _read_one(file, found, programs)
    if programs:
        found.insert(0, ("flows", flows.read(programs)))
    return found


def _read_one(source: str, found: list[tuple[str, Read]], programs: list[str]) -> None:
    kind = kind_of(source)
    if isinstance(kind, Finding):
        found.append(("", Read(findings=(kind,), is_unread=True)))
    elif kind == "flows":
        programs.append(source)
    else:
        try:
            read: Read = import_module(f"manager.importing.{kind}").read(source)
        except ExpectedError as error:
            read = Read(findings=(Finding(Place(source), str(error)),), is_unread=True)
        found.append((kind, read))


def files_of(source: str) -> list[str]:
    """Return the source itself, or what a folder has at its top that some reader takes.

    What cannot be opened there is among them, to be named.

    Raises:
        OSError: the folder cannot be read.
    """
    path = Path(source)
    if source.startswith(ADDRESS) or not is_folder(path):
        return [source]
    found = []
    for file in sorted(path.iterdir()):
        if not is_file(file) or file.suffix.lower() not in SUFFIXES:
            continue
        try:
            read_bytes(file, at_most=0)
        except UnreadableSourceError:
            found.append(str(file))
            continue
        kind = kind_of(str(file))
        if isinstance(kind, Finding):
            continue
        if kind != "flows" or PROGRAM.search(read_text(file).text):
            found.append(str(file))
    return found


def kind_of(source: str) -> str | Finding:
    """Return the name of the module that reads a source, or why there is none."""
    if source.startswith(ADDRESS):
        return "prefect_api"
    path = Path(source)
    try:
        if read_bytes(path, at_most=len(SQLITE)) == SQLITE:
            return "prefect_database"
        text = read_text(path).text
    except UnreadableSourceError as error:
        return Finding(Place(source), str(error))
    for reader, matches in KINDS:
        if matches(path.suffix.lower(), text):
            return reader
    return Finding(
        Place(source),
        _(
            "this is none of what is read: a scheduler_config.py or scheduler_flows.py, "
            "prefect.yaml, Prefect's database or the address of its API, a crontab, or a YAML file "
            "of dag-factory"
        ),
    )
