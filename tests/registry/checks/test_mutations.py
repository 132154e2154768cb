"""Mistakes in the delivered config/: each costs what it is in, and nothing else."""

from __future__ import annotations

import shutil
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from include import PROJECT_ROOT
from include.registry.checks import check_project, report
from tests.mutations import mutated

if TYPE_CHECKING:
    from pathlib import Path

    from include.registry.checks import Checked

CONFIG = PROJECT_ROOT / "config"
FILES = sorted(
    path.relative_to(PROJECT_ROOT).as_posix()
    for path in (*CONFIG.glob("tasks/*.yaml"), *CONFIG.glob("*.yaml"))
    # These two have no entries: tests/registry/alerts, tests/registry/test_language_setting.py.
    if path.name not in ("alerts.yaml", "language.yaml")
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the delivered project."""
    shutil.copytree(PROJECT_ROOT / "config", tmp_path / "config")
    shutil.copytree(PROJECT_ROOT / "include/scripts", tmp_path / "include/scripts")
    return tmp_path


def entries_of(found: Checked, file: str) -> dict[str, Any]:
    """Return what became of the valid entries of a file, whatever their lines are now."""
    if file.endswith("shops.yaml"):
        return {one.id: one.model_dump() for one in found.registry.shops.values()}
    if file.endswith("feeds.yaml"):
        return {one.id: repr(one) for one in found.feeds.by_id.values()}
    jobs = found.registry.jobs.values()
    return {one.id: one.model_dump() for one in jobs if one.file == file}


def check_mutations(project: Path, seeds: range) -> None:
    """Mutate one file at a time, and hold what is left against what there was."""
    delivered = check_project(project)
    whole = {file: entries_of(delivered, file) for file in FILES}
    for seed in seeds:
        random = Random(seed)
        file = random.choice(FILES)
        text = (PROJECT_ROOT / file).read_text("utf-8")
        mutation = mutated(text, random)
        (project / file).write_bytes(mutation.raw)
        found = check_project(project)
        lines = [str(problem) for problem in found.problems]
        if seed % 6 == 0:  # which also starts a Python
            lines, code = report(project)
            assert code == (1 if found.problems else 0), f"seed {seed}: {file}"
        shown = f"seed {seed}: {file}: {lines}\n{mutation.raw.decode()}"
        assert all("fault of the scheduler" not in line for line in lines), shown
        if found.problems:
            assert all("\n" not in line and line.encode() for line in lines), shown
        claimed = {problem.job_id for problem in found.problems if "is also" in problem.message}
        own = {problem.job_id for problem in found.problems if problem.file == file}
        for other, entries in whole.items():
            now = entries_of(found, other)
            untouched = {id: one for id, one in entries.items() if id != mutation.entry}  # noqa: A001 - the key's name
            if other != file:
                left = {id: one for id, one in entries.items() if id not in claimed}  # noqa: A001 - the key's name
                assert now == left, shown
            elif mutation.entry is not None and None not in own:
                kept = {id: now.get(id) for id in untouched if id not in claimed}  # noqa: A001 - the key's name
                assert kept == {id: untouched[id] for id in kept}, shown  # noqa: A001 - the key's name
        shutil.copyfile(PROJECT_ROOT / file, project / file)


def test_mistakes_cost_their_own_entry(project: Path) -> None:
    """Whatever is wrong in an entry costs that one; the others are what they were."""
    check_mutations(project, range(60))


@pytest.mark.campaign
@pytest.mark.parametrize("block", range(10))
def test_thousands_of_mistakes_cost_their_own_entry(project: Path, block: int) -> None:
    """The same for six thousand mistakes."""
    check_mutations(project, range(1000 + block * 600, 1600 + block * 600))
