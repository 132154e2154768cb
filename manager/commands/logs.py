"""`logs`: the journal, a component's log or the log of a job's last task, to its end and beyond."""

import json
import os
import re
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from include.errors import ConfigurationError, ExpectedError
from include.language import N_, Message, _
from include.running.journal import lines_in_other_words, translations_of
from include.text import suggestion
from manager.journal import NAME, service_zone
from manager.layout import Layout

LOOK_SECONDS = 0.3
RUN_TASK = "run"
BLOCK_BYTES = 64_000
# Of a line of a task's log: what is shown in its own way, where in the code it was written, and
# whose line it is, which is the same in all.
KNOWN_FIELDS = frozenset(
    (
        *("timestamp", "level", "event", "error_detail"),
        *("logger", "chan", "loc", "filename", "lineno"),
        *("dag_id", "run_id", "task_id", "map_index", "try_number", "ti_id"),
    )
)
# The time at the beginning of a component's line; without an offset it is the machine's.
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?(?!\S)")
FOLLOWED = 100  # lines of the journal, at least as many as are written between two looks
OLDER_FILES = 20  # as many as the journal keeps at most


def logs(layout: Layout, arguments: Namespace) -> int:
    """Print the last lines; with `--follow` also what comes, until Ctrl-C.

    Raises:
        ConfigurationError: there is no such component or job.
        ExpectedError: the job has not run yet.
    """
    find = _finder(layout, arguments.name)
    shown = _shown_as(layout, arguments, find())
    try:
        path = find()
        if path is None and not arguments.follow:
            raise ExpectedError(
                "{name} has no log in {logs} yet: it has not run",
                name=arguments.name,
                logs=layout.shown(layout.logs),
            )
        lines = last_lines(path, arguments.lines) if path else []
        for line in lines:
            print(shown(line), flush=True)
        if not lines and arguments.lines:
            print(_why_nothing(layout, arguments, path), file=sys.stderr, flush=True)
        if arguments.follow:
            for line in follow(find):
                print(shown(line), flush=True)
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _why_nothing(layout: Layout, words: Namespace, path: Path | None) -> Message:
    if path is None:
        return _("{name} has not run yet: its log is shown as soon as it does", name=words.name)
    if not path.exists():
        return _("{log} is not there yet: the service has not been started", log=layout.shown(path))
    if words.follow:
        return _("{log} is empty so far: what is written is shown", log=layout.shown(path))
    text = N_("{log} is empty so far: with --follow, what is written from now on is shown")
    return _(text, log=layout.shown(path))


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log, reaching into those set aside (`.1`, `.2`) when need be."""
    lines: list[str] = []
    for number in range(OLDER_FILES + 1):
        file = path.with_name(f"{path.name}.{number}") if number else path
        if len(lines) >= count or not file.exists():
            break
        lines = [*_tail(file, count - len(lines)), *lines]
    return lines


def follow(find: Callable[[], Path | None]) -> Iterator[str]:
    """Return each line that is written from now on, for ever.

    Args:
        find: gives the file; another one when the log was set aside or a new run has its own.
    """
    file = _open(find(), at_end=True)
    rest = b""
    while True:
        if file:
            *whole, rest = (rest + file.read()).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
        path = find()
        if path is None or (file and _is_same(file, path)):
            time.sleep(LOOK_SECONDS)
        else:
            if file:  # what was written between the last look and the change
                yield from (rest + file.read()).decode(errors="replace").splitlines()
                file.close()
            file, rest = _open(path, at_end=False), b""


def _finder(layout: Layout, name: str | None) -> Callable[[], Path | None]:
    """Return what finds the log now, since a job's last one changes."""
    if name is None:
        return lambda: layout.logs / NAME
    components = {path.stem: path for path in (layout.logs / "components").glob("*.log")}
    if name in components:
        return lambda: components[name]
    folders = {path.name: path for path in (layout.logs / "airflow").glob("dag_id=*")}
    folder = folders.get(f"dag_id={name}")
    if folder is None:
        from manager.lookup import find_job  # noqa: PLC0415 -- takes its time, rarely needed

        try:
            find_job(layout, name)
        except ConfigurationError as error:
            raise ConfigurationError(
                "{name!r} is no component ({suggestion}); {error}",
                name=name,
                suggestion=suggestion(name, sorted(components)),
                error=error,
            ) from None
        folder = layout.logs / "airflow" / f"dag_id={name}"
    return partial(_newest, folder)


