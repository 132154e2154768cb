"""The tables and columns that checks name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Date, DateTime

from include.registry import load_registry
from include.registry.checks import report
from include.registry.checks.jobs import column_problems
from include.warehouse.tables import metadata
from include.warehouse.views import TIMES

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

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
    assert "是否想写 'erp_orders'" in report(project.root, "zh")[0][-1]
