"""Bounds and what is said of them."""

from __future__ import annotations

import random
from decimal import Decimal
from types import SimpleNamespace

import pytest

from include.periods import Schedule
from include.registry.checks_schema import Checks, consistent
from include.row_checks.bounds import (
    COMPARISONS,
    in_words,
    miscount,
    passes,
    summary,
    too_few,
)
from include.units.unit import Unit
from tests.coverage.registries import row

UNIT = Unit("pdd_quality", "pdd-3", Schedule("0 8 * * *", "day").parse_key("2025-10-02"))


def _checks(**keys: object) -> Checks:
    return Checks.model_validate(keys)


def test_min_rows() -> None:
    """The bound is the entry's, and its failure names figure and bound."""
    checks = _checks(min_rows=1000)
    assert too_few(checks, 12, []) == ["12 rows, at least 1,000 expected"]
    assert too_few(checks, 1000, []) == []


@pytest.mark.parametrize(
    ("last_rows", "max_drop", "least"),
    [
        ([400, 400, 400, 400], "60%", 160),
        ([10, 300, 500, 9000], "60%", 160),
        ([401, 400, 401, 400], "60%", 161),  # 160.2: a part of a row is a row
        ([3, 3, 3, 3], "10%", 3),
        ([100, 100, 100, 100], "100%", 0),
        ([1, 1, 1, 1], "99%", 1),
    ],
)
def test_max_drop(last_rows: list[int], max_drop: str, least: int) -> None:
    """The least that passes is exact: the median of the last four without the allowed drop."""
    checks = _checks(max_drop=max_drop)
    assert too_few(checks, least, last_rows) == []
    assert len(too_few(checks, least - 1, last_rows)) == 1


def test_max_drop_in_words() -> None:
    """It names the rows, the median, the drop and how much is allowed."""
    checks = _checks(max_drop="60%")
    assert too_few(checks, 40, [400, 300, 500, 400]) == [
        "40 rows, the median of the last four is 400: a drop of 90 %, at most 60 % allowed"
    ]
    (told,) = too_few(checks, 49_370, [123_456, 123_457, 1, 900_000])
    assert "median of the last four is 123,456.5: a drop of 60.01 %" in told


def test_max_drop_waits_for_four_periods() -> None:
    """With fewer there is nothing to compare with."""
    assert too_few(_checks(max_drop="60%"), 0, [400, 400, 400]) == []


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"equal_to": 0}, "exactly 0"),
        ({"geq_to": 0, "less_than": 9.5}, "at least 0 and less than 9.5"),
        ({"greater_than": 1, "leq_to": 2}, "more than 1 and at most 2"),
        ({"equal_to": 100, "tolerance": 0.1}, "exactly 100, give or take 10 %"),
        ({"geq_to": 0, "result": -3, "success": False}, "at least 0"),
    ],
)
def test_comparisons_in_words(limits: dict[str, float], words: str) -> None:
    """A column's check is said as a person would."""
    assert in_words(limits) == words


def test_summary() -> None:
    """Every check of an entry is in it."""
    checks = _checks(
        min_rows=1,
        max_drop="60%",
        table="erp_orders",
        day="order_day",
        columns={"paid_amount": {"min": {"geq_to": 0}, "null_check": {"equal_to": 0}}},
    )
    assert summary(checks) == (
        "at least 1 row; at most 60% fewer rows than the median of the last four periods; "
        "`erp_orders.paid_amount`: min at least 0; `erp_orders.paid_amount`: null_check exactly 0"
    )


def test_figures_are_compared_as_common_sql_does() -> None:
    """For every combination of comparisons that an entry may have, with a tolerance and without."""
    sql = pytest.importorskip("airflow.providers.common.sql.operators.sql")
    match = sql.SQLColumnCheckOperator._get_match
    theirs = SimpleNamespace(accept_none=True)
    chance = random.Random(7)
    seen = set()
    for _ in range(5_000):
        keys = chance.sample([*COMPARISONS], chance.randint(1, 3))
        try:
            limits = consistent({key: float(chance.randint(-4, 4)) for key in keys})
        except ValueError:
            continue
        if chance.random() < 0.5:
            limits["tolerance"] = chance.choice([0.0, 0.1, 0.5])
        for found in (chance.randint(-6, 6), Decimal(chance.randint(-60, 60)) / 10):
            verdict = passes(limits, found)
            seen.add((frozenset(limits), verdict))
            assert verdict == match(theirs, limits, found, limits.get("tolerance")), (limits, found)
    assert len(seen) == 2 * 2 * (5 + 4)


@pytest.mark.parametrize(
    ("tolerance", "rows", "counted", "told"),
    [
        (0, 55, 55, ""),
        (0, 52, 55, "52 landed, the source counts 55"),
        (0, 1055, 1054, "1,055 landed, the source counts 1,054"),
        ("1%", 297, 300, ""),
        ("1%", 296, 300, "296 landed, the source counts 300: at most 3 apart allowed"),
        ("1%", 19, 20, ""),  # a part of a row is a row
        ("1%", 1, 0, "1 landed, the source counts 0"),
        (0, None, 3, "0 landed, the source counts 3"),
        (0, 3, None, ""),
    ],
)
def test_the_sources_own_count(
    tolerance: object, rows: int | None, counted: int | None, told: str
) -> None:
    """Both numbers are named where they are further apart than the tolerance, either way."""
    checks = _checks(control_total={"tolerance": tolerance})
    found = row("jd_store", "jd-1", UNIT.period, "ok", rows=rows, source_rows=counted)
    assert miscount(checks, found) == told