def _newest(folder: Path) -> Path | None:
    """Return the log of the last run's last attempt; of its script rather than of its checks."""
    for run in sorted(folder.glob("run_id=*"), key=_changed, reverse=True):
        for pattern in (f"task_id={RUN_TASK}/*.log", "**/*.log"):
            if found := list(run.glob(pattern)):
                return max(found, key=_changed)
    return None


def _changed(path: Path) -> float:
    with suppress(OSError):  # pruned meanwhile
        return path.stat().st_mtime
    return 0.0


def _shown_as(layout: Layout, words: Namespace, path: Path | None) -> Callable[[str], str]:
    """Return how a line is shown: every time on the clock of the job, or of the service."""
    name = words.name
    if name is None:  # it has every line on its job's clock
        return InOtherWords(layout.logs / NAME, words.lines)
    if path is not None and not path.name.startswith("attempt="):
        return partial(_on_the_clock, zone=service_zone(layout))
    from include.registry import load_registry  # noqa: PLC0415 -- the same

    job = load_registry(layout.root).jobs.get(name)
    return partial(_readable, zone=job.schedule.zone if job else service_zone(layout))


class InOtherWords:
    """Shows lines of the journal in the language of who reads them.

    Args:
        journal: its file.
        count: how many lines, the last ones, are to be shown.
    """

    def __init__(self, journal: Path, count: int) -> None:
        self._path = translations_of(journal)
        self._count = max(count, FOLLOWED)
        self._known: dict[str, str] = {}
        self._size = -1

    def __call__(self, line: str) -> str:
        """Return a line as it is in the language of the moment, where it can be."""
        with suppress(OSError):  # set aside just now, or nothing was ever to be translated
            if (size := self._path.stat().st_size) != self._size:
                self._known = lines_in_other_words(last_lines(self._path, self._count))
                self._size = size
        return self._known.get(line, line)


def _tail(path: Path, count: int) -> list[str]:
    """Return the last lines of one file, reading no more of it than they take."""
    if count <= 0:
        return []
    with path.open("rb") as file:
        at, found = file.seek(0, os.SEEK_END), 0
        blocks: list[bytes] = []  # the last first
        while at > 0 and found <= count:
            step = min(BLOCK_BYTES, at)
            at = file.seek(at - step)
            blocks.append(file.read(step))
            found += blocks[-1].count(b"\n")
    lines = b"".join(reversed(blocks)).split(b"\n")
    return [line.decode(errors="replace") for line in lines if line][-count:]


def _open(path: Path | None, *, at_end: bool) -> BinaryIO | None:
    try:
        file = path.open("rb") if path else None
    except OSError:
        return None
    if file and at_end:
        file.seek(0, os.SEEK_END)
    return file


def _is_same(file: BinaryIO, path: Path) -> bool:
    """Return whether the open file is the one by that name; one that is not there yet will come."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return True


def _readable(line: str, zone: tzinfo) -> str:
    """Return a line of a task's log, which is JSON, as people read it: time and text."""
    try:
        said = json.loads(line)
        when = datetime.fromisoformat(said["timestamp"].replace("Z", "+00:00")).astimezone(zone)
        level = "" if said.get("level") in (None, "info") else f" {said['level'].upper()}"
        reasons = "".join(f"\n  {reason}" for reason in _reasons(said))
        return f"{_clock(when)}{level} {said['event']}{reasons}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return line


def _reasons(said: dict[str, Any]) -> Iterator[str]:
    """Yield what Airflow keeps of an event in fields of their own: first of all its exceptions."""
    for one in said.get("error_detail") or ():
        yield f"{one['exc_type']}: {one['exc_value']}"
        yield from one.get("exc_notes") or ()
    for name, value in said.items():
        if name not in KNOWN_FIELDS and isinstance(value, (str, int, float)):
            yield f"{name}: {value}"


def _on_the_clock(line: str, zone: tzinfo) -> str:
    """Return a component's line with the time that it begins with, in UTC or the machine's."""
    if not (found := MOMENT.match(line)):
        return line
    day, hour, offset = found.groups()
    try:
        # Python 3.10 reads neither a Z nor an offset without a colon.
        offset = "+00:00" if offset == "Z" else f"{offset[:3]}:{offset[-2:]}" if offset else ""
        when = datetime.fromisoformat(f"{day}T{hour}{offset}")
    except ValueError:  # no moment after all
        return line
    return f"{_clock(when.astimezone(zone))}{line[found.end() :]}"


def _clock(moment: datetime) -> str:
    """Write a moment as the journal does."""
    return moment.isoformat(" ", "seconds")
