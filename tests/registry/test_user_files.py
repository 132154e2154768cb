"""Files that cannot be used, whatever they hold; and those that nobody reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from include.registry import load_registry
from include.registry.checks import check_project, report
from include.registry.user_files import (
    LARGEST,
    UnreadableError,
    check_encoding,
    place_of,
    read_bytes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.registry.conftest import ProjectFolder


def test_read(tmp_path: Path) -> None:
    """A file of up to a megabyte is read whole."""
    (tmp_path / "a").write_bytes(b"x" * LARGEST)
    assert read_bytes(tmp_path, "a") == b"x" * LARGEST


def test_pipe(tmp_path: Path) -> None:
    """A pipe, which nobody may ever write to, is not waited for."""
    os.mkfifo(tmp_path / "a")
    with pytest.raises(UnreadableError, match="a:1:1: is not a file"):
        read_bytes(tmp_path, "a")


def test_too_large(tmp_path: Path) -> None:
    """A file of more than a megabyte is refused by its size, unread."""
    with (tmp_path / "a").open("wb") as file:
        file.truncate(50 * LARGEST)
    with pytest.raises(UnreadableError, match=r"too large \(50.0 MB, .* split it"):
        read_bytes(tmp_path, "a")


def test_missing(tmp_path: Path) -> None:
    """A file that vanished is a problem, not a crash."""
    with pytest.raises(UnreadableError, match="cannot be read"):
        read_bytes(tmp_path, "a")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("好: 拼多多".encode("gbk"), "a:1:1: .* looks like GBK"),
        ("x\n好\n".encode() + b"\xe9\n", "a:3:1: holds byte 0xe9, which is not UTF-8: save"),
        ("x".encode("utf-16"), "a:1:1: holds byte 0xff"),
    ],
)
def test_encoding(raw: bytes, told: str) -> None:
    """What is not UTF-8 is refused at its first byte that does not fit."""
    with pytest.raises(UnreadableError, match=told):
        check_encoding("a", raw)


def test_place() -> None:
    """A place is counted in lines and characters, not in bytes."""
    assert place_of("a\n好好x".encode(), 8) == (2, 3)


def test_what_is_no_file(project: ProjectFolder) -> None:
    """Folders, pipes and dead links are told, a .yml too; hidden files are left alone."""
    tasks = project.root / "config/tasks"
    (tasks / "folder.yaml").mkdir()
    os.mkfifo(tasks / "pipe.yaml")
    (tasks / "dead.yaml").symlink_to("nowhere")
    for name in (".swap.yaml", ".good.yaml.swp", "good.yaml~", "#good.yaml#", "good.yaml.bak"):
        project.write_tasks(name, "{")
    project.write_tasks("README.md", "```\ntasks:\n")
    project.write_tasks("old.yml")
    project.write_tasks("good.yaml")
    registry = load_registry(project.root)
    assert [str(problem).removeprefix("config/tasks/") for problem in registry.problems] == [
        (
            "dead.yaml:1:1: cannot be read (No such file or directory): "
            "restore the file, or make it readable"
        ),
        "folder.yaml:1:1: is not a file: remove it, or put a file in its place",
        "old.yml:1:1: is not read: rename it, so that it ends in .yaml",
        "pipe.yaml:1:1: is not a file: remove it, or put a file in its place",
    ]
    assert list(registry.jobs) == ["good"]


@pytest.mark.parametrize(
    ("name", "repair"),
    [
        ("Y.YAML", "rename it, so that it ends in .yaml"),
        ("z.YML", "rename it, so that it ends in .yaml"),
        ("pdd.yaml.txt", "rename it, so that it ends in .yaml"),
        ("pdd.yaml (1)", "rename it, so that it ends in .yaml"),
        ("pdd.txt", "rename it, so that it ends in .yaml"),
        ("pdd", "rename it, so that it ends in .yaml"),
        ("sub/x.yaml", "move it to config/tasks, under a name of its own"),
        ("sub/deeper/X.YML", "move it to config/tasks, under a name of its own"),
    ],
)
def test_a_file_that_nobody_reads(project: ProjectFolder, name: str, repair: str) -> None:
    """Tasks under a name, or in a folder, that is not read are told, with where they belong."""
    project.write_tasks(name)
    project.write_tasks("other.yaml", project.good_tasks.replace("id: good", "id: other"))
    registry = load_registry(project.root)
    assert list(registry.jobs) == ["other"]
    assert [str(problem) for problem in registry.problems] == [
        f"config/tasks/{name}:1:1: is not read: {repair}"
    ]


INTO = "is not read: put what it holds into {}, and remove it"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config/shops.yml", "shops: []", INTO.format("config/shops.yaml")),
        ("config/Shops.yaml", "shops: []", INTO.format("config/shops.yaml")),
        ("config/shop.yaml", "", INTO.format("config/shops.yaml")),
        ("config/shops.yaml.txt", "", INTO.format("config/shops.yaml")),
        ("config/Feeds.yaml", "feeds: []", "is not read: rename it to config/feeds.yaml"),
        ("config/alerts.yml", "channels: []", "is not read: rename it to config/alerts.yaml"),
        ("config/alert.yaml", "channels: []", "is not read: rename it to config/alerts.yaml"),
        ("config/pools.JSON", "{}", "is not read: rename it to config/pools.json"),
        ("config/airflow.env.txt", "", "is not read: rename it to config/airflow.env"),
        ("config/pdd.yaml", "tasks: []", "is not read: move its jobs to config/tasks/"),
        ("config/new.txt", "# ours\nshops:\n", INTO.format("config/shops.yaml")),
        (
            "config/tasks/.hidden.yaml",
            "tasks: []",
            "is not read: rename it, so that it does not begin with a dot, or remove it",
        ),
        ("config/task/x.yaml", "tasks: []", "is not read: move its jobs to config/tasks/"),
    ],
)
def test_what_is_meant_for_us_is_told(
    project: ProjectFolder, file: str, content: str, told: str
) -> None:
    """With where it belongs, so that no shop, feed or pool is written in vain."""
    project.write_tasks("t.yaml")
    project.write_shops()
    project.write(file, content)
    (problem,) = check_project(project.root).problems
    assert file.startswith(problem.file)
    assert problem.message == told


def test_what_is_the_teams_own_is_left_alone(project: ProjectFolder) -> None:
    """Scripts may have files of their own there, and editors leave some; a copy is a note."""
    project.write_tasks("t.yaml")
    project.write_shops()
    for name in ("targets.yaml", "shop_goals.csv", ".shops.yaml.swp", "shops.yaml~", "notes.md"):
        project.write(f"config/{name}", "goals: []")
    project.write("config/shops.yaml.bak", "shops: []")
    project.write_tasks("t.yaml.old")
    for name in (".t.yaml.swp", ".#t.yaml", "t.yaml~"):
        project.write(f"config/tasks/{name}", "tasks: []")
    lines, code = report(project.root)
    assert code == 0
    assert [line for line in lines if "is not read" in line] == [
        "note: config/tasks/t.yaml.old: is not read: it is taken for a copy that was put aside",
        "note: config/shops.yaml.bak: is not read: it is taken for a copy that was put aside",
    ]
