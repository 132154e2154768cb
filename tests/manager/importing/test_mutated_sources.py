"""Whatever the files of an old system hold: nothing is executed, and what is not read is named."""

from __future__ import annotations

import re
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from manager.commands.importing import importing_lines
from manager.importing.planning import Wishes, make_plan
from manager.importing.recognising import kind_of, read_sources
from manager.importing.source_text import read_text
from manager.importing.writing import as_yaml
from tests.manager.importing.conftest import NOW
from tests.manager.importing.mutating import PROGRAMS, SOURCES, mutated

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


def _plan(project: ProjectFolder, sources: list[Path]) -> Plan:
    named = [str(source) for source in sources]
    wishes = Wishes(root=project.root, sources=named, now=NOW)
    return make_plan(read_sources(named), {}, wishes)


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


def _try(number: int, project: ProjectFolder, folder: Path, canary: Path) -> None:
    random = Random(number)
    source = SOURCES[number % len(SOURCES)]
    for path in folder.iterdir():
        path.unlink()
    paths = []
    names = PROGRAMS if source.name in PROGRAMS else (source.name,)
    for one in (path for path in SOURCES if path.name in names):
        raw = one.read_bytes()
        both = random.random() < 0.3
        changed = mutated(raw, random, str(canary)) if one == source or both else raw
        (folder / one.name).write_bytes(changed)
        paths.append(folder / one.name)
    plan = _plan(project, paths)
    assert "\n".join(importing_lines(plan))
    assert list(as_yaml(plan.entries)) or not plan.entries
    whole = _WHOLE[source.name]
    assert len(plan.entries) >= whole or plan.findings, "a job is gone, and nothing says so"
    read_as = [kind_of(str(path)) for path in paths]
    if read_as == ["crontab"]:
        assert _unnamed_lines(paths[0], plan) == []


_WHOLE = {"scheduler_config.py": 11, "scheduler_flows.py": 11, "crontab": 4}


def _run(first: int, count: int, project: ProjectFolder, tmp_path: Path, seen: list[str]) -> None:
    folder, canary = tmp_path / "sources", tmp_path / "canary"
    folder.mkdir()
    for number in range(first, first + count):
        try:
            _try(number, project, folder, canary)
        except Exception as error:  # noqa: BLE001 -- whatever it is, its number finds the file
            pytest.fail(f"file {number}: {type(error).__name__}: {error}")
        assert not canary.exists(), f"file {number} was executed"
        assert seen == [], f"file {number} started {seen}"


def test_a_sample_of_mutated_files(
    project: ProjectFolder, tmp_path: Path, watched: list[str]
) -> None:
    """No traceback, nothing executed or started, nothing lost without a word."""
    _run(0, SAMPLE, project, tmp_path, watched)


@pytest.mark.campaign
@pytest.mark.parametrize("first", range(0, FILES, EACH))
def test_ten_thousand_mutated_files(
    project: ProjectFolder, tmp_path: Path, watched: list[str], first: int
) -> None:
    """The same of all of them."""
    _run(first, EACH, project, tmp_path, watched)
