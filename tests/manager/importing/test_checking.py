"""`import --check`: the record of an import against the entries as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from manager.importing.checking import check
from manager.importing.writing import DEFAULT_OUT, check_out, write
from manager.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manager.importing.planning import Plan
    from tests.registry.conftest import ProjectFolder

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
