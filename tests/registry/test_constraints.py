"""The small checks of single values, and what editors check."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from include.periods import PERIODS, WEEKDAYS
from include.registry import constraints, fields, quantities

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (constraints.text, "多行\n\t文字", "多行\n\t文字"),
    (constraints.text, "", ""),
    (constraints.line, " 京东门店数据 ", "京东门店数据"),
    (constraints.tag, "质量", "质量"),
    (constraints.job_id, "pdd_kpi_daily", "pdd_kpi_daily"),
    (constraints.job_id, "a" * 64, "a" * 64),
    (constraints.shop_id, "pdd-1", "pdd-1"),
    (constraints.connection_id, "PDD_shop-1", "PDD_shop-1"),
    (constraints.platform_number, 10001, "10001"),
    (constraints.platform_number, "010001", "010001"),
    (constraints.one_of(PERIODS), "tick", "tick"),
    (constraints.one_of(WEEKDAYS), "monday", "monday"),
    (constraints.cron, " 0  8 * * * ", "0 8 * * *"),
    (constraints.timezone, "America/New_York", "America/New_York"),
    (constraints.timezone, "UTC", "UTC"),
    (constraints.flag, False, False),
    (quantities.count, 0, 0),
    (quantities.retries, 100, 100),
    (quantities.number, -0.5, -0.5),
    (quantities.duration, "0d", timedelta(0)),
    (quantities.duration, "90s", timedelta(seconds=90)),
    (quantities.duration, "5m", timedelta(minutes=5)),
    (quantities.duration, "1h30m", timedelta(minutes=90)),
    (quantities.duration, "1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    (quantities.positive_duration, "1s", timedelta(seconds=1)),
    (quantities.day, "2024-02-29", date(2024, 2, 29)),
    (quantities.time_of_day, "00:00", time(0)),
    (quantities.time_of_day, "23:59", time(23, 59)),
    (quantities.percent, "60%", 0.6),
    (quantities.percent, "100%", 1),
    (quantities.tolerance, 0, 0),
    (quantities.tolerance, "1%", 0.01),
]
WRONG_TYPES = [None, True, 1.5, [], {}, [["x"]], {"a": {"b": None}}, object()]
NOT_NUMBERS = {constraints.flag, quantities.number}
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
        (constraints.flag, "true"),
        (constraints.flag, 1),
        (quantities.number, "1"),
        (quantities.number, True),
        (constraints.line, "\n"),
        (constraints.job_id, "a\n"),
        (constraints.job_id, "pdd-quality"),
        (constraints.job_id, "拼多多"),
        (constraints.shop_id, "-"),
        (constraints.shop_id, "a,b"),
        (constraints.connection_id, "a b"),
        (constraints.timezone, "../../etc/localtime"),
        (constraints.timezone, "a" * 10_000),
        (constraints.timezone, ""),
        (quantities.day, "2025-1-1"),
        (quantities.day, "२०२५-०१-०१"),
        (quantities.time_of_day, "24:00"),
        (quantities.time_of_day, "10:00\n"),
        (quantities.percent, "0%"),
        (quantities.tolerance, 1),
        (quantities.tolerance, False),
        (quantities.tolerance, "0"),
        (quantities.tolerance, "0%"),
        (quantities.percent, "101%"),
        (quantities.percent, "60"),
        (constraints.text, "\x1b[31m"),
        *((quantities.duration, text) for text in ("", "5", "m", "5 m", "1.5h", "-5m", "5M")),
        *((quantities.duration, text) for text in ("30m1h", "５m", "1w", "3661d")),
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
        constraints.timezone(name)


@given(st.integers(0, quantities.LONGEST_DURATION // timedelta(seconds=1)))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    """In the largest units."""
    span = timedelta(seconds=seconds)
    assert quantities.duration(quantities.write_duration(span)) == span


WITH_PATTERN = ["JobId", "ShopId", "ConnectionId", "Cron", "Duration", "TimeOfDay", "Percent"]


@pytest.mark.parametrize("name", WITH_PATTERN)
@settings(max_examples=30)
@given(data=st.data())
def test_patterns(name: str, data: st.DataObject) -> None:
    """Whatever text the code takes, the pattern for editors takes as well."""
    adapter: TypeAdapter[Any] = TypeAdapter(getattr(fields, name))
    pattern = adapter.json_schema()["pattern"]
    written = data.draw(st.from_regex(pattern, fullmatch=True) | st.text(max_size=12))
    try:
        adapter.validate_python(written)
    except ValidationError:
        return
    assert re.search(pattern, written)
