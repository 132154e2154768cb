"""The page of all jobs is made of the registry; tests/test_docs.py says whether it is fresh."""

from argparse import Namespace
from pathlib import Path

import pytest

from include.language import ENGLISH
from include.registry.checks import check_project
from manager.commands.check import check, write_pages
from manager.jobs_page import PAGES, page
from manager.layout import Layout
from tests.registry.conftest import ProjectFolder


def test_every_job_has_a_row_and_a_section() -> None:
    """With its cron in words and as written, and how to run it again."""
    text = page(check_project(), ENGLISH)
    for job in check_project().registry.jobs.values():
        assert f"| [{job.id}](#{job.id}) | {job.name} | " in text
        (section,) = [part for part in text.split("\n## ") if part.startswith(f"{job.id}\n")]
        assert f"`{job.cron}`" in section
        assert job.doc.strip() in section
        assert f"scheduler_manager.py run {job.id} --period KEY" in section


def test_what_an_entry_says_is_on_the_page(tmp_path: Path) -> None:
    """Deadline, platform's pool, no retries, no recovery; a bar in a name breaks no table."""
    project = ProjectFolder(tmp_path)
    project.write_entry(
        "id: a",
        "name: a|b",
        "cron: '30 7 * * *'",
        "script: good.py",
        "platform: erp",
        "deadline: '10:00'",
        "retries: 0",
        "recover: 0d",
    )
    text = page(check_project(tmp_path), ENGLISH)
    when = "At 07:30, every day: `30 7 * * *` | the day before"
    assert f"| a&#124;b | {when} | none | 1h | 10:00 |" in text
    for said in ("by 10:00", "- pool: `erp`", "- not retried", "wait until somebody runs them"):
        assert said in text


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`check --write-docs` makes both what the registry says, and says that it did."""
    project = ProjectFolder(tmp_path)
    project.write_tasks("t.yaml")
    for path in PAGES.values():
        project.write(path, "stale")
    assert check(Layout(tmp_path), Namespace(write_docs=True)) == 0
    assert capsys.readouterr().out == "wrote docs/jobs.md, docs/jobs.zh-CN.md (jobs: 1)\n"
    found = check_project(tmp_path)
    for language, path in PAGES.items():
        assert (tmp_path / path).read_text("utf-8") == page(found, language)


def test_a_wrong_registry_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page keeps what it said, and the problem is told."""
    project = ProjectFolder(tmp_path)
    project.write_entry("id: a", "name: a", "cron: '99 7 * * *'", "script: good.py")
    for path in PAGES.values():
        project.write(path, "as it was")
    assert write_pages(tmp_path) == 1
    assert "minute 99 is not in 0-59" in capsys.readouterr().out
    assert {(tmp_path / path).read_text("utf-8") for path in PAGES.values()} == {"as it was"}
