"""`import --check`: the record of an import against the entries as they are now."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError, ExpectedError
from include.registry.checks.scripts import PLACEHOLDER
from manager.importing.checking import check
from manager.importing.old_jobs import OldSchedule, Place
from manager.importing.record import as_json, read_records
from manager.importing.writing import DEFAULT_OUT, check_out, write
from manager.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manager.importing.planning import Plan
    from tests.registry.conftest import ProjectFolder

# The scripts come by hand, so that nothing differs.
CRONTAB = "CRON_TZ=Asia/Shanghai\n0 8 * * * python3 /opt/a.py\n0 9 * * * python3 /opt/b.py\n"


@pytest.fixture
def crontab(tmp_path: Path) -> Path:
    """Return the crontab of an old system."""
    file = tmp_path / "crontab.txt"
    file.write_text(CRONTAB, "utf-8")
    return file


@pytest.fixture
def layout(project: ProjectFolder, planned: Callable[..., Plan], crontab: Path) -> Layout:
    """Return a project to which it was imported."""
    write(project.root, planned(crontab), check_out(project.root, DEFAULT_OUT))
    for name in ("a", "b"):
        (project.root / f"include/scripts/imported/{name}.py").write_text("print(1)\n")
    return Layout(project.root)


def test_nothing_differs(layout: Layout, crontab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, by the record and by the source as it is."""
    assert check(layout, [], None) == 0
    assert check(layout, [str(crontab)], None) == 0
    assert "30" in capsys.readouterr().out


