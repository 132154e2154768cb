"""Columns on a terminal and in a file."""

from datetime import date

import pytest
from rich.cells import cell_len

from manager.table import cut, lined_up, print_units
from tests.coverage.registries import job, row


def test_chinese_names_keep_the_columns_in_line() -> None:
    """A Chinese sign takes two cells; the last column is free."""
    lines = lined_up([("京东门店数据", "1"), ("erp", "22")], indent="")
    assert lines == ["京东门店数据  1", "erp           22"]
    assert lined_up([]) == []


def test_a_cell_is_one_line() -> None:
    """Names come from files of others: what a terminal would obey is shown escaped."""
    lines = lined_up([("a\nb", "1"), ("\x1b[2J", "\u3000")], indent="")
    assert lines == [r"a\nb     1", "\\x1b[2J  \u3000"]


def test_what_is_too_long_is_cut_to_its_cells() -> None:
    """In the middle of the text, never of a sign; what fits stays as it is."""
    assert cut("统一任务生成-每日", 18) == "统一任务生成-每日"
    assert cut("统一任务生成-每日", 12) == "统一...每日"
    assert cell_len(cut("统一任务生成-每日", 12)) <= 12


def test_a_table_in_a_file_is_as_wide_as_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal nothing is wrapped or cut."""
    erp, shop = job("erp_store", platform="erp", start=date(2025, 10, 1)), "shop-" + "x" * 90
    period = erp.schedule.parse_key("2025-10-01")
    print_units([("erp_store", "2025-10-01", [row("erp_store", shop, period, "ok", rows=1234)])])
    said = capsys.readouterr().out
    assert f"│ erp_store │ 2025-10-01 │ {shop} │ 1,234 │ ok " in said
