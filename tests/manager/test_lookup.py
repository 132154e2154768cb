"""Finding what a person named."""

from pathlib import Path

import pytest

from include.errors import ConfigurationError
from manager.layout import Layout
from manager.lookup import find_job

ENTRY = """tasks:
  - id: copy_files
    name: 门店数据
    cron: "0 8 * * *"
    script: copy_files.py
  - id: bad_cron
    name: Bad
    cron: "99 8 * * *"
    script: copy_files.py
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return a project with one good and one bad job."""
    (tmp_path / "config" / "tasks").mkdir(parents=True)
    (tmp_path / "config" / "tasks" / "own.yaml").write_text(ENTRY, "utf-8")
    (tmp_path / "include" / "scripts").mkdir(parents=True)
    (tmp_path / "include" / "scripts" / "copy_files.py").touch()
    return Layout(root=tmp_path, var=tmp_path / "var")


def test_a_job_is_found(layout: Layout) -> None:
    """A job of the registry is found by its id."""
    assert find_job(layout, "copy_files").name == "门店数据"


def test_a_misspelt_job_names_the_nearest(layout: Layout) -> None:
    """An unknown id names the one that was probably meant."""
    with pytest.raises(ConfigurationError, match="did you mean 'copy_files'"):
        find_job(layout, "copy_file")


def test_a_job_s_name_leads_to_its_id(layout: Layout) -> None:
    """Alerts and the page show the name alone: whoever writes it is told the id, and no other."""
    with pytest.raises(ConfigurationError, match=r"write one of copy_files$"):
        find_job(layout, "门店数据")


def test_a_broken_job_says_what_is_wrong(layout: Layout) -> None:
    """A job whose entry is wrong says so, with its place, instead of `unknown`."""
    with pytest.raises(ConfigurationError, match=r"config/tasks/own\.yaml:8:\d+: bad_cron: cron"):
        find_job(layout, "bad_cron")
