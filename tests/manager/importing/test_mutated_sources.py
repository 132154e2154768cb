"""Whatever the files of an old system hold: nothing is executed, and what is not read is named."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

from manager.commands.importing import importing_lines
from manager.importing.entries import Wishes
from manager.importing.planning import make_plan
from manager.importing.recognising import kind_of, read_sources
from manager.importing.source_text import read_text
from manager.importing.writing import parts_of
from tests.manager.importing.conftest import NOW
from tests.manager.importing.mutating import (
    CRONTAB,
    DATABASE,
    HERE,
    PROGRAMS,
    SOURCES,
    mutated,
    mutated_database,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from manager.importing.planning import Plan
    from tests.registry.conftest import ProjectFolder

FILES = 10_000
EACH = 250
SAMPLE = 250
# What a process does when it starts another one, or speaks to anybody.
STARTS = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect")
_seen: list[str] = []
_watching = [False]


def _watch(event: str, _arguments: object) -> None:
    if _watching[0] and event in STARTS:
        _seen.append(event)


sys.addaudithook(_watch)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    """Return what this process has started meanwhile."""
    _seen.clear()
    _watching[0] = True
    yield _seen
    _watching[0] = False


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a database that Prefect 3.9.1 has written."""
    file = tmp_path_factory.mktemp("database") / "prefect.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((HERE / DATABASE).read_text("utf-8"))
    return file.read_bytes()


def _unnamed_lines(path: Path, plan: Plan) -> list[str]:
    """Return the lines of a crontab that neither became a job nor are named."""
    text = read_text(path).text
    places = {entry.job.place.line for entry in plan.entries}
    places |= {one.place.line for one in plan.findings}
    return [
        line
        for number, line in enumerate(text.split("\n"), 1)
        if re.match(r"\s*[^\s#]", line)
        and number not in places
        and not re.match(r"\s*[\"']?[A-Za-z_]\w*[\"']?\s*=", line)
    ]


class _Tries:
    """Plans the import of mutated files."""

    def __init__(self, project: ProjectFolder, folder: Path, database: bytes) -> None:
        self.project = project
        self.folder = folder
        self.canary = folder.parent / "canary"
        self.database = database
        self.whole: dict[int, list[str]] = {}
        folder.mkdir()

    def read(self, kind: int, random: Random | None) -> tuple[list[str], bool, bytes]:
        """Return the names of the jobs that are read of a kind of source.

        Also whether there are findings, and what its files hold.
        """
        for path in self.folder.iterdir():
            path.unlink()
        paths = self._write(kind, random)
        named = [str(path) for path in paths]
        found = read_sources(named)
        wishes = Wishes(root=self.project.root, sources=named, now=NOW)
        plan = make_plan(found, wishes)
        assert "\n".join(importing_lines(plan))
        assert list(parts_of(plan.entries)) or not plan.entries
        if [kind_of(name) for name in named] == ["crontab"]:
            assert _unnamed_lines(paths[0], plan) == []
        names = [job.name for _reader, read in found for job in read.jobs]
        assert bool(names) <= bool(plan.entries or plan.not_imported)
        texts = b"".join(path.read_bytes() for path in paths)
        return names, bool(plan.findings), texts

    def _write(self, kind: int, random: Random | None) -> list[Path]:
        if kind == len(SOURCES):
            path = self.folder / "prefect.db"
            changed = mutated_database(self.database, random) if random else self.database
            path.write_bytes(changed)
            return [path]
        paths = []
        for name in PROGRAMS if SOURCES[kind] in PROGRAMS else (SOURCES[kind],):
            raw = (HERE / name).read_bytes()
            if random and (name == SOURCES[kind] or random.random() < 0.3):
                raw = mutated(raw, random, str(self.canary))
            paths.append(self.folder / name.rpartition("/")[2])
            paths[-1].write_bytes(raw)
        return paths

    def run(self, first: int, count: int, seen: list[str]) -> None:
        """Try some files; each is known by its number."""
        for number in range(first, first + count):
            kind = number % (len(SOURCES) + 1)
            try:
                if kind not in self.whole:
                    self.whole[kind] = self.read(kind, None)[0]
                names, is_named, texts = self.read(kind, Random(number))
            except Exception as error:  # noqa: BLE001 -- whatever it is, its number finds the file
                pytest.fail(f"file {number}: {type(error).__name__}: {error}")
            gone = {name for name in {*self.whole[kind]} - {*names} if name.encode() in texts}
            gone = gone if len(names) < len(self.whole[kind]) else set()
            # A crontab's names stand in comments; each of its lines is looked at above.
            assert is_named or not gone or SOURCES[kind:][:1] == (CRONTAB,), (
                f"file {number}: {gone}"
            )
            assert not self.canary.exists(), f"file {number} was executed"
            assert seen == [], f"file {number} started {seen}"


def test_a_sample_of_mutated_files(
    project: ProjectFolder, tmp_path: Path, database: bytes, watched: list[str]
) -> None:
    """No traceback, nothing executed or started, nothing lost without a word."""
    _Tries(project, tmp_path / "sources", database).run(0, SAMPLE, watched)


@pytest.mark.campaign
@pytest.mark.parametrize("first", range(0, FILES, EACH))
def test_ten_thousand_mutated_files(
    project: ProjectFolder, tmp_path: Path, database: bytes, watched: list[str], first: int
) -> None:
    """The same of all of them."""
    _Tries(project, tmp_path / "sources", database).run(first, EACH, watched)
