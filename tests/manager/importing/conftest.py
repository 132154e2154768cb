"""An old system as a team hands it over, and a project that it is brought to."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manager.importing.entries import Wishes
from manager.importing.planning import Plan, make_plan
from manager.importing.recognising import read_sources
from tests.registry.conftest import ProjectFolder

if TYPE_CHECKING:
    from collections.abc import Callable

OLD_SYSTEM = Path(__file__).parent / "old_system"
NOW = datetime(2026, 11, 30, 4, tzinfo=timezone.utc)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a folder with the two files of the old system."""
    folder = tmp_path / "old"
    folder.mkdir()
    for file in OLD_SYSTEM.glob("*.py"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """Return a project with one job."""
    folder = ProjectFolder(tmp_path / "project")
    folder.write_tasks("good.yaml")
    return folder


@pytest.fixture
def planned(project: ProjectFolder) -> Callable[..., Plan]:
    """Return what plans the import of some sources."""

    def plan(*sources: Path, **wishes: object) -> Plan:
        named = [str(source) for source in sources]
        wished = Wishes(root=project.root, sources=named, now=NOW, **wishes)  # type: ignore[arg-type]
        return make_plan(read_sources(named), wished)

    return plan