def test_an_entry_that_was_changed(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and both times are said."""
    file = layout.root / DEFAULT_OUT
    file.write_text(file.read_text("utf-8").replace("0 8 * * *", "0 10 * * *"), "utf-8")
    assert check(layout, [], None) == 1
    assert "there at 08:00" in capsys.readouterr().out


def test_an_entry_that_was_removed(layout: Layout) -> None:
    """So it is with a job that has no entry any more."""
    (layout.root / DEFAULT_OUT).unlink()
    assert check(layout, [], None) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (CRONTAB.replace("0 8", "0 7"), "there at 07:00"),
        (CRONTAB.replace("0 8", "#0 8"), "not in these sources any more"),
    ],
)
def test_an_old_system_that_was_changed(
    layout: Layout,
    crontab: Path,
    capsys: pytest.CaptureFixture[str],
    changed: str,
    said: str,
) -> None:
    """What the source says now leads over the record."""
    crontab.write_text(changed, "utf-8")
    assert check(layout, [str(crontab)], None) == 1
    assert said in capsys.readouterr().out
    assert check(layout, [], None) == 0


@pytest.fixture
def fresh(layout: Layout) -> Callable[[str, str], None]:
    """Return what changes the entries."""

    def change(old: str, new: str) -> None:
        file = layout.root / DEFAULT_OUT
        assert old in file.read_text("utf-8")
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")

    return change


def test_a_change_on_purpose_is_confirmed(
    layout: Layout, fresh: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Then it is shown as that, and no difference; any other one is."""
    fresh("retries: 0", "retries: 3")
    fresh("0 8 * * *", "0 10 * * *")
    assert check(layout, [], None) == 1
    assert "import --confirm JOB" in capsys.readouterr().out
    assert check(layout, [], None, "a") == 1
    assert check(layout, [], None, "all") == 0
    assert "0 > 3 (confirmed)" in capsys.readouterr().out
    fresh("retries: 3", "retries: 4")
    assert check(layout, [], None) == 1
    with pytest.raises(ConfigurationError, match="did you mean"):
        check(layout, [], None, "aa")


def test_a_script_that_is_missing_is_never_confirmed(layout: Layout) -> None:
    """A placeholder brings nothing."""
    script = layout.root / "include/scripts/imported/a.py"
    script.write_text(f"{PLACEHOLDER}\n")
    assert check(layout, [], None, "all") == 1
    script.write_text("print(1)\n")
    assert check(layout, [], None) == 0


def test_a_job_that_runs_in_both_differs(
    layout: Layout, fresh: Callable[[str, str], None], crontab: Path
) -> None:
    """It does not once the old one is gone, as it should be; nobody can mean both."""
    fresh("enabled: false", "enabled: true")
    assert check(layout, [], None) == 0
    assert check(layout, [str(crontab)], None, "all") == 1
    crontab.write_text(CRONTAB.replace("0 8", "#0 8").replace("0 9", "#0 9"), "utf-8")
    assert check(layout, [str(crontab)], None) == 0


def test_what_changed_in_the_old_system_differs(layout: Layout, crontab: Path) -> None:
    """Also how it runs there, and what."""
    for old, new in (("/opt/a.py", "/opt/other.py"), ("python3", "timeout 90 python3")):
        crontab.write_text(CRONTAB.replace(old, new), "utf-8")
        assert check(layout, [str(crontab)], None) == 1
    crontab.write_text(CRONTAB, "utf-8")
    assert check(layout, [str(crontab)], None) == 0


def test_thousands_of_jobs_that_differ_are_counted(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not all of them are named in one line."""
    file = layout.root / DEFAULT_OUT.replace(".yaml", ".json")
    (record, *_others) = read_records(layout.root).values()
    jobs = {f"j{number}": replace(record, job_id=f"j{number}") for number in range(50)}
    file.write_text(as_json(jobs), "utf-8")
    assert check(layout, [], None) == 1
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "50 jobs differ" in one]
    assert "j31, …)" in line
    assert "j32" not in line


@pytest.mark.parametrize("version", [1, 3])
def test_records_of_other_versions(layout: Layout, version: int) -> None:
    """An older one is read as it was meant; a newer one is refused with what to do."""
    file = layout.root / DEFAULT_OUT.replace(".yaml", ".json")
    schedule = {"cron": "0 8 * * *", "timezone": "Asia/Shanghai", "active": True, "day_or": True}
    one = {
        "name": "a",
        "file": "crontab.txt",
        "line": 2,
        "scheduler": "cron",
        "enabled": True,
        "script": "/opt/a.py",
        "retries": 0,
        "timeout": 60.0,
        "schedules": [schedule],
    }
    file.write_text(json.dumps({"version": version, "jobs": {"a": one}}), "utf-8")
    if version > 1:
        with pytest.raises(ConfigurationError, match="by a newer version of this project"):
            read_records(layout.root)
        return
    old = read_records(layout.root)["a"].old
    assert (old.place, old.timeout) == (Place("crontab.txt", 2), timedelta(minutes=1))
    assert old.schedules == (OldSchedule(cron="0 8 * * *", timezone="Asia/Shanghai"),)
    assert check(layout, [], None) == 1  # it has a timeout there, and another one here
    assert check(layout, [], None, "a") == 0
    assert json.loads(file.read_text("utf-8"))["version"] == 2


def test_nothing_was_imported(project: ProjectFolder) -> None:
    """The error says what imports."""
    with pytest.raises(ConfigurationError, match="import SOURCE"):
        check(Layout(project.root), [], None)


def test_a_file_that_is_broken_is_named(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """Its entries are there, and only not read."""
    file = layout.root / DEFAULT_OUT
    file.write_text(file.read_text("utf-8") + "  - [broken\n", "utf-8")
    assert check(layout, [], None) == 1
    assert f"  {DEFAULT_OUT}:" in capsys.readouterr().out


LINES = (
    "CRON_TZ=Asia/Shanghai\n"
    "0 8 * * * python3 /opt/a.py --shop 1\n"
    "0 9 * * * python3 /opt/a.py --shop 2\n"
    "0 21 * * * python3 /opt/a.py --shop 2\n"
)


def test_a_script_in_several_lines(
    project: ProjectFolder,
    planned: Callable[..., Plan],
    crontab: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each line is held against its own entry, also after one of them was changed."""
    crontab.write_text(LINES, "utf-8")
    write(project.root, planned(crontab), check_out(project.root, DEFAULT_OUT))
    (project.root / "include/scripts/imported/a.py").write_text("print(1)\n")
    assert check(Layout(project.root), [str(crontab)], None) == 0
    crontab.write_text(LINES.replace("0 21 ", "0 22 "), "utf-8")
    capsys.readouterr()
    assert check(Layout(project.root), [str(crontab)], None) == 1
    assert "(a_3)" in capsys.readouterr().out


def test_a_line_that_is_new(
    project: ProjectFolder, planned: Callable[..., Plan], crontab: Path, tmp_path: Path
) -> None:
    """One more line of a script that was imported is a job of its own, in whichever crontab."""
    crontab.write_text(LINES, "utf-8")
    write(project.root, planned(crontab), check_out(project.root, DEFAULT_OUT))
    again = planned(crontab)
    assert not again.entries
    assert [one.job_id for one in again.known] == ["a", "a_2", "a_3"]
    more = "0 10 * * * python3 /opt/a.py --shop 3\n"
    crontab.write_text(LINES + more, "utf-8")
    assert [one.job.args for one in planned(crontab).entries] == [("--shop", "3")]
    other = tmp_path / "cron.d" / "other"
    other.parent.mkdir()
    other.write_text(more.replace("python3", "root python3"), "utf-8")
    assert [one.job.args for one in planned(other).entries] == [("--shop", "3")]


def test_a_source_that_cannot_be_read_is_no_system_without_jobs(
    layout: Layout, crontab: Path
) -> None:
    """Its jobs would all count as gone there; nothing is compared."""
    gone = crontab.with_name("gone.txt")
    with pytest.raises(ExpectedError, match=r"gone\.txt(.|\n)*nothing was compared"):
        check(layout, [str(crontab), str(gone)], None)
