"""Columns on a terminal."""

from __future__ import annotations

from manager.table import cut, lined_up, width_of


def test_chinese_names_keep_the_columns_in_line() -> None:
    """A Chinese sign takes two cells."""
    lines = lined_up([("京东门店数据", "1"), ("erp", "22")], indent="")
    assert [width_of(line[: line.index(end)]) for line, end in zip(lines, "12", strict=True)] == [
        14,
        14,
    ]


def test_what_is_too_long_is_cut_to_its_cells() -> None:
    """In the middle of the text, never of a sign; what fits stays as it is."""
    assert cut("统一任务生成-每日", 18) == "统一任务生成-每日"
    assert cut("统一任务生成-每日", 12) == "统一...每日"
    assert width_of(cut("统一任务生成-每日", 12)) <= 12
