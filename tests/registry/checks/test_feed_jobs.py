"""Jobs that read a feed, held against config/feeds.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry.checks import check_project, report

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

FEEDS = """\
feeds:
  - id: pdd_review
    name: 差评
    connection: pdd_feed
    path: /reviews
    rows: data
    table: pdd_reviews
    fields: {review_id: id, score: stars, created_time: at}
    key: [review_id]
    within: created_time
  - id: pdd_kpi
    name: 绩效
    connection: pdd_feed
    path: /kpi
    rows: data
    table: pdd_kpi
    fields: {agent_id: id, sessions: sessions, orders: orders, sales_amount: sales}
    key: [agent_id]
"""
VISIBLE = "connections: [pdd_feed]"


def _problems(
    project: ProjectFolder, *lines: str, feeds: str = FEEDS, cron: str = "0 8 * * *"
) -> list[str]:
    project.write("include/scripts/pdd/pdd_feed.py", "")
    always = ["id: j", "name: j", f'cron: "{cron}"', "script: pdd/pdd_feed.py"]
    project.write_entry(*always, *lines)
    if feeds:
        project.write("config/feeds.yaml", feeds)
    return [str(problem) for problem in check_project(project.root).problems]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["args: [--feed, pdd_review]", VISIBLE], None),
        (["args: [--feed=pdd_kpi]", VISIBLE], None),
        (
            ["args: [--feed, pdd_reviews]", VISIBLE],
            "feed 'pdd_reviews' is not in config/feeds.yaml: did you mean 'pdd_review'?",
        ),
        (
            ["args: [--feed, '7']", VISIBLE],
            "feed '7' is not in config/feeds.yaml: write one of pdd_review, pdd_kpi",
        ),
        ([VISIBLE], "script pdd/pdd_feed.py reads a feed: add args: [--feed, pdd_review]"),
        (
            ["args: [--feed]", VISIBLE],
            "script pdd/pdd_feed.py reads a feed: add args: [--feed, pdd_review]",
        ),
        (
            ["args: [--feed, pdd_kpi]", VISIBLE, "checks: {control_total: {tolerance: 0}}"],
            (
                "checks.control_total: feed pdd_kpi names no total: add the path of one under its "
                "paging (config/feeds.yaml:11), or remove control_total"
            ),
        ),
        (
            ["args: [--feed, pdd_review]"],
            (
                "connections is [], without 'pdd_feed' of feed pdd_review: "
                "write connections: [pdd_feed]"
            ),
        ),
    ],
)
def test_a_job_names_a_feed_that_it_can_read(
    project: ProjectFolder, lines: list[str], expected: str | None
) -> None:
    """What is wrong is told at the job's line, with the nearest id."""
    where = "config/tasks/t.yaml:2:1: j: "
    assert _problems(project, *lines) == ([f"{where}{expected}"] if expected else [])


def test_a_week_cannot_land_in_a_table_of_days(project: ProjectFolder) -> None:
    """It would pass for a day's rows; KPI have a column for the kind of period."""
    weekly = [VISIBLE, "period: week"]
    (problem,) = _problems(project, "args: [--feed, pdd_review]", *weekly, cron="0 8 * * 6")
    assert problem.endswith(
        "j: feed pdd_review: a week cannot land in pdd_reviews: write 'period: day' in config/tasks"
    )
    assert _problems(project, "args: [--feed, pdd_kpi]", *weekly, cron="0 8 * * 6") == []


TWO = """\
tasks:
  - {{id: a, name: a, cron: "0 8 * * *", script: pdd/pdd_feed.py, connections: [pdd_feed],
     args: [--feed, {feed}], platform: pdd}}
  - {{id: b, name: b, script: pdd/pdd_feed.py, connections: [pdd_feed],
     args: [--feed, {second}], {keys}}}
"""


@pytest.mark.parametrize(
    ("feed", "keys", "refused"),
    [
        ("pdd_review", 'cron: "0 9 * * *", platform: pdd', True),
        ("pdd_review", 'cron: "0 9 * * *", platform: pdd, enabled: false', False),
        ("pdd_review", 'cron: "0 9 * * *", platform: erp', False),
        ("pdd_kpi", 'cron: "0 9 * * *", platform: pdd', True),
        ("pdd_kpi", 'cron: "0 9 * * 6", platform: pdd, period: week', False),
    ],
)
def test_two_jobs_do_not_take_each_others_place(
    project: ProjectFolder, feed: str, keys: str, *, refused: bool
) -> None:
    """Rows of a shop and period are replaced as a whole: only one feed can bring them."""
    project.write("include/scripts/pdd/pdd_feed.py", "")
    again = FEEDS.removeprefix("feeds:\n").replace("id: pdd", "id: other")
    project.write("config/feeds.yaml", FEEDS + again)
    second = feed.replace("pdd", "other")
    project.write_tasks("t.yaml", TWO.format(feed=feed, second=second, keys=keys))
    shop = "{{id: {0}-1, platform: {0}, name: x, connection: c, platform_id: '1'}}"
    project.write_shops(shop.format("pdd"), shop.format("erp"))
    told = [str(one) for one in check_project(project.root).problems if one.job_id]
    assert [one.partition(": let one job")[0] for one in told] == [
        f"config/tasks/t.yaml:4:1: b: its rows in {feed.replace('review', 'reviews')} take the "
        "place of those of job a (config/tasks/t.yaml:2), for the same shops and the same day"
        for _ in range(refused)
    ]


def test_a_feed_with_a_problem_is_no_unknown_feed(project: ProjectFolder) -> None:
    """One mistake is told once."""
    broken = FEEDS.replace("path: /reviews", "path: reviews")
    (problem,) = _problems(project, "args: [--feed, pdd_review]", VISIBLE, feeds=broken)
    assert problem.startswith("config/feeds.yaml:5:11: pdd_review: path 'reviews' is not a path")
    (problem,) = _problems(project, "args: [--feed, pdd_review]", VISIBLE, feeds="feeds: {}\n")
    assert problem.startswith("config/feeds.yaml:1:8: 'feeds' is not a list")


def test_without_the_file_the_feed_is_to_be_added(project: ProjectFolder) -> None:
    """A project without feeds needs no such file, one with a job that reads one does."""
    (problem,) = _problems(project, "args: [--feed, pdd_review]", VISIBLE, feeds="")
    assert problem.endswith("feed 'pdd_review' is not in config/feeds.yaml: add it there")


def test_another_script_may_have_an_option_of_that_name(project: ProjectFolder) -> None:
    """Only the scripts that read config/feeds.yaml are meant."""
    project.write_entry(
        "id: j", "name: j", 'cron: "0 8 * * *"', "script: good.py", "args: [--feed]"
    )
    assert check_project(project.root).problems == []


def test_a_feed_that_nobody_reads_is_noted(project: ProjectFolder) -> None:
    """In both languages, with its line; it is no problem."""
    assert _problems(project, "args: [--feed, pdd_review]", VISIBLE) == []
    lines, code = report(project.root)
    assert code == 0
    assert lines[-1] == (
        "note: config/feeds.yaml:11: pdd_kpi: no job reads this feed: "
        "add an entry with args: [--feed, pdd_kpi], or remove it"
    )
    assert "没有任务读取这个数据源" in report(project.root, "zh")[0][-1]
