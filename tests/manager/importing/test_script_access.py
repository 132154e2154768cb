"""An import copies the old system's own scripts, and no other file of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manager.importing.scripts import write_scripts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manager.importing.planning import Plan
    from tests.registry.conftest import ProjectFolder

FLOWS = """\
from prefect import flow

def execute_script(script_path, task_name):
    pass

@flow
def a():
    execute_script({script!r}, "a")

TASK_CONFIGS = [{{"flow": a, "name": "a", "cron": "0 8 * * *"}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of an old system, one beside it, and one elsewhere."""
    for name in ("top/old", "top/beside", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "elsewhere/job.py").write_text("import helper\n")
    (tmp_path / "elsewhere/helper.py").write_text("")
    (tmp_path / "elsewhere/id_rsa").write_text("hunter22")
    (tmp_path / "elsewhere/data.py").write_bytes(b"\0\1")
    return tmp_path / "top/old"


@pytest.fixture
def flows(folder: Path, planned: Callable[..., Plan]) -> Callable[[str], Plan]:
    """Return what plans the import of a flow that runs a script."""

    def plan(script: str) -> Plan:
        (folder / "flows.py").write_text(FLOWS.format(script=script))
        return planned(folder / "flows.py")

    return plan


@pytest.fixture
def cron(folder: Path, planned: Callable[..., Plan]) -> Callable[[str], Plan]:
    """Return what plans the import of a line of a crontab."""

    def plan(command: str) -> Plan:
        (folder / "crontab.txt").write_text(f"0 8 * * * {command}\n")
        return planned(folder / "crontab.txt")

    return plan


def _is_refused(plan: Plan) -> bool:
    (copy,) = plan.copies
    said = [str(one) for one in plan.findings if "is outside the folders" in one.text]
    return copy.found is None and len(said) == 1 and copy.old in said[0]


@pytest.mark.parametrize(
    "script", ["/etc/passwd", "../" * 30 + "etc/passwd", "link.py", "away/job.py", "%/job.py"]
)
def test_a_flow_names_a_file_elsewhere(
    flows: Callable[[str], Plan], folder: Path, script: str
) -> None:
    """By its path, by way of its folder, or through a link: there is a placeholder instead."""
    (folder / "link.py").symlink_to("/etc/passwd")
    (folder / "away").symlink_to(folder.parent.parent / "elsewhere")
    assert _is_refused(flows(script.replace("%", str(folder.parent.parent / "elsewhere"))))


def test_a_flow_names_our_own_script(flows: Callable[[str], Plan], project: ProjectFolder) -> None:
    """It has an entry of ours, and is no script of the old system."""
    assert _is_refused(flows(str(project.root / "include/scripts/good.py")))


def test_folders_around_the_sources(flows: Callable[[str], Plan], folder: Path) -> None:
    """What lies beside the sources' folder is copied when it is a program, and nothing else."""
    (folder.parent / "beside/a.py").write_text("")
    (folder.parent / "beside/key").write_text("hunter22")
    assert flows("D:\\x\\beside\\a.py").copies[0].found == folder.parent / "beside/a.py"
    assert _is_refused(flows("D:\\x\\beside\\key"))


@pytest.mark.parametrize(
    "command",
    [
        "python /etc/passwd",
        "python ../../../../../../../../../etc/hostname",
        "cd /proc/self && python environ",
        "cd %/../top && python ../elsewhere/job.py",
        "python %/id_rsa",
        "python %/data.py",
        "python %/link.py",
    ],
)
def test_a_crontab_names_what_is_no_script(
    cron: Callable[[str], Plan], tmp_path: Path, command: str
) -> None:
    """Files of the system, keys, what is no text, and links that lead elsewhere."""
    (tmp_path / "elsewhere/link.py").symlink_to("/etc/passwd")
    assert _is_refused(cron(command.replace("%", str(tmp_path / "elsewhere"))))


@pytest.mark.parametrize("command", ["python %/job.py", "cd % && python job.py"])
def test_a_crontab_names_a_script(
    cron: Callable[[str], Plan], project: ProjectFolder, tmp_path: Path, command: str
) -> None:
    """It stands anywhere; the copy may be read by nobody who may not read the script."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "job.py").chmod(0o640)
    (elsewhere / "helper.py").chmod(0o600)
    plan = cron(command.replace("%", str(elsewhere)))
    assert plan.copies[0].found == elsewhere / "job.py"
    write_scripts(project.root, plan.copies)
    new = project.root / "include/scripts" / plan.copies[0].new
    assert new.stat().st_mode & 0o777 == 0o640
    assert (new.parent / "helper.py").stat().st_mode & 0o777 == 0o600


def test_modules_behind_a_link(flows: Callable[[str], Plan], folder: Path, tmp_path: Path) -> None:
    """Neither a module nor a package that lies elsewhere is copied with a script."""
    (folder / "a.py").write_text("import mine, helper, pack\n")
    (folder / "mine.py").write_text("")
    (folder / "helper.py").symlink_to(tmp_path / "elsewhere/helper.py")
    (folder / "pack").symlink_to(tmp_path / "elsewhere")
    (copy,) = flows("a.py").copies
    assert [path.name for path, _new in copy.modules] == ["mine.py"]


def test_a_script_that_is_too_large(flows: Callable[[str], Plan], folder: Path) -> None:
    """It costs itself: a finding and a placeholder, and so does a module."""
    with (folder / "a.py").open("wb") as file:
        file.truncate(200_000_000)
    plan = flows("a.py")
    assert plan.copies[0].found is None
    assert any("a.py is too large" in one.text for one in plan.findings)
    (folder / "a.py").rename(folder / "big.py")
    (folder / "a.py").write_text("import big\n")
    plan = flows("a.py")
    assert plan.copies[0].modules == ()
    assert any("big.py is too large" in one.text for one in plan.findings)
