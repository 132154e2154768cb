"""Jobs, held against what they name: feeds, tables with their columns, pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Date, DateTime

from include.language import speaking
from include.registry import load_registry
from include.registry.checks import check_project, report
from include.registry.checks.project import column_problems
from include.warehouse.tables import metadata
from include.warehouse.views import TIMES

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
    with speaking("zh"):
        assert "没有任务读取这个数据源" in report(project.root)[0][-1]


WHERE = "config/tasks/t.yaml:2:1: good: "


def _write(project: ProjectFolder, table: str, day: str, column: str) -> None:
    checks = f"{{table: {table}, day: {day}, columns: {{{column}: {{min: {{geq_to: 0}}}}}}}}"
    project.write_tasks("t.yaml", f"{project.good_tasks}    checks: {checks}\n")


@pytest.mark.parametrize(
    ("table", "day", "column", "told"),
    [
        (
            "erp_orders",
            "modified_tme",
            "paid_amount",
            "checks.day: erp_orders has no column 'modified_tme': did you mean 'modified_time'?",
        ),
        (
            "erp_orders",
            "order_day",
            "paid_amont",
            "checks.columns: erp_orders has no column 'paid_amont': did you mean 'paid_amount'?",
        ),
        (
            "jd_store_daily",
            "business_day",
            "refunds",
            (
                "checks.columns: jd_store_daily has no column 'refunds': write one of shop_id, "
                "business_day, orders, paid_orders, cancelled_orders, paid_amount, "
                "average_order_value"
            ),
        ),
        (
            "main.pdd_refunds",
            "updated_time",
            "refund_amont",
            (
                "checks.columns: pdd_refunds has no column 'refund_amont': did you mean "
                "'refund_amount'?"
            ),
        ),
        (
            "public.erp_orders",
            "modified_tme",
            "paid_amount",
            "checks.day: erp_orders has no column 'modified_tme': did you mean 'modified_time'?",
        ),
        (
            "erp_orders",
            "shop_id",
            "paid_amount",
            (
                "checks.day: 'shop_id' of erp_orders is no date or time: write one of order_time, "
                "order_day, pay_time, modified_time"
            ),
        ),
    ],
)
def test_a_column_that_a_table_of_ours_does_not_have_is_a_problem(
    project: ProjectFolder, table: str, day: str, column: str, told: str
) -> None:
    """In a table or a view, with its schema or without; the nearest is named, or all are."""
    _write(project, table, day, column)
    assert report(project.root) == ([f"{WHERE}{told}"], 1)


def test_the_columns_that_hold_a_day_or_a_time_are_known_by_their_names() -> None:
    """Of every table, no other and each of them."""
    for name, table in metadata.tables.items():
        of_type = [c.name for c in table.columns if isinstance(c.type, (Date, DateTime))]
        assert list(TIMES[name]) == of_type


@pytest.mark.parametrize(
    ("table", "day", "column"),
    [
        ("pdd_kpi_weekly", "first_day", "orders"),
        ("ERP_Orders", "Order_Day", "Paid_Amount"),  # databases do not tell the two apart
        ("our_returns", "a", "b"),
        ("erp.erp_orders", "a", "b"),  # in a schema of the team's
    ],
)
def test_what_the_project_or_the_team_makes_is_right(
    project: ProjectFolder, table: str, day: str, column: str
) -> None:
    """A table that the project does not make is the team's own: nothing is known of it."""
    _write(project, table, day, column)
    lines, code = report(project.root)
    assert (len(lines), code) == (1, 0)
    (job,) = load_registry(project.root).jobs.values()
    assert list(column_problems(job)) == []


def test_a_table_that_is_nearly_one_of_ours_is_noted(project: ProjectFolder) -> None:
    """It may be a slip or a table of the team's own: it is said in both languages, no problem."""
    _write(project, "erp_order", "order_day", "paid_amount")
    lines, code = report(project.root)
    assert (lines[1:], code) == (
        [
            (
                "note: config/tasks/t.yaml:2: good: checks.table 'erp_order' is no table of this "
                "project: did you mean 'erp_orders'? (right as it is, if it is a table of your own)"
            )
        ],
        0,
    )
    with speaking("zh"):
        assert "是不是想写 'erp_orders'" in report(project.root)[0][-1]


GOOD_POOL = '{"jd": {"slots": 1, "description": "x"}}'


def _pool_problems(project: ProjectFolder, pools: str | None, *more: str) -> list[str]:
    project.write_shops("{id: s, platform: jd, name: s, connection: s, platform_id: 1}")
    project.write_tasks("t.yaml", project.good_tasks + "".join(f"    {one}\n" for one in more))
    if pools is not None:
        project.write("config/pools.json", pools)
    return [str(problem) for problem in check_project(project.root).problems]


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        (GOOD_POOL, None),
        ('{"jd": {"slots": -1, "description": ""}}', None),
        (
            '{"erp": {"slots": 1, "description": "x"}}',
            (
                "config/tasks/t.yaml:2:1: good: platform 'jd' has no pool, and its tasks would "
                'wait for ever: add "jd": {"slots": 1, "description": "what it is for"} to '
                "config/pools.json"
            ),
        ),
        ('{\n  "jd": }', "config/pools.json:2:9: is not JSON (Expecting value): correct it here"),
        ("[]", 'config/pools.json:1:1: is not a JSON object: begin it with {"erp": …}'),
        (
            '{\n  "jd": {"slots": 0, "description": "x"}}',
            (
                "config/pools.json:2:3: pool 'jd' is "
                '{"slots": 0, "description": "x"}: write it '
                'like {"slots": 1, "description": "what it is for"}'
            ),
        ),
        (
            '{"jd": {"slots": 2}}',
            (
                "config/pools.json:1:2: pool 'jd' is "
                '{"slots": 2}: write it like '
                '{"slots": 1, "description": "what it is for"}'
            ),
        ),
        (
            '{"jd": 2}',
            (
                "config/pools.json:1:2: pool 'jd' is 2: write it like "
                '{"slots": 1, "description": "what it is for"}'
            ),
        ),
        (
            None,
            (
                "config/pools.json:1:1: cannot be read (No such file or directory): "
                "restore the file, or make it readable"
            ),
        ),
    ],
)
def test_every_platform_has_a_pool(
    project: ProjectFolder, pools: str | None, expected: str | None
) -> None:
    """A task whose pool is not there waits for ever, and nobody is told."""
    assert _pool_problems(project, pools, "platform: jd") == ([expected] if expected else [])


@pytest.mark.parametrize("more", [["platform: jd", "enabled: false"], []])
def test_jobs_that_need_no_pool_need_no_file(project: ProjectFolder, more: list[str]) -> None:
    """A disabled job, or one without a platform."""
    assert _pool_problems(project, None, *more) == []
