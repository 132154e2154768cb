"""Files in config/ that nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry.checks import check_project, report

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

INTO = "is not read: put what it holds into {}, and remove it"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config/shops.yml", "shops: []", INTO.format("config/shops.yaml")),
        ("config/Shops.yaml", "shops: []", INTO.format("config/shops.yaml")),
        ("config/shop.yaml", "", INTO.format("config/shops.yaml")),
        ("config/shops.yaml.txt", "", INTO.format("config/shops.yaml")),
        ("config/Feeds.yaml", "feeds: []", "is not read: rename it to config/feeds.yaml"),
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
