"""What `check` notes of the files below include/scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.language import speaking
from include.registry.checks import report
from include.registry.checks.scripts import PLACEHOLDER

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

OWN = "include/scripts/imported/own"


def _notes(project: ProjectFolder) -> list[str]:
    return [line for line in report(project.root)[0] if line.startswith(("note: ", "提示："))]


def test_what_a_script_imports_is_needed(project: ProjectFolder) -> None:
    """Modules beside it, those that they import, and packages; only the rest is in vain."""
    project.write(
        f"{OWN}/job.py",
        "import sys\nfrom common.helper import rows\nimport PERIOD_KEY_of as key\n"
        "try:\n    import fast\nexcept ImportError:\n    fast = None\nprint('PERIOD_KEY')\n",
    )
    project.write(f"{OWN}/common/helper.py", "# 取数\nfrom . import dates\n".encode("gbk"))
    for used in ("common/dates.py", "fast.py", "PERIOD_KEY_of.py"):
        project.write(f"{OWN}/{used}", "")
    for unused in ("common/left_over.py", "lonely.py"):
        project.write(f"{OWN}/{unused}", "import dates\n")
    project.write("include/scripts/good.py", "print('PERIOD_KEY')\nimport imported.shared\n")
    project.write("include/scripts/imported/shared.py", "import not_there\n")
    project.write_tasks("t.yaml")
    project.write_entry(
        "id: own", "name: x", 'cron: "0 8 * * *"', "script: imported/own/job.py", file="u.yaml"
    )
    about = [note for note in _notes(project) if "no job runs" in note]
    assert [note.split(": ")[1].removeprefix(f"{OWN}/") for note in about] == [
        "common/left_over.py",
        "lonely.py",
    ]


def test_placeholders_have_one_note(project: ProjectFolder) -> None:
    """They are to be brought; that they take no period says nothing of the scripts themselves."""
    project.write_tasks("t.yaml")
    names = [f"old_{number}" for number in range(7)]
    for name in names:
        project.write(f"include/scripts/imported/{name}.py", f"{PLACEHOLDER}\n")
        project.write_entry(
            f"id: {name}", f"name: {name}", 'cron: "0 8 * * *"', f"script: imported/{name}.py",
            file=f"{name}.yaml",
        )  # fmt: skip
    files = [f"include/scripts/imported/{name}.py" for name in names[:5]]
    assert _notes(project) == [
        (
            "note: scripts that are still to be put in place of their placeholders: "
            f"{', '.join(files)}, and 2 more"
        )
    ]
    with speaking("zh"):
        (note,) = _notes(project)
    assert note == f"提示：这些脚本还是占位文件，请用旧脚本替换：{'、'.join(files)}，另有 2 个"
