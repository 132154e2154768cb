"""Scripts and folders stay within the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry.paths import Folders

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder


def test_scripts_and_links_within(project: ProjectFolder) -> None:
    """A script may be a file or a link within include/scripts, in any folder of it."""
    scripts = project.root / "include/scripts"
    project.write("include/scripts/pdd/a.py", "")
    (scripts / "link.py").symlink_to("pdd/a.py")
    (scripts / "alias").symlink_to("pdd")
    folders = Folders(project.root)
    for script in ("good.py", "pdd/a.py", "link.py", "alias/a.py"):
        assert folders.check_script(script) == script


@pytest.mark.parametrize(
    "script",
    ["/etc/passwd", "~/a.py", "..", "../secret.py", "a/../good.py", "./good.py", "a//b.py"],
)
def test_script_outside(project: ProjectFolder, script: str) -> None:
    """A path that does not plainly lead downwards is refused, wherever it would end."""
    with pytest.raises(ValueError, match="write a path below include/scripts"):
        Folders(project.root).check_script(script)


def test_links_out(project: ProjectFolder) -> None:
    """Neither a linked file nor a linked folder leads out of include/scripts."""
    scripts = project.root / "include/scripts"
    project.write("elsewhere/a.py", "")
    (scripts / "a.py").symlink_to(project.root / "elsewhere/a.py")
    (scripts / "folder").symlink_to(project.root / "elsewhere")
    for script in ("a.py", "folder/a.py"):
        with pytest.raises(ValueError, match="is a link out of include/scripts"):
            Folders(project.root).check_script(script)


def test_project_behind_a_link(project: ProjectFolder) -> None:
    """A project that is itself reached through a link works."""
    link = project.root / "link"
    link.symlink_to(project.root)
    assert Folders(link).check_script("good.py") == "good.py"
    assert Folders(link).check_folder("config") == "config"


@pytest.mark.parametrize("folder", ["/tmp", "..", "include/scripts/good.py", "nowhere"])  # noqa: S108 - refused
def test_folder_refused(project: ProjectFolder, folder: str) -> None:
    """What is no folder of the project is refused."""
    with pytest.raises(ValueError, match="project"):
        Folders(project.root).check_folder(folder)


def test_list(project: ProjectFolder) -> None:
    """The scripts are the Python files, but neither private ones nor what Python leaves behind."""
    for file in ("pdd/b.py", "_shared.py", "pdd/__init__.py", "notes.txt", "__pycache__/c.pyc"):
        project.write(f"include/scripts/{file}", "")
    assert Folders(project.root).scripts() == ["good.py", "pdd/b.py"]
