"""The small checks of single values."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.registry import predicates

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (predicates.text, "多行\n\t文字", "多行\n\t文字"),
    (predicates.text, "", ""),
    (predicates.line, " 京东门店数据 ", "京东门店数据"),
    (predicates.tag, "质量", "质量"),
    (predicates.job_id, "pdd_kpi_daily", "pdd_kpi_daily"),
    (predicates.job_id, "a" * 64, "a" * 64),
    (predicates.shop_id, "pdd-1", "pdd-1"),
    (predicates.connection_id, "PDD_shop-1", "PDD_shop-1"),
    (predicates.platform_number, 10001, "10001"),
    (predicates.platform_number, "010001", "010001"),
    (predicates.period, "tick", "tick"),
    (predicates.weekday, "monday", "monday"),
    (predicates.cron, " 0  8 * * * ", "0 8 * * *"),
    (predicates.timezone, "America/New_York", "America/New_York"),
    (predicates.timezone, "UTC", "UTC"),
    (predicates.flag, False, False),
    (predicates.count, 0, 0),
    (predicates.retries, 100, 100),
    (predicates.number, -0.5, -0.5),
    (predicates.duration, "0d", timedelta(0)),
    (predicates.positive_duration, "1s", timedelta(seconds=1)),
    (predicates.day, "2024-02-29", date(2024, 2, 29)),
    (predicates.time_of_day, "00:00", time(0)),
    (predicates.time_of_day, "23:59", time(23, 59)),
    (predicates.percent, "60%", 0.6),
    (predicates.percent, "100%", 1),
    (predicates.tolerance, 0, 0),
    (predicates.tolerance, "1%", 0.01),
]
WRONG_TYPES = [None, True, 1.5, [], {}, [["x"]], {"a": {"b": None}}, object()]
NOT_NUMBERS = {predicates.flag, predicates.number}
# In one order, so that the workers which share the tests agree on which there are.
CHECKS = [
    check for check in dict.fromkeys(check for check, _, _ in GOOD) if check not in NOT_NUMBERS
]


@pytest.mark.parametrize(("check", "written", "meant"), GOOD)
def test_taken(check: Callable[[Any], Any], written: Any, meant: Any) -> None:
    """What is right is taken for what it means."""
    assert check(written) == meant


@pytest.mark.parametrize("value", WRONG_TYPES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__qualname__)
def test_wrong_type(check: Callable[[Any], Any], value: Any) -> None:
    """A value of any other type is refused with advice, never taken or crashed on."""
    with pytest.raises(ValueError, match=r"write|quotes|did you mean"):
        check(value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (predicates.flag, "true"),
        (predicates.flag, 1),
        (predicates.number, "1"),
        (predicates.number, True),
        (predicates.line, "\n"),
        (predicates.job_id, "a\n"),
        (predicates.job_id, "pdd-quality"),
        (predicates.job_id, "拼多多"),
        (predicates.shop_id, "-"),
        (predicates.shop_id, "a,b"),
        (predicates.connection_id, "a b"),
        (predicates.timezone, "../../etc/localtime"),
        (predicates.timezone, "a" * 10_000),
        (predicates.timezone, ""),
        (predicates.day, "2025-1-1"),
        (predicates.day, "२०२५-०१-०१"),
        (predicates.time_of_day, "24:00"),
        (predicates.time_of_day, "10:00\n"),
        (predicates.percent, "0%"),
        (predicates.tolerance, 1),
        (predicates.tolerance, False),
        (predicates.tolerance, "0"),
        (predicates.tolerance, "0%"),
        (predicates.percent, "101%"),
        (predicates.percent, "60"),
        (predicates.text, "\x1b[31m"),
    ],
)
def test_refused(check: Callable[[Any], Any], value: Any) -> None:
    """What comes near, but is not right, is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are in wrong_entries.txt
        check(value)


@pytest.mark.parametrize(
    "name",
    [
        "Beijing",
        "asia/beijing",
        "China",
        "China Standard Time",
        "UTC+8",
        "gmt +08:00",
        "UTC＋8",
        "+8",
        "中国",
        "北京时间",
        "东八区",
    ],
)
def test_names_of_chinas_time_lead_to_the_zone(name: str) -> None:
    """Whatever people call it, the message has the name that is right."""
    with pytest.raises(ValueError, match="is not an IANA time zone: write Asia/Shanghai"):
        predicates.timezone(name)


@pytest.mark.parametrize(
    ("value", "written"), [(None, "null"), (True, "true"), ("a", "'a'"), (5, "5"), (["a"], "['a']")]
)
def test_shown(value: Any, written: str) -> None:
    """A value is shown the way it is written in YAML."""
    assert predicates.shown(value) == written
